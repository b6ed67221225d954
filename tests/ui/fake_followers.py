"""The verbs about who copies whom, answered at once from memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from copytrade_gui.domain.account import Account, AccountStatus
from copytrade_gui.domain.group import Group, groups_of, in_step, read_multiplier
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link, LinkState
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.sizing import SizingRule
from copytrade_gui.services.account_cells import declared_anew, read_account, read_master
from copytrade_gui.services.follower_csv import read_follower
from copytrade_gui.services.follower_import import preview_of
from copytrade_gui.services.follower_table import read_file, read_table
from copytrade_gui.services.follower_verbs import FollowerDraft, ImportPreview
from copytrade_gui.services.link_edits import link_edits
from copytrade_gui.services.taken_back import taken_back
from copytrade_gui.services.verbs import RefusedError


class World(Protocol):
    """What this needs of the fake world."""

    accounts: dict[AccountId, Account]
    links: dict[tuple[AccountId, AccountId], Link]
    statuses: dict[AccountId, AccountStatus]
    calls: list[tuple[str, object]]


class FakeFollowers:
    def __init__(self, world: World) -> None:
        self._world = world

    async def accounts(self) -> tuple[Account, ...]:
        return tuple(self._world.accounts.values())

    async def links(self) -> tuple[Link, ...]:
        return tuple(self._world.links.values())

    async def statuses(self) -> tuple[AccountStatus, ...]:
        return tuple(self._world.statuses.values())

    async def add_master(self, draft: FollowerDraft) -> Account:
        account = replace(
            read_master(draft, live=False), account_id=AccountId(draft.client_id or "")
        )
        self._put(account)
        return account

    async def edit_master(self, account_id: AccountId, draft: FollowerDraft) -> Account:
        account = read_account(draft, self._world.accounts[account_id], live=False)
        self._put(account)
        return account

    async def why_master_stays(self, account_id: AccountId) -> str:
        names = [follower for master, follower in self._world.links if master == account_id]
        return f"He still has followers: {', '.join(names)}." if names else ""

    async def remove_master(self, account_id: AccountId) -> None:
        if any(follower == account_id for _, follower in self._world.links):
            self._put(replace(self._world.accounts[account_id], master=False))
        else:
            del self._world.accounts[account_id]

    async def restore_master(self, account: Account) -> None:
        self._put(account)

    async def take_back_master(self, before: Account, after: Account) -> None:
        self._put(taken_back(self._world.accounts[before.account_id], before, after))

    async def set_basis(self, account_ids: Sequence[AccountId], said: Mapping[str, str]) -> int:
        accounts = [self._world.accounts[one] for one in account_ids]
        changed = declared_anew(accounts, said, live=False)
        for account in changed:
            self._put(account)
        return len(changed)

    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Follower:
        if not draft.client_id:
            raise RefusedError("Client id is empty. Type the broker's id.", field="client_id")
        return self._keep(read_follower(AccountId(f"f-{draft.client_id}"), master_id, draft))

    async def edit(
        self, master_id: AccountId, account_id: AccountId, draft: FollowerDraft
    ) -> Follower:
        if draft.name == "":
            raise RefusedError("Name is empty. Type one.", field="name")
        account = self._world.accounts.get(account_id)
        link = self._world.links.get((master_id, account_id))
        return self._keep(read_follower(account_id, master_id, draft, account, link))

    async def set_sizing(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        rule: SizingRule,
        *,
        cap: bool = False,
    ) -> None:
        for account_id in account_ids:
            link = self._world.links[master_id, account_id]
            most = rule.max_quantity if cap else link.sizing.max_quantity
            sizing = replace(
                link.sizing, strategy=rule.strategy, parameter=rule.parameter, max_quantity=most
            )
            self._world.links[link.key] = replace(link, sizing=sizing)

    async def set_state(
        self, master_id: AccountId, account_ids: Sequence[AccountId], state: LinkState
    ) -> None:
        for account_id in account_ids:
            key = (master_id, account_id)
            self._world.links[key] = replace(self._world.links[key], state=state)

    async def edit_links(
        self, master_id: AccountId, account_ids: Sequence[AccountId], fields: Mapping[str, str]
    ) -> None:
        links = [(one, self._world.links[master_id, one]) for one in account_ids]
        for account_id, edit in link_edits(links, fields):
            self._world.links[master_id, AccountId(account_id)] = edit.after

    async def groups(self) -> tuple[Group, ...]:
        return groups_of(self._world.links.values())

    async def set_group(
        self,
        master_id: AccountId,
        account_ids: Sequence[AccountId],
        group: str,
        multiplier: str | None = None,
    ) -> None:
        value = None if multiplier is None else read_multiplier(multiplier)
        if isinstance(value, NotANumber):
            raise RefusedError(value.sentence, field="multiplier")
        links = self._world.links
        named = [replace(links[master_id, name], group=group) for name in account_ids]
        links.update({link.key: link for link in in_step(named, links.values())})
        for link in list(links.values()):
            if value is not None and link.group == group:
                links[link.key] = replace(link, group_multiplier=value)

    async def set_active(self, account_ids: Sequence[AccountId], active: bool) -> None:
        for account_id in account_ids:
            self._put(replace(self._world.accounts[account_id], active=active))

    async def remove(self, master_id: AccountId, account_ids: Sequence[AccountId]) -> None:
        world = self._world
        for account_id in account_ids:
            del world.links[master_id, account_id]
            linked = any(follower == account_id for _, follower in world.links)
            if not linked and not world.accounts[account_id].master:
                del world.accounts[account_id]

    async def restore(self, followers: Sequence[Follower]) -> None:
        for one in followers:
            account = self._world.accounts.get(one.account.account_id, one.account)
            self._keep(replace(one, account=account))

    async def take_back(self, before: Sequence[Follower], after: Sequence[Follower]) -> None:
        world = self._world
        for was, done in zip(before, after, strict=True):
            account = world.accounts[was.account.account_id]
            link = world.links[was.link.key]
            self._keep(
                Follower(
                    taken_back(account, was.account, done.account),
                    taken_back(link, was.link, done.link),
                )
            )

    async def check_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        rows, world = read_table(read_file(path)), self._world
        accounts, links = tuple(world.accounts.values()), tuple(world.links.values())
        return preview_of(rows, accounts, links, master_id, {})[0]

    async def import_csv(
        self,
        master_id: AccountId,
        path: Path,
        seen: ImportPreview | None = None,
        *,
        good_rows: bool = False,
    ) -> ImportPreview:
        preview = await self.check_csv(master_id, path)
        if preview.problems and not good_rows:
            raise RefusedError("Nothing was imported.")
        for account in preview.accounts:
            self._put(account)
        for one in preview.to_store:
            self._keep(one)
        return preview

    async def save_wrong_rows(self, source: Path, preview: ImportPreview, path: Path) -> int:
        self._world.calls.append(("save wrong rows", path))
        return len(preview.wrong)

    async def export_template(self, path: Path) -> None:
        self._world.calls.append(("template", path))

    async def export_csv(self, path: Path) -> int:
        self._world.calls.append(("export", path))
        return len(self._world.links)

    def _keep(self, follower: Follower) -> Follower:
        self._put(follower.account)
        self._world.links[follower.link.key] = follower.link
        return follower

    def _put(self, account: Account) -> None:
        self._world.accounts[account.account_id] = account
        self._world.statuses.setdefault(account.account_id, AccountStatus(account.account_id))
