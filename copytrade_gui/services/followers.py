"""Who copies whom, and how much: adding, changing, importing accounts and links."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from copytrade_gui.domain.account import Account, AccountStatus, SessionState, same_client
from copytrade_gui.domain.group import Group, groups_of, in_step, put_in, read_multiplier
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link, LinkState
from copytrade_gui.domain.link_field import group_problem
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.records import OPERATOR
from copytrade_gui.domain.sizing import SizingRule, problem_with
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import AccountBook, SecretStore
from copytrade_gui.services import account_cells, link_checks
from copytrade_gui.services.account_cells import declared_anew, read_master, secrets_in
from copytrade_gui.services.account_store import AccountStore, Enrol, Secrets, free_id
from copytrade_gui.services.follower_csv import read_follower
from copytrade_gui.services.follower_files import FollowerFiles
from copytrade_gui.services.follower_verbs import FollowerDraft, ImportPreview
from copytrade_gui.services.link_edits import link_edits, resized
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.taken_back import taken_back
from copytrade_gui.services.verbs import RefusedError

Key = tuple[AccountId, AccountId]
"""A link's master and follower."""


class Followers:
    """Implements ``FollowerVerbs``: stored first, then known to the engine.

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

    @refusals_logged
    async def add_master(self, draft: FollowerDraft) -> Account:
        """Add a master account."""
        account = read_master(draft, live=self._live, owns=self._owns)
        async with self.changing:
            link_checks.refuse_double(self._engine.lanes, account.client_id, None)
            await self.keep([account], [], secrets_in(draft, account.account_id))
        return account

    @refusals_logged
    async def set_basis(self, account_ids: Sequence[AccountId], said: Mapping[str, str]) -> int:
        """Declare the basis of several accounts."""
        async with self.changing:
            changed = declared_anew([self._get(one) for one in account_ids], said, live=self._live)
            await self.keep(changed)
        return len(changed)

    @refusals_logged
    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Follower:
        """Add a follower."""
        async with self.changing:
            taken = {lane.account_id for lane in self._engine.lanes}
            name = free_id(draft.client_id or "", taken)
            made = self._with_group(self._read(name, master_id, draft))
            account = made.account
            link_checks.refuse_double(self._engine.lanes, account.client_id, None)
            link_checks.refuse_links(self._engine.lanes, [made.link])
            await self.keep([account], [made.link], secrets_in(draft, account.account_id))
        return made

    @refusals_logged
    async def edit(
        self, master_id: AccountId, account_id: AccountId, draft: FollowerDraft
    ) -> Follower:
        """Change an account and its link; plans that run keep their frozen values."""
        async with self.changing:
            old = self._get(account_id)
            linked = self._engine.lanes[account_id].links.get(master_id)
            held = None if linked is None else linked.link
            made = self._with_group(self._read(account_id, master_id, draft, old, held))
            account = made.account
            link_checks.refuse_double(self._engine.lanes, account.client_id, account_id)
            link_checks.refuse_links(self._engine.lanes, [made.link])
            link_checks.refuse_orphans(self._engine, account)
            if not same_client(old.client_id, account.client_id):
                await self._leave_client(account_id)
            await self.keep([account], [made.link], secrets_in(draft, account_id))
        return made

    @refusals_logged
    async def set_sizing(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        rule: SizingRule,
        *,
        cap: bool = False,
    ) -> None:
        """Give several followers one strategy and value, with ``cap`` one cap as well."""
        problem = problem_with(rule)
        if problem:
            raise RefusedError(problem.sentence, field=problem.field)
        async with self.changing:
            links = self._named(master_id, account_ids)
            await self.keep([], [resized(*one, rule, cap=cap) for one in links])

    @refusals_logged
    async def edit_links(
        self, master_id: AccountId, account_ids: Sequence[AccountId], fields: Mapping[str, str]
    ) -> None:
        """Give several links the fields that are named."""
        async with self.changing:
            edits = link_edits(self._named(master_id, account_ids), fields)
            await self.keep([], [one.after for _, one in edits if one.changes])

    @refusals_logged
    async def set_state(
        self, master_id: AccountId, account_ids: Sequence[AccountId], state: LinkState
    ) -> None:
        """Set the state of several links."""
        links = [replace(self._link(master_id, name), state=state) for name in account_ids]
        stricter = [link for link in links if self._is_stricter(link)]
        with self._stopped(stricter, [link.key for link in stricter]):
            async with self.changing:
                held = [self._link(master_id, name) for name in account_ids]
                await self.keep([], [replace(link, state=state) for link in held])

    async def groups(self) -> tuple[Group, ...]:
        """Every group that a follower is in."""
        return groups_of(self._all_links())

    @refusals_logged
    async def set_group(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        group: str,
        multiplier: str | None = None,
    ) -> None:
        """Put followers into a group, and give all of it a multiplier."""
        group = group.strip()
        if problem := group_problem(group):
            raise RefusedError(problem, field="group")
        value = None if multiplier is None else read_multiplier(multiplier)
        if isinstance(value, NotANumber):
            raise RefusedError(value.sentence, field="multiplier")
        if value is not None and not group:
            raise RefusedError("Group is empty. Name the one that is multiplied.", field="group")
        async with self.changing:
            links = {link.key: link for link in self._all_links() if link.group == group != ""}
            named = [put_in(self._link(master_id, name), group) for name in account_ids]
            links.update({link.key: link for link in in_step(named, links.values())})
            if value is not None:
                links = {key: replace(one, group_multiplier=value) for key, one in links.items()}
            link_checks.refuse_links(self._engine.lanes, links.values())
            held = {link.key: link for link in self._all_links()}
            await self.keep([], [one for key, one in links.items() if held[key] != one])

    @refusals_logged
    async def set_active(self, account_ids: Sequence[AccountId], active: bool) -> None:
        """Turn followers on or off."""
        for name in account_ids:
            self._get(name)
        if active:
            async with self.changing:
                await self.keep([replace(self._get(name), active=True) for name in account_ids])
            return
        self._off_at_once(account_ids)
        with self._stopped([], account_ids):
            async with self.changing:
                held = self._accounts_by_id()
                left = [held[name] for name in account_ids if name in held]
                await self.keep([replace(account, active=False) for account in left])

    @refusals_logged
    async def remove(self, master_id: AccountId, account_ids: Sequence[AccountId]) -> None:
        """Take links away, and with its last one an account that is no master."""
        async with self.changing:
            links = [self._link(master_id, name) for name in account_ids]
            gone = [
                account
                for account in map(self._get, account_ids)
                if not account.master and len(self._engine.lanes[account.account_id].links) == 1
            ]
            for account in gone:
                if self._engine.has_open_orders(account.account_id):
                    raise RefusedError(
                        f"{account.name} has orders that have not ended. Cancel them or switch it "
                        "off."
                    )
            names = [account.account_id for account in gone]
            self._off_at_once(names)  # no order may come while it is being stored
            try:
                await self._store.remove(names, [link.key for link in links])
            except BaseException:
                self._go_by(gone)
                raise
            for link in links:
                self._engine.drop_link(*link.key, OPERATOR)
            for name in names:
                self._engine.drop_account(name)
            self._reopen(names)

    @refusals_logged
    async def restore(self, followers: Sequence[Follower]) -> None:
        """Put links back, and accounts that went with them."""
        async with self.changing:
            held = self._accounts_by_id()
            gone = [one.account for one in followers if one.account.account_id not in held]
            await self._restore(followers, gone)

    @refusals_logged
    async def take_back(self, before: Sequence[Follower], after: Sequence[Follower]) -> None:
        """Undo an edit of these followers, and only that."""
        async with self.changing:
            back = [
                Follower(
                    taken_back(self._get(was.account.account_id), was.account, done.account),
                    taken_back(self._link(*was.link.key), was.link, done.link),
                )
                for was, done in zip(before, after, strict=True)
            ]
            await self._restore(back, [one.account for one in back])

    # ------------------------------------------------------------ CSV

    async def check_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        """Say what an import would do."""
        return await self._files.check_csv(master_id, path)

    async def import_csv(
        self, master_id: AccountId, path: Path, seen: ImportPreview | None = None
    ) -> ImportPreview:
        """Import all lines or none."""
        return await self._files.import_csv(master_id, path, seen)

    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets."""
        return await self._files.export_csv(path)

    # ------------------------------------------------------------ inside

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

    def _named(self, master: AccountId, names: Sequence[AccountId]) -> list[tuple[str, Link]]:
        return [(self._get(one).name, self._link(master, one)) for one in names]

    async def _restore(self, followers: Sequence[Follower], accounts: Sequence[Account]) -> None:
        """Store these links, and of their accounts those that are named as well."""
        for follower in followers:
            link_checks.refuse_return(self._engine.lanes, follower.account)
        links = in_step([one.link for one in followers], self._all_links())
        link_checks.refuse_links(self._engine.lanes, links)
        await self.keep(accounts, links)

    async def _leave_client(self, account_id: AccountId) -> None:
        """It will be another account at the broker: nothing may leave by the session it has."""
        link_checks.refuse_another_client_today(self._engine, account_id)
        why = "Its client id was changed. Log it in."
        self._engine.detach(account_id, SessionState.LOGGED_OUT, why)
        await self._store.forget_session(account_id)

    def _all_links(self) -> Iterator[Link]:
        return (one.link for lane in self._engine.lanes for one in lane.links.values())

    def _with_group(self, follower: Follower) -> Follower:
        """With the multiplier of the group that the link is in."""
        (link,) = in_step([follower.link], self._all_links())
        return replace(follower, link=link)

    def _is_stricter(self, link: Link) -> bool:
        lane = self._engine.lanes.get(link.follower_id)
        held = None if lane is None else lane.links.get(link.master_id)
        return held is not None and link.state.stricter_than(held.link.state)

    def _go_by(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            off = self._stopping[account.account_id] > 0
            self._engine.put_account(replace(account, active=False) if off else account)

    def _off_at_once(self, account_ids: Collection[AccountId]) -> None:
        """Nothing leaves in these any more, whatever waits; what else is known of them stays."""
        for name in account_ids:
            lane = self._engine.lanes.get(name)
            if lane is not None and lane.account.active:
                self._engine.put_account(replace(lane.account, active=False))

    def _stricter_at_once(self, links: Collection[Link]) -> bool:
        """These let less through from now on, but are else as they were; True if any does."""
        stricter = [link for link in links if self._is_stricter(link)]
        for link in stricter:
            held = self._engine.lanes[link.follower_id].links[link.master_id].link
            self._engine.put_link(replace(held, state=link.state), OPERATOR)
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
        self._reopen(account_cells.connecting_anew(held, accounts, secrets or {}))
        for link in links:
            if self._stopping[link.key] > 0 and not self._is_stricter(link):
                state = self._engine.lanes[link.follower_id].links[link.master_id].link.state
                link = replace(link, state=state)  # noqa: PLW2901 - as it is held back
            self._engine.put_link(link, OPERATOR)
