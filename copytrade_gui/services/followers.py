"""Who copies, and how much: adding, changing, importing accounts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from copytrade_gui.domain.account import (
    MOST_FOLLOWERS,
    Account,
    AccountStatus,
    Role,
    SessionState,
    same_client,
)
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule, problem_with
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import AccountBook, SecretStore
from copytrade_gui.services.account_store import AccountStore, free_id
from copytrade_gui.services.follower_csv import read_follower, read_texts
from copytrade_gui.services.follower_files import FollowerFiles
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import FollowerDraft, ImportPreview, RefusedError


class Followers:
    """Implements ``FollowerVerbs``: stored first, then known to the engine.

    Only switching off goes the other way: it holds before the next byte leaves, and is stored
    then. Changes are stored one after the other, each from what the one before left.
    """

    def __init__(self, engine: Engine, book: AccountBook, secrets: SecretStore) -> None:
        self._engine = engine
        self._store = AccountStore(book, secrets)
        self._changing = asyncio.Lock()
        self._files = FollowerFiles(self.accounts, self._keep, secrets, self._changing)
        self._going_off: Counter[AccountId] = Counter()
        """Accounts that are off already while that waits to be stored."""

    async def accounts(self) -> tuple[Account, ...]:
        """Every account as the engine goes by it, masters first, then by name."""
        return tuple(
            sorted(
                (lane.account for lane in self._engine.lanes),
                key=lambda one: (one.role is not Role.MASTER, one.name, one.account_id),
            )
        )

    async def statuses(self) -> tuple[AccountStatus, ...]:
        """Live facts of every account."""
        return tuple(lane.status for lane in self._engine.lanes)

    @refusals_logged
    async def add_master(self, name: str, client_id: str, app_key: str, app_secret: str) -> Account:
        """Add a master account."""
        name, client, key, secret = read_texts(name, client_id, app_key, app_secret)
        async with self._changing:
            self._refuse_double(client, None)
            account = Account(AccountId(f"M-{client}"), Role.MASTER, name, client, key)
            await self._keep([account], {account.account_id: secret})
        return account

    @refusals_logged
    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Account:
        """Add a follower."""
        async with self._changing:
            taken = {lane.account_id for lane in self._engine.lanes}
            account = read_follower(free_id(draft.client_id, taken), master_id, draft)
            self._refuse_double(account.client_id, None)
            self._refuse_too_many([account])
            await self._keep([account], {account.account_id: draft.app_secret.strip()})
        return account

    @refusals_logged
    async def edit(self, account_id: AccountId, draft: FollowerDraft) -> Account:
        """Change a follower; plans that run keep their frozen values."""
        async with self._changing:
            old = self._get(account_id)
            if old.master_id is None:
                raise RefusedError(f"{old.name} is a master and has no sizing. Edit a follower.")
            account = read_follower(account_id, old.master_id, draft)
            self._refuse_double(account.client_id, account_id)
            if not same_client(old.client_id, account.client_id):
                await self._leave_client(account_id)
            await self._keep([account], {account_id: draft.app_secret.strip()})
        return account

    @refusals_logged
    async def set_sizing(self, account_ids: Sequence[AccountId], rule: SizingRule) -> None:
        """Give several followers one rule."""
        problem = problem_with(rule)
        if problem:
            raise RefusedError(problem.sentence, field=problem.field)
        async with self._changing:
            for account in map(self._get, account_ids):
                if account.role is Role.MASTER:
                    raise RefusedError(f"{account.name} is a master and has no sizing.")
            await self._keep([replace(self._get(name), sizing=rule) for name in account_ids])

    @refusals_logged
    async def set_active(self, account_ids: Sequence[AccountId], active: bool) -> None:
        """Turn followers on or off."""
        for name in account_ids:
            self._get(name)
        if active:
            async with self._changing:
                await self._keep([replace(self._get(name), active=True) for name in account_ids])
            return
        self._off_at_once(account_ids)
        self._going_off.update(account_ids)
        try:
            async with self._changing:
                held = self._accounts_by_id()
                left = [held[name] for name in account_ids if name in held]
                await self._keep([replace(account, active=False) for account in left])
        finally:
            self._going_off -= Counter(account_ids)

    @refusals_logged
    async def remove(self, account_ids: Sequence[AccountId]) -> None:
        """Remove accounts."""
        async with self._changing:
            for account in map(self._get, account_ids):
                name = account.account_id
                if self._engine.has_open_orders(name):
                    raise RefusedError(
                        f"{account.name} has orders that have not ended. Cancel them or switch it "
                        "off."
                    )
                followers = self._engine.clearing.followers_of(name)
                if any(lane.account_id not in account_ids for lane in followers):
                    raise RefusedError(f"{account.name} still has followers. Remove them first.")
            before = [self._get(name) for name in account_ids]
            self._off_at_once(account_ids)  # no order may come while it is being stored
            try:
                await self._store.remove(account_ids)
            except BaseException:
                for account in before:
                    self._engine.put_account(account)
                raise
            for name in account_ids:
                self._engine.drop_account(name)

    @refusals_logged
    async def restore(self, accounts: Sequence[Account]) -> None:
        """Put accounts back exactly as they were."""
        async with self._changing:
            held = self._accounts_by_id()
            for account in accounts:
                self._refuse_double(account.client_id, account.account_id)
                other = held.get(account.account_id)
                if other is not None and not same_client(other.client_id, account.client_id):
                    raise RefusedError(
                        f"{account.name} cannot come back in the place of {other.name}. "
                        "Add it again.",
                        field="client_id",
                    )
            self._refuse_too_many(accounts)
            await self._keep(accounts)

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
        lane = self._engine.lanes.get(account_id)
        if lane is None:
            raise RefusedError(f"Account {account_id} is not known. Refresh the list.")
        return lane.account

    async def _leave_client(self, account_id: AccountId) -> None:
        """The account will be another one at the broker: nothing may leave by the session it has.

        Orders of today would be looked for in the other one's books until the day is over.
        """
        if any(order.attempt is not None for order in self._engine.book.of_account(account_id)):
            raise RefusedError(
                "Client id cannot change on a day on which the account has orders. Add the other "
                "one as a follower of its own.",
                field="client_id",
            )
        self._engine.detach(
            account_id, SessionState.LOGGED_OUT, "Its client id was changed. Log it in."
        )
        await self._store.forget_session(account_id)

    def _refuse_double(self, client_id: str, own: AccountId | None) -> None:
        for account in self._accounts_by_id().values():
            if same_client(account.client_id, client_id) and account.account_id != own:
                raise RefusedError(
                    f"Client id {client_id} is already here as {account.name}. Edit that one.",
                    field="client_id",
                )

    def _refuse_too_many(self, accounts: Collection[Account]) -> None:
        held = self._accounts_by_id().values()
        followers = {a.account_id for a in (*held, *accounts) if a.role is Role.FOLLOWER}
        if len(followers) > MOST_FOLLOWERS:
            raise RefusedError(
                f"There would be {len(followers)} followers; a console copies to at most "
                f"{MOST_FOLLOWERS}. Remove some first."
            )

    def _off_at_once(self, account_ids: Collection[AccountId]) -> None:
        """Nothing leaves in these any more, whatever waits; what else is known of them stays."""
        for name in account_ids:
            lane = self._engine.lanes.get(name)
            if lane is not None and lane.account.active:
                self._engine.put_account(replace(lane.account, active=False))

    async def _keep(
        self, accounts: Sequence[Account], secrets: Mapping[AccountId, str] | None = None
    ) -> None:
        """Store accounts in one act, then go by them. Whoever calls holds ``_changing``.

        What cannot be stored changes nothing, except that who was to be off stays so.
        """
        held = self._accounts_by_id()
        off_now = [a.account_id for a in accounts if not a.active]
        stops = any(
            name in self._going_off or (name in held and held[name].active) for name in off_now
        )
        self._off_at_once(off_now)
        try:
            await self._store.put(accounts, secrets or {})
        except Exception as error:
            if not stops:
                raise
            raise RefusedError(
                f"Switched off, but only until the program ends: it was not stored. {error}"
            ) from error
        for account in accounts:
            off = self._going_off[account.account_id] > 0
            self._engine.put_account(replace(account, active=False) if off else account)
