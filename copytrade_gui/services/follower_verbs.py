"""The verbs about who copies whom, as a Protocol, with what they take and return.

As all verbs (``verbs``): awaited on the engine's loop, refused with ``RefusedError``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from copytrade_gui.domain.account import Account, AccountStatus
from copytrade_gui.domain.group import Group
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link, LinkState
from copytrade_gui.domain.sizing import SizingRule


@dataclass(frozen=True, slots=True)
class FollowerDraft:
    """The follower editor's fields as typed. ``app_secret`` and ``proxy_login`` empty keep the
    stored ones.

    Those from ``strategy`` on, but ``active``, ``is_master``, what is declared of the account and
    its route (``basis`` to ``registered_addresses``), are of the link to one master. Of
    its lists and times what is empty filters nothing. What is None was not asked for: an edit
    leaves it as it is stored, and what is new begins with what everything begins with.
    """

    name: str | None = None
    client_id: str | None = None
    app_key: str | None = None
    app_secret: str = ""
    strategy: str | None = None
    parameter: str | None = None
    max_quantity: str | None = None
    active: bool | None = None
    is_master: bool | None = None
    min_quantity: str | None = None
    rounding: str | None = None
    reverse: str | None = None
    overrides: str | None = None
    state: str | None = None
    group: str | None = None
    sides: str | None = None
    products: str | None = None
    exchanges: str | None = None
    symbols: str | None = None
    not_symbols: str | None = None
    window_from: str | None = None
    window_to: str | None = None
    slippage: str | None = None
    delay: str | None = None
    beyond: str | None = None
    stop_loss: str | None = None
    target: str | None = None
    exit_at: str | None = None
    copies: str | None = None
    when_short: str | None = None
    reduce_drift: str | None = None
    basis: str | None = None
    basis_reference: str | None = None
    algo_id: str | None = None
    route: str | None = None
    route_address: str | None = None
    proxy_login: str = ""
    address_family: str | None = None
    registered_addresses: str | None = None


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong in one line of a CSV: its number from 1, the field and a sentence."""

    line: int
    field: str
    sentence: str


class RowVerdict(StrEnum):
    """What an import makes of one row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that an import changes, as a file spells it; a secret is never told."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of a CSV: who it is about, what becomes of him, and one line of words for it.

    ``follower`` is he as he would be, with his link to the row's master; None for a wrong row,
    whose ``problems`` say why, and for a master's row that names nothing of a link: ``master`` is
    his account then, as it would be. An account with several masters has a row for each.
    """

    line: int
    client_id: str
    name: str
    verdict: RowVerdict
    sentence: str
    changes: tuple[FieldChange, ...] = ()
    problems: tuple[ImportProblem, ...] = ()
    follower: Follower | None = None
    master: Account | None = None


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do, row by row: of a file with problems nothing, unless the good rows
    are asked for. Each good row is told as it would be with the wrong ones left out.
    """

    rows: tuple[ImportRow, ...]

    @property
    def problems(self) -> tuple[ImportProblem, ...]:
        """All that is wrong, by line."""
        return tuple(problem for row in self.rows for problem in row.problems)

    @property
    def wrong(self) -> tuple[ImportRow, ...]:
        """Rows that no import takes."""
        return tuple(row for row in self.rows if row.verdict is RowVerdict.WRONG)

    def count(self, verdict: RowVerdict) -> int:
        """How many rows it is for."""
        return sum(row.verdict is verdict for row in self.rows)

    @property
    def takes(self) -> int:
        """How many rows would add or change something."""
        return self.count(RowVerdict.NEW) + self.count(RowVerdict.CHANGED)

    @property
    def noun(self) -> str:
        """What the rows are about: followers, or accounts where a master is among them."""
        return "account" if any(row.master for row in self.rows) else "follower"

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Accounts that come or change, each as its last row has it."""
        found: dict[AccountId, Account] = {}
        for row in self.rows:
            account = row.master if row.follower is None else row.follower.account
            if account is not None and row.verdict is not RowVerdict.UNCHANGED:
                found[account.account_id] = account
        return tuple(found.values())

    @property
    def added(self) -> tuple[Follower, ...]:
        """Followers that come, or that copy one more master."""
        return self._with(RowVerdict.NEW)

    @property
    def changed(self) -> tuple[Follower, ...]:
        """Followers that are here, as they would be."""
        return self._with(RowVerdict.CHANGED)

    @property
    def unchanged(self) -> tuple[Follower, ...]:
        """Followers of whom the file says what is so already."""
        return self._with(RowVerdict.UNCHANGED)

    @property
    def to_store(self) -> tuple[Follower, ...]:
        """Who comes and who changes, by row: the last one of an account is as it would be."""
        kept = (RowVerdict.NEW, RowVerdict.CHANGED)
        return tuple(
            row.follower for row in self.rows if row.verdict in kept and row.follower is not None
        )

    def _with(self, verdict: RowVerdict) -> tuple[Follower, ...]:
        return tuple(
            row.follower for row in self.rows if row.verdict is verdict and row.follower is not None
        )


class FollowerVerbs(Protocol):
    """Who copies whom, and how much. A link is one follower's to one master."""

    async def accounts(self) -> tuple[Account, ...]:
        """Every account, masters first."""

    async def links(self) -> tuple[Link, ...]:
        """Every link, as the engine goes by it."""

    async def statuses(self) -> tuple[AccountStatus, ...]:
        """Live facts of every account."""

    async def add_master(self, draft: FollowerDraft) -> Account:
        """Add a master account, by what the draft says of an account. Raises RefusedError."""

    async def edit_master(self, account_id: AccountId, draft: FollowerDraft) -> Account:
        """Change a master account by what the draft says of it; its client id stays.

        Another route, algo id or proxy login has it connect anew; another key or secret is for its
        next login. Raises RefusedError.
        """

    async def why_master_stays(self, account_id: AccountId) -> str:
        """Why a master cannot be removed now, in one sentence with the remedy; empty: he can.

        He has followers, copies of his orders are open or held, or orders of his have not ended.
        """

    async def remove_master(self, account_id: AccountId) -> None:
        """Take a master away; who copies another master stays here as his follower.

        Raises RefusedError, as ``why_master_stays`` tells.
        """

    async def restore_master(self, account: Account) -> None:
        """Have a master back as he was when he was removed. Raises RefusedError."""

    async def take_back_master(self, before: Account, after: Account) -> None:
        """Take an edit of a master back: what it changed is as ``before``, nothing else changes.

        Raises RefusedError.
        """

    async def set_basis(self, account_ids: Sequence[AccountId], said: Mapping[str, str]) -> int:
        """Declare on what basis orders of these accounts are sent, all or none; how many changed.

        ``said`` names what changes: ``basis``, ``basis_reference``, ``algo_id``, as files spell
        them. Raises RefusedError naming the field.
        """

    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Follower:
        """Add an account that copies this master. Raises RefusedError."""

    async def edit(
        self, master_id: AccountId, account_id: AccountId, draft: FollowerDraft
    ) -> Follower:
        """Change an account and its link to this master, which is made if it is not there.

        A running plan keeps its frozen values. Raises RefusedError.
        """

    async def set_sizing(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        rule: SizingRule,
        *,
        cap: bool = False,
    ) -> None:
        """Size several followers' copies of this master by one strategy and value, all or none.

        ``cap``: by the rule's most units as well, None for no cap. Everything else of each one's
        rule stays: least units, rounding, reverse, overrides. Raises RefusedError.
        """

    async def edit_links(
        self, master_id: AccountId, account_ids: Sequence[AccountId], fields: Mapping[str, str]
    ) -> None:
        """Give several followers' links to this master the fields that are named, all or none.

        They are what is copied, the price guard and the exit rules, as files name and spell them;
        empty takes one away. Later plans go by them. Raises RefusedError.
        """

    async def set_state(
        self, master_id: AccountId, account_ids: Sequence[AccountId], state: LinkState
    ) -> None:
        """Set the state of several followers' links to this master, all or none.

        What is stricter than before holds before the next byte, then is stored. Raises
        RefusedError.
        """

    async def groups(self) -> tuple[Group, ...]:
        """Every group that a follower is in, with its multiplier."""

    async def set_group(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        group: str,
        multiplier: str | None = None,
    ) -> None:
        """Put several followers of this master into a group, or out of any, all or none.

        They take the group's multiplier; where one is given, all who are in the group have it from
        then on. It multiplies what a rule gives for an entry, before lots and clamps; running plans
        keep their sizes, and exits go by what copies hold. Raises RefusedError.
        """

    async def set_active(self, account_ids: Sequence[AccountId], active: bool) -> None:
        """Turn accounts on or off, all or none. Off holds before the next byte, then is stored."""

    async def remove(self, master_id: AccountId, account_ids: Sequence[AccountId]) -> None:
        """Take several followers' links to this master away, all or none.

        An account that then copies nobody and is no master is removed; that is refused while it has
        orders that have not ended. Raises RefusedError.
        """

    async def restore(self, followers: Sequence[Follower]) -> None:
        """Put links that were removed back as they were, and accounts that went with them.

        All or none; an account that is here stays as it is. Raises RefusedError.
        """

    async def take_back(self, before: Sequence[Follower], after: Sequence[Follower]) -> None:
        """Take an edit back, all or none: what it changed is as ``before``, nothing else changes.

        The two name the same followers in the same order. Raises RefusedError.
        """

    async def check_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        """Read a CSV and say what an import would do; changes nothing. Raises RefusedError.

        A column or cell that the file does not name leaves that field as it is. Who has no link yet
        and whose row names no master follows ``master_id``.
        """

    async def import_csv(
        self,
        master_id: AccountId,
        path: Path,
        seen: ImportPreview | None = None,
        *,
        good_rows: bool = False,
    ) -> ImportPreview:
        """Import a CSV, all lines or none, or with ``good_rows`` those that are not wrong.

        ``seen`` is the preview a person agreed to: if it would do anything else now, it does not.
        Raises RefusedError.
        """

    async def save_wrong_rows(self, source: Path, preview: ImportPreview, path: Path) -> int:
        """Write the wrong rows of a file as they stand in it, each with what is wrong; how many.

        Secrets stand in it if they stand in the source: it is for its owner's eyes. Mended, it is
        imported as it is. Raises RefusedError.
        """

    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets, for the owner's eyes; returns how many links.

        What is read back is exactly what was written. Raises RefusedError.
        """

    async def export_template(self, path: Path) -> None:
        """Write a file to fill in: the columns as the editors name them, with examples.

        Raises RefusedError.
        """
