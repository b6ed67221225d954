"""Accounts and links: stored in one act, then gone by; what stops holds before it is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from copytrade_gui.domain.account import Account, AccountStatus, SessionState
from copytrade_gui.domain.events import AccountEdited
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import AccountBook, SecretStore
from copytrade_gui.services import account_cells, link_checks
from copytrade_gui.services.account_store import AccountStore, Enrol, Secrets
from copytrade_gui.services.acting import acting
from copytrade_gui.services.follower_csv import read_follower
from copytrade_gui.services.follower_files import FollowerFiles
from copytrade_gui.services.verbs import RefusedError

Key = tuple[AccountId, AccountId]
"""A link's master and follower."""


class KeptAccounts:
    """What keeps accounts and links of a running console: stored first, then known to the engine.

    Only what stops goes the other way, switching off and a stricter state of a link: it holds
    before the next byte leaves, and is stored then. Changes are stored one after the other, each
    from what the one before left.
    """

    def __init__(
        self,
        engine: Engine,
        book: AccountBook,
        secrets: SecretStore,
        *,
        owns: account_cells.Owns = account_cells.anything,
        reopen: Callable[[Collection[AccountId]], None] = lambda _accounts: None,
        enrol: Enrol | None = None,
    ) -> None:
        """``owns`` says whether this machine has an address; ``reopen`` closes what accounts have
        open (see ``Sessions``); ``enrol``: see ``AccountStore``.
        """
        self._engine = engine
        self._store = AccountStore(book, secrets, enrol)
        self.changing = asyncio.Lock()
        self._live = engine.settings.needs_basis
        self._owns, self._reopen = owns, reopen
        self._read = partial(read_follower, live=self._live, owns=owns)
        self._files = FollowerFiles(self, secrets, self.changing, live=self._live, owns=owns)
        self._stopping: Counter[AccountId | Key] = Counter()
        """Accounts and links that are stopped already while that waits to be stored."""

    async def accounts(self) -> tuple[Account, ...]:
        """Every account as the engine goes by it, masters first, then by name."""
        return tuple(
            sorted(
                (lane.account for lane in self._engine.lanes),
                key=lambda one: (not one.master, one.name, one.account_id),
            )
        )

    async def links(self) -> tuple[Link, ...]:
        """Every link as the engine goes by it, by the follower's name."""
        accounts = sorted(self._engine.lanes, key=lambda lane: (lane.account.name, lane.account_id))
        return tuple(one.link for lane in accounts for _, one in sorted(lane.links.items()))

    async def statuses(self) -> tuple[AccountStatus, ...]:
        """Live facts of every account."""
        return tuple(lane.status for lane in self._engine.lanes)

    # ------------------------------------------------------------ for what is done with them

    def _accounts_by_id(self) -> dict[AccountId, Account]:
        return {lane.account_id: lane.account for lane in self._engine.lanes}

    def _get(self, account_id: AccountId) -> Account:
        if (lane := self._engine.lanes.get(account_id)) is None:
            raise RefusedError(f"Account {account_id} is not known. Refresh the list.")
        return lane.account

    def _link(self, master_id: AccountId, account_id: AccountId) -> Link:
        account = self._get(account_id)
        linked = self._engine.lanes[account_id].links.get(master_id)
        if linked is None:
            whom = self._get(master_id).name
            raise RefusedError(f"{account.name} does not copy {whom}. Refresh the list.")
        return linked.link

    async def _leave_client(self, account_id: AccountId) -> None:
        """It will be another account at the broker: nothing may leave by the session it has."""
        link_checks.refuse_another_client_today(self._engine, account_id)
        why = "Its client id was changed. Log it in."
        self._engine.detach(account_id, SessionState.LOGGED_OUT, why)
        await self._store.forget_session(account_id)

    def _all_links(self) -> Iterator[Link]:
        return (one.link for lane in self._engine.lanes for one in lane.links.values())

    def _is_stricter(self, link: Link) -> bool:
        lane = self._engine.lanes.get(link.follower_id)
        held = None if lane is None else lane.links.get(link.master_id)
        return held is not None and link.state.stricter_than(held.link.state)

    def _go_by(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            off = self._stopping[account.account_id] > 0
            self._engine.put_account(replace(account, active=False) if off else account, acting())

    def _off_at_once(self, account_ids: Collection[AccountId]) -> None:
        """Nothing leaves in these any more, whatever waits; what else is known of them stays."""
        for name in account_ids:
            lane = self._engine.lanes.get(name)
            if lane is not None and lane.account.active:
                before, off = lane.account, replace(lane.account, active=False)
                self._engine.put_account(off, acting())
                self._tell(before, off)

    def _stricter_at_once(self, links: Collection[Link]) -> bool:
        """These let less through from now on, but are else as they were; True if any does."""
        stricter = [link for link in links if self._is_stricter(link)]
        for link in stricter:
            held = self._engine.lanes[link.follower_id].links[link.master_id].link
            self._engine.put_link(replace(held, state=link.state), acting())
        return bool(stricter)

    @contextmanager
    def _stopped(
        self, links: Collection[Link], names: Sequence[AccountId] | Sequence[Key]
    ) -> Iterator[None]:
        """Nothing that is being stored meanwhile lets these go on again."""
        self._stricter_at_once(links)
        self._stopping.update(names)
        try:
            yield
        finally:
            self._stopping -= Counter[AccountId | Key](names)

    async def keep(
        self,
        accounts: Sequence[Account],
        links: Sequence[Link] = (),
        secrets: Secrets | None = None,
    ) -> None:
        """Store accounts and links in one act, then go by them. The caller holds ``changing``.

        What cannot be stored changes nothing, except that what was to stop stays stopped.
        """
        link_checks.refuse_against_copies(self._engine, accounts, links)
        held = self._accounts_by_id()
        off_now = [a.account_id for a in accounts if not a.active]
        stops = any(
            name in self._stopping or (name in held and held[name].active) for name in off_now
        ) or any(link.key in self._stopping for link in links)
        self._off_at_once(off_now)
        before = self._accounts_by_id()
        stops = self._stricter_at_once(links) or stops
        try:
            accounts = await self._store.put(accounts, links, secrets or {})
        except Exception as error:
            if not stops:
                raise
            raise RefusedError(
                f"It is stopped, but only until the program ends: it was not stored. {error}"
            ) from error
        self._go_by(accounts)
        for account in accounts:
            self._tell(before.get(account.account_id), account, secrets or {})
        self._reopen(account_cells.connecting_anew(held, accounts, secrets or {}))
        for link in links:
            if self._stopping[link.key] > 0 and not self._is_stricter(link):
                state = self._engine.lanes[link.follower_id].links[link.master_id].link.state
                link = replace(link, state=state)  # noqa: PLW2901 - as it is held back
            self._engine.put_link(link, acting())

    async def _drop(self, accounts: Sequence[Account], links: Sequence[Link]) -> None:
        """Take accounts and links away in one act. The caller holds ``changing``.

        Refused while one of the accounts has orders that have not ended. Raises RefusedError.
        """
        for account in accounts:
            if self._engine.has_open_orders(account.account_id):
                raise RefusedError(
                    f"{account.name} has orders that have not ended. Cancel them or switch it off."
                )
        names = [account.account_id for account in accounts]
        self._off_at_once(names)  # no order may come while it is being stored
        try:
            await self._store.remove(names, [link.key for link in links])
        except BaseException:
            stopped = self._accounts_by_id()
            self._go_by(accounts)
            for account in accounts:
                self._tell(stopped.get(account.account_id), account)
            raise
        for link in links:
            self._engine.drop_link(*link.key, acting())
        for account in accounts:
            self._engine.drop_account(account.account_id)
            words = f"{account.name} (client {account.client_id}) was removed."
            self._engine.bus.publish(AccountEdited(account.account_id, words, acting()))
        self._reopen(names)

    def _tell(self, before: Account | None, after: Account, secrets: Secrets | None = None) -> None:
        """Tell the trail what a person changed of an account."""
        if words := account_cells.edit_words(before, after, secrets or {}):
            self._engine.bus.publish(AccountEdited(after.account_id, words, acting()))
