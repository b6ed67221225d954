"""Whom a limit or a stop is about: one account, the followers of a group, or every follower.

Each has a name where an account's id would stand; no account's id has a blank or a star.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link

EVERY_FOLLOWER = AccountId("*")
"""Stands for every account that copies, also one that begins to later."""
_GROUP = "group "


def group_scope(group: str) -> AccountId:
    """Stands for every account with a link in this group."""
    return AccountId(f"{_GROUP}{group}")


def group_of(scope: AccountId) -> str:
    """The group that a scope stands for; empty for any other scope."""
    return scope.removeprefix(_GROUP) if scope.startswith(_GROUP) else ""


def is_whole(scope: AccountId) -> bool:
    """True if it stands for several accounts together."""
    return scope == EVERY_FOLLOWER or scope.startswith(_GROUP)


def wholes_of(links: Collection[Link]) -> Iterator[AccountId]:
    """The scopes that stand for an account with these links, beside itself."""
    names = dict.fromkeys(link.group for link in links if link.group)
    yield from map(group_scope, names)
    if links:
        yield EVERY_FOLLOWER


def in_words(scope: AccountId) -> str:
    """``All followers``, ``Group Family``: a scope that stands for several accounts."""
    group = group_of(scope)
    return f"Group {group}" if group else "All followers"
