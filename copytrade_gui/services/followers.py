"""Who copies, and how much: adding, changing, importing accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from copytrade_gui.domain.account import Account, AccountStatus, Role, SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule, problem_with
from copytrade_gui.domain.typed import quoted
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import AccountBook, SecretStore
from copytrade_gui.services import follower_csv
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import (
    FollowerDraft,
    ImportPreview,
    ImportProblem,
    RefusedError,
)

APP_SECRET = "app_secret"  # noqa: S105 - the name of a secret, not one
"""The name under which an account's app secret lies in the secret store."""
TOKEN = "session"  # noqa: S105 - the name of a secret, not one
"""The name under which its session of today lies there."""


class Followers:
    """Implements ``FollowerVerbs``: stored first, then known to the engine."""

    def __init__(self, engine: Engine, book: AccountBook, secrets: SecretStore) -> None:
        self._engine = engine
        self._book = book
        self._secrets = secrets

    async def accounts(self) -> tuple[Account, ...]:
        """Every account, masters first."""
        return await self._book.all()

    async def statuses(self) -> tuple[AccountStatus, ...]:
        """Live facts of every account."""
        return tuple(lane.status for lane in self._engine.lanes)

    @refusals_logged
    async def add_master(self, name: str, client_id: str, app_key: str, app_secret: str) -> Account:
        """Add a master account."""
        client = client_id.strip()
        if not name.strip():
            raise RefusedError("Name is empty. Give the master a name.", field="name")
        if not client.isalnum():
            raise RefusedError(
                f"Client id {quoted(client_id)} must be the broker's, letters and digits.",
                field="client_id",
            )
        await self._refuse_double(client, None)
        account = Account(
            AccountId(f"M-{client}"), Role.MASTER, name.strip(), client, app_key.strip()
        )
        await self._store([account], {account.account_id: app_secret})
        return account

    @refusals_logged
    async def add(self, master_id: AccountId, draft: FollowerDraft) -> Account:
        """Add a follower."""
        taken = {account.account_id for account in await self._book.all()}
        name = _free_id(draft.client_id, taken)
        account = follower_csv.read_follower(name, master_id, draft)
        await self._refuse_double(account.client_id, None)
        await self._store([account], {account.account_id: draft.app_secret})
        return account

    @refusals_logged
    async def edit(self, account_id: AccountId, draft: FollowerDraft) -> Account:
        """Change a follower; plans that run keep their frozen values."""
        old = await self._get(account_id)
        if old.master_id is None:
            raise RefusedError(f"{old.name} is a master and has no sizing. Edit a follower.")
        account = follower_csv.read_follower(account_id, old.master_id, draft)
        await self._refuse_double(account.client_id, account_id)
        if account.client_id != old.client_id:
            await self._leave_client(account_id)
        await self._store([account], {account_id: draft.app_secret})
        return account

    @refusals_logged
    async def set_sizing(self, account_ids: Sequence[AccountId], rule: SizingRule) -> None:
        """Give several followers one rule."""
        problem = problem_with(rule)
        if problem:
            raise RefusedError(problem.sentence, field=problem.field)
        await self._store([replace(await self._get(name), sizing=rule) for name in account_ids])

    @refusals_logged
    async def set_active(self, account_ids: Sequence[AccountId], active: bool) -> None:
        """Turn followers on or off."""
        await self._store([replace(await self._get(name), active=active) for name in account_ids])

    @refusals_logged
    async def remove(self, account_id: AccountId) -> None:
        """Remove a follower."""
        account = await self._get(account_id)
        if self._engine.has_open_orders(account_id):
            raise RefusedError(
                f"{account.name} has orders that have not ended. Cancel them or switch it off."
            )
        if account.role is Role.MASTER and self._engine.submission.followers_of(account_id):
            raise RefusedError(f"{account.name} still has followers. Remove them first.")
        await self._book.remove(account_id)
        self._engine.drop_account(account_id)
        await self._secrets.remove(account_id, TOKEN)  # its id may be given to another client

    @refusals_logged
    async def restore(self, account: Account) -> None:
        """Put an account back exactly as it was."""
        await self._refuse_double(account.client_id, account.account_id)
        for other in await self._book.all():
            if other.account_id == account.account_id and not _alike(other, account.client_id):
                raise RefusedError(
                    f"{account.name} cannot come back in the place of {other.name}. Add it again.",
                    field="client_id",
                )
        await self._store([account])

    # ------------------------------------------------------------ CSV

    @refusals_logged
    async def check_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        """Say what an import would do."""
        preview, _ = await self._read_csv(master_id, path)
        return preview

    @refusals_logged
    async def import_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        """Import all lines or none."""
        preview, secrets = await self._read_csv(master_id, path)
        if preview.problems:
            first = preview.problems[0]
            raise RefusedError(
                f"Nothing was imported: {len(preview.problems)} problems, the first in line "
                f"{first.line}, field {first.field}: {first.sentence}",
                field=first.field,
                code="csv",
            )
        await self._store([*preview.added, *preview.replaced], secrets)
        return preview

    @refusals_logged
    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets."""
        text, count = follower_csv.write_followers(await self._book.all())
        try:
            await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        except OSError as error:
            raise RefusedError(f"File {path} cannot be written: {error.strerror}.") from error
        return count

    async def _read_csv(
        self, master_id: AccountId, path: Path
    ) -> tuple[ImportPreview, dict[AccountId, str]]:
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise RefusedError(f"File {path} cannot be read: {error.strerror}.") from error
        drafts, problems = follower_csv.read_drafts(data)
        known = {account.client_id.casefold(): account for account in await self._book.all()}
        taken = {account.account_id for account in known.values()}
        accounts: dict[str, Account] = {}
        secrets: dict[AccountId, str] = {}
        for line, draft in drafts:
            try:
                held = known.get(draft.client_id.strip().casefold())
                name = _free_id(draft.client_id, taken) if held is None else held.account_id
                account = follower_csv.read_follower(name, master_id, draft)
                self._check_line(account, held, accounts)
            except RefusedError as refused:
                problems.append(ImportProblem(line, refused.field, refused.sentence))
                continue
            accounts[account.client_id.casefold()] = account
            taken.add(account.account_id)
            secrets[account.account_id] = draft.app_secret
        problems.sort(key=lambda problem: problem.line)
        added = tuple(a for client, a in accounts.items() if client not in known)
        replaced = tuple(a for client, a in accounts.items() if client in known)
        return ImportPreview(added, replaced, tuple(problems)), secrets

    def _check_line(
        self, account: Account, other: Account | None, seen: dict[str, Account]
    ) -> None:
        if account.client_id.casefold() in seen:
            raise RefusedError(
                f"Client id {account.client_id} stands twice in the file.", field="client_id"
            )
        if other is not None and other.role is Role.MASTER:
            raise RefusedError(
                f"Client id {account.client_id} is a master here; it cannot follow.",
                field="client_id",
            )

    # ------------------------------------------------------------ inside

    async def _get(self, account_id: AccountId) -> Account:
        for account in await self._book.all():
            if account.account_id == account_id:
                return account
        raise RefusedError(f"Account {account_id} is not known. Refresh the list.")

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
        await self._secrets.remove(account_id, TOKEN)

    async def _refuse_double(self, client_id: str, own: AccountId | None) -> None:
        for account in await self._book.all():
            if _alike(account, client_id) and account.account_id != own:
                raise RefusedError(
                    f"Client id {client_id} is already here as {account.name}. Edit that one.",
                    field="client_id",
                )

    async def _store(
        self, accounts: Sequence[Account], secrets: dict[AccountId, str] | None = None
    ) -> None:
        await self._book.put(accounts)
        for account_id, secret in (secrets or {}).items():
            if secret:
                await self._secrets.put(account_id, APP_SECRET, secret)
        for account in accounts:
            self._engine.put_account(account)


def _alike(account: Account, client_id: str) -> bool:
    """True if it is the account with this client id at the broker, however it is written."""
    return account.client_id.casefold() == client_id.casefold()


def _free_id(client_id: str, taken: Collection[AccountId]) -> AccountId:
    """An id for a new follower: an account that was edited keeps the one it was added with."""
    first = name = f"F-{client_id.strip()}"
    number = 1
    while name in taken:
        number += 1
        name = f"{first}-{number}"
    return AccountId(name)
