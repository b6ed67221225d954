"""Import and export of followers, over what keeps them: a running console or a closed folder."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from copytrade_gui.domain.account import Account, client_key
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Follower, Link
from copytrade_gui.ports import SecretStore
from copytrade_gui.services import follower_csv
from copytrade_gui.services.account_cells import Owns, anything
from copytrade_gui.services.account_store import KEPT_SECRET, Secrets
from copytrade_gui.services.follower_import import preview_of
from copytrade_gui.services.follower_table import KEY, TableRow, read_file, read_table, write_wrong
from copytrade_gui.services.follower_template import template
from copytrade_gui.services.follower_verbs import ImportPreview
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.services.written_file import whole_file


class Kept(Protocol):
    """What keeps accounts and links."""

    async def accounts(self) -> Sequence[Account]:
        """Every account."""

    async def links(self) -> Sequence[Link]:
        """Every link."""

    async def keep(
        self,
        accounts: Sequence[Account],
        links: Sequence[Link],
        secrets: Secrets,
    ) -> None:
        """Add or change these in one act."""


class FollowerFiles:
    """The three verbs. ``changing`` is held from reading the accounts to storing what changed."""

    def __init__(
        self,
        kept: Kept,
        secrets: SecretStore,
        changing: asyncio.Lock | None = None,
        *,
        live: bool,
        owns: Owns = anything,
    ) -> None:
        self._live, self._owns = live, owns
        self._kept = kept
        self._secrets = secrets
        self._changing = changing or asyncio.Lock()

    @refusals_logged
    async def check_csv(self, master_id: AccountId | None, path: Path) -> ImportPreview:
        """Say what an import would do."""
        preview, _ = await self._preview(master_id, await _rows(path))
        return preview

    @refusals_logged
    async def import_csv(
        self,
        master_id: AccountId | None,
        path: Path,
        seen: ImportPreview | None = None,
        *,
        good_rows: bool = False,
    ) -> ImportPreview:
        """Import all lines or none, or the good ones; what already is so is not stored again."""
        rows = await _rows(path)
        async with self._changing:
            preview, secrets = await self._preview(master_id, rows)
            if preview.problems and not (good_rows and preview.takes):
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
            await self._store(preview, secrets)
        return preview

    @refusals_logged
    async def export_csv(self, path: Path) -> int:
        """Write the followers without secrets."""
        accounts = {account.account_id: account for account in await self._kept.accounts()}
        followers = [
            Follower(accounts[link.follower_id], link) for link in await self._kept.links()
        ]
        text, count = follower_csv.write_followers(followers, lambda one: accounts[one].client_id)
        await _write(path, text)
        return count

    @refusals_logged
    async def save_wrong_rows(self, source: Path, preview: ImportPreview, path: Path) -> int:
        """Write the wrong rows of a file, each with what is wrong."""
        sentences = {row.line: row.sentence for row in preview.wrong}
        rows = [row for row in await _rows(source) if row.line in sentences]
        if len(rows) != len(sentences):
            raise RefusedError(
                "Nothing was written: the file changed since you looked. Choose it again.",
                field="file",
                code="changed",
            )
        if await asyncio.to_thread(_is_one, source, path):
            raise RefusedError(
                f"{path.name} is the file itself, and would lose its good rows. Choose another "
                "name.",
                field="file",
            )
        await _write(path, write_wrong(rows, sentences))
        return len(rows)

    async def _store(self, preview: ImportPreview, secrets: Secrets) -> None:
        """Store what is not so already."""
        here = {account.account_id: account for account in await self._kept.accounts()}
        linked = {link.key: link for link in await self._kept.links()}
        links = [one.link for one in preview.to_store if linked.get(one.link.key) != one.link]
        changed = [one for one in preview.accounts if here.get(one.account_id) != one]
        if changed or links or secrets:
            await self._kept.keep(changed, links, secrets)

    async def _preview(
        self, master_id: AccountId | None, rows: Sequence[TableRow]
    ) -> tuple[ImportPreview, Secrets]:
        accounts, links = await self._kept.accounts(), await self._kept.links()
        stored = await self._stored_secrets(rows, accounts)
        return await asyncio.to_thread(
            preview_of,
            rows,
            accounts,
            links,
            master_id,
            stored,
            live=self._live,
            owns=self._owns,
        )

    async def _stored_secrets(
        self, rows: Sequence[TableRow], accounts: Sequence[Account]
    ) -> Secrets:
        """The secrets of accounts here for which the file names one."""
        named = {
            (client_key(row.cells.get(KEY, "")), field)
            for row in rows
            for field in KEPT_SECRET
            if field in row.cells
        }
        places = [
            (account.account_id, field)
            for account in accounts
            for field in KEPT_SECRET
            if (client_key(account.client_id), field) in named
        ]
        return {place: await self._secrets.get(*place) or "" for place in places}


async def _rows(path: Path) -> Sequence[TableRow]:
    return await asyncio.to_thread(lambda: read_table(read_file(path)))


async def write_template(path: Path) -> None:
    """Write an empty file of followers to fill in. Raises RefusedError."""
    await _write(path, template())


async def _write(path: Path, text: str) -> None:
    """Write a file for its owner's eyes. Raises RefusedError."""
    try:
        await asyncio.to_thread(_replace, path, text.encode())
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        why = getattr(error, "strerror", None) or error
        raise RefusedError(
            f"File {path} cannot be written: {why}. Choose another place.", field="file"
        ) from error


def _is_one(source: Path, path: Path) -> bool:
    try:
        return path.samefile(source)
    except (OSError, ValueError):
        return False


def _replace(path: Path, data: bytes) -> None:
    with whole_file(path) as fresh:
        fresh.write_bytes(data)
