"""Import and export of followers, over what keeps them: a running console or a closed folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from copytrade_gui.domain.account import MOST_FOLLOWERS, Account, Role, client_key
from copytrade_gui.domain.account_field import MOST_CLIENT_ID, MOST_NAME
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.typed import cut, quoted
from copytrade_gui.ports import SecretStore
from copytrade_gui.services import follower_csv
from copytrade_gui.services.account_store import APP_SECRET, free_id
from copytrade_gui.services.follower_table import KEY, TableRow, read_file, read_table
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import (
    ImportPreview,
    ImportProblem,
    ImportRow,
    RefusedError,
    RowVerdict,
)

Secrets = Mapping[AccountId, str]


class FollowerFiles:
    """The three verbs. ``accounts`` reads all; ``store`` takes changed ones with app secrets.

    ``changing`` is held from the reading of the accounts to the storing of what changed.
    """

    def __init__(
        self,
        accounts: Callable[[], Awaitable[Sequence[Account]]],
        store: Callable[[Sequence[Account], Secrets], Awaitable[None]],
        secrets: SecretStore,
        changing: asyncio.Lock | None = None,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._secrets = secrets
        self._changing = changing or asyncio.Lock()

    @refusals_logged
    async def check_csv(self, master_id: AccountId, path: Path) -> ImportPreview:
        """Say what an import would do."""
        preview, _ = await self._preview(master_id, await _rows(path))
        return preview

    @refusals_logged
    async def import_csv(
        self, master_id: AccountId, path: Path, seen: ImportPreview | None = None
    ) -> ImportPreview:
        """Import all lines or none; what already is so is not stored again."""
        rows = await _rows(path)
        async with self._changing:
            preview, secrets = await self._preview(master_id, rows)
            if preview.problems:
                first, *more = preview.problems
                count = f"{1 + len(more)} problem{'s' if more else ''}"
                raise RefusedError(
                    f"Nothing was imported: {count}, the first in line {first.line}, field "
                    f"{first.field}: {first.sentence}",
                    field=first.field,
                    code="csv",
                )
            if seen is not None and seen != preview:
                raise RefusedError(
                    "Nothing was imported: the file or the followers changed since you looked. "
                    "Choose the file again.",
                    field="file",
                    code="changed",
                )
            await self._store([*preview.added, *preview.changed], secrets)
        return preview

    @refusals_logged
    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets."""
        text, count = follower_csv.write_followers(await self._accounts())
        try:
            await asyncio.to_thread(_replace, path, text.encode())
        except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
            why = getattr(error, "strerror", None) or error
            raise RefusedError(
                f"File {path} cannot be written: {why}. Choose another place.", field="file"
            ) from error
        return count

    async def _preview(
        self, master_id: AccountId, rows: Sequence[TableRow]
    ) -> tuple[ImportPreview, Secrets]:
        accounts = await self._accounts()
        stored = await self._stored_secrets(rows, accounts)
        return await asyncio.to_thread(preview_of, rows, accounts, master_id, stored)

    async def _stored_secrets(
        self, rows: Sequence[TableRow], accounts: Sequence[Account]
    ) -> Secrets:
        """The app secrets of accounts here for which the file names one."""
        named = {client_key(row.cells.get(KEY, "")) for row in rows if "app_secret" in row.cells}
        stored: dict[AccountId, str] = {}
        for account in accounts:
            if client_key(account.client_id) in named:
                stored[account.account_id] = (
                    await self._secrets.get(account.account_id, APP_SECRET) or ""
                )
        return stored


async def _rows(path: Path) -> Sequence[TableRow]:
    return await asyncio.to_thread(lambda: read_table(read_file(path)))


def preview_of(
    rows: Sequence[TableRow], accounts: Sequence[Account], master_id: AccountId, stored: Secrets
) -> tuple[ImportPreview, Secrets]:
    """What an import of these rows would do, and the app secrets it would store."""
    known = {client_key(account.client_id): account for account in accounts}
    taken = {account.account_id for account in accounts}
    followers = sum(account.role is Role.FOLLOWER for account in accounts)
    first_lines: dict[str, int] = {}
    told: list[ImportRow] = []
    secrets: dict[AccountId, str] = {}
    for row in rows:
        client = row.cells.get(KEY, "")
        held = known.get(client_key(client))
        name = free_id(client, taken) if held is None else held.account_id
        fresh = Account(name, Role.FOLLOWER, "", client, "", master_id=master_id)
        account, problems = follower_csv.merge(row, held, fresh)
        first = first_lines.setdefault(client_key(client), row.line)
        problem = _problem_of(row, held, first)
        if not problem and held is None and not problems:
            taken.add(name)
            followers += 1
            if followers > MOST_FOLLOWERS:
                problem = (
                    "line",
                    (
                        f"It would be follower {followers}; a console copies to at most "
                        f"{MOST_FOLLOWERS}. Remove some first."
                    ),
                )
        if problem:
            problems = [ImportProblem(row.line, *problem)]
        if problems:
            told.append(_wrong(row, account, problems))
            continue
        secret = stored.get(account.account_id)
        told.append(follower_csv.told(row, held, account, secret))
        named = row.cells.get("app_secret")
        if named is not None and named != secret:
            secrets[account.account_id] = named
    return ImportPreview(tuple(told)), secrets


def _problem_of(row: TableRow, held: Account | None, first: int) -> tuple[str, str] | None:
    """What is wrong with a row as a whole: the field and a sentence."""
    client = quoted(row.cells.get(KEY, ""))
    if row.problem:
        return ("line" if KEY in row.cells else KEY), row.problem
    if first != row.line:
        return KEY, f"Client id {client} stands in line {first} as well. Remove one."
    if held is not None and held.role is Role.MASTER:
        return KEY, f"Client id {client} is a master here; it cannot follow. Remove the line."
    return None


def _wrong(row: TableRow, account: Account, problems: Sequence[ImportProblem]) -> ImportRow:
    return ImportRow(
        row.line,
        cut(row.cells.get(KEY, ""), MOST_CLIENT_ID),
        cut(row.cells.get("name", account.name), MOST_NAME),
        RowVerdict.WRONG,
        " ".join(problem.sentence for problem in problems),
        problems=tuple(problems),
    )


def _replace(path: Path, data: bytes) -> None:
    """Write a file of the owner's whole, or leave what was there."""
    if path.exists() and not path.is_file():
        raise OSError(0, "it is not a file")
    part = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
