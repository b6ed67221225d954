"""Who copies whom, and how much: adding, changing, importing accounts and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from copytrade_gui.domain.account import Account, same_client
from copytrade_gui.domain.group import Group, groups_of, in_step, put_in, read_multiplier
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link, LinkState
from copytrade_gui.domain.link_field import group_problem
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.sizing import SizingRule, problem_with
from copytrade_gui.services import link_checks
from copytrade_gui.services.account_cells import (
    declared_anew,
    read_account,
    read_master,
    secrets_in,
)
from copytrade_gui.services.account_store import free_id
from copytrade_gui.services.follower_files import write_template
from copytrade_gui.services.follower_verbs import FollowerDraft, ImportPreview
from copytrade_gui.services.kept_accounts import KeptAccounts
from copytrade_gui.services.link_edits import link_edits, resized
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.taken_back import taken_back
from copytrade_gui.services.verbs import RefusedError


class Followers(KeptAccounts):
    """Implements ``FollowerVerbs``."""

    @refusals_logged
    async def add_master(self, draft: FollowerDraft) -> Account:
        """Add a master account."""
        account = read_master(draft, live=self._live, owns=self._owns)
        async with self.changing:
            link_checks.refuse_double(self._engine.lanes, account.client_id, None)
            await self.keep([account], [], secrets_in(draft, account.account_id))
        return account

    @refusals_logged
    async def edit_master(self, account_id: AccountId, draft: FollowerDraft) -> Account:
        """Change what is said of a master account."""
        async with self.changing:
            old = self._get(account_id)
            account = read_account(draft, old, live=self._live, owns=self._owns)
            link_checks.refuse_another_master_client(old, account)
            await self.keep([account], [], secrets_in(draft, account_id))
        return self._get(account_id)

    async def why_master_stays(self, account_id: AccountId) -> str:
        """Why a master cannot be removed now."""
        return link_checks.why_master_stays(self._engine, self._get(account_id))

    @refusals_logged
    async def remove_master(self, account_id: AccountId) -> None:
        """Take a master away; one who copies another master goes on as his follower."""
        async with self.changing:
            account = self._get(account_id)
            if why := link_checks.why_master_stays(self._engine, account):
                raise RefusedError(why, field="is_master")
            if self._engine.lanes[account_id].links:
                await self.keep([replace(account, master=False)])
            else:
                await self._drop([account], [])

    @refusals_logged
    async def restore_master(self, account: Account) -> None:
        """Have a master back who was removed; his account, where it stayed, is as it is now."""
        async with self.changing:
            link_checks.refuse_return(self._engine.lanes, account)
            held = self._accounts_by_id().get(account.account_id, account)
            await self.keep([replace(held, master=True)])

    @refusals_logged
    async def take_back_master(self, before: Account, after: Account) -> None:
        """Undo an edit of a master, and only that."""
        async with self.changing:
            await self.keep([taken_back(self._get(before.account_id), before, after)])

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
            await self._drop(gone, links)

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
        self,
        master_id: AccountId,
        path: Path,
        seen: ImportPreview | None = None,
        *,
        good_rows: bool = False,
    ) -> ImportPreview:
        """Import all lines or none, or the good ones."""
        return await self._files.import_csv(master_id, path, seen, good_rows=good_rows)

    async def save_wrong_rows(self, source: Path, preview: ImportPreview, path: Path) -> int:
        """Write the wrong rows of a file, each with what is wrong."""
        return await self._files.save_wrong_rows(source, preview, path)

    @refusals_logged
    async def export_template(self, path: Path) -> None:
        """Write an empty file of followers to fill in."""
        await write_template(path)

    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets."""
        return await self._files.export_csv(path)

    # ------------------------------------------------------------ inside

    def _named(self, master: AccountId, names: Sequence[AccountId]) -> list[tuple[str, Link]]:
        return [(self._get(one).name, self._link(master, one)) for one in names]

    async def _restore(self, followers: Sequence[Follower], accounts: Sequence[Account]) -> None:
        """Store these links, and of their accounts those that are named as well."""
        for follower in followers:
            link_checks.refuse_return(self._engine.lanes, follower.account)
        links = in_step([one.link for one in followers], self._all_links())
        link_checks.refuse_links(self._engine.lanes, links)
        await self.keep(accounts, links)

    def _with_group(self, follower: Follower) -> Follower:
        """With the multiplier of the group that the link is in."""
        (link,) = in_step([follower.link], self._all_links())
        return replace(follower, link=link)
