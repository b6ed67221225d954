"""Whom an act on some is about: chosen accounts, a group that is here, or a master."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.scope import group_scope, wholes_of
from copytrade_gui.ui import figures
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.state_words import client_tail


@dataclass(frozen=True, slots=True)
class Whom:
    """Accounts that are meant together, by what they are called and by ``domain.scope``."""

    name: str
    scopes: tuple[AccountId, ...]

    def members(self, roster: Roster) -> list[Account]:
        """The accounts it stands for now."""
        return [
            account
            for account in roster.everybody()
            if account.account_id in self.scopes
            or any(one in self.scopes for one in wholes_of(roster.links_of(account.account_id)))
        ]


def choices(roster: Roster, selected: Sequence[Account]) -> tuple[Whom, ...]:
    """The selected followers together, each group, each master, in this order."""
    found: list[Whom] = []
    if selected:
        first = selected[0]
        one = f"{first.name} ({client_tail(first.client_id)})"
        name = one if len(selected) == 1 else f"{len(selected)} selected followers"
        found.append(Whom(name, tuple(account.account_id for account in selected)))
    return (*found, *groups(roster), *(_master(one) for one in roster.masters))


def groups(roster: Roster) -> list[Whom]:
    """Each group that a follower is in, of whichever master."""
    members: dict[str, set[AccountId]] = {}
    for follower in roster.all_followers():
        if follower.link.group:
            members.setdefault(follower.link.group, set()).add(follower.account.account_id)
    return [
        Whom(f"Group {name}, {figures.plural(len(members[name]), 'account')}", (group_scope(name),))
        for name in sorted(members, key=str.casefold)
    ]


def _master(account: Account) -> Whom:
    return Whom(f"Master {account.name} ({client_tail(account.client_id)})", (account.account_id,))
