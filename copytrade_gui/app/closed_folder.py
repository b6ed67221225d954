"""The followers of a data folder in which no console runs, for scripts and servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.stop_words import command_line
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import open_vault
from copytrade_gui.brokers.http.route import owns_address
from copytrade_gui.domain.account import Account, same_client
from copytrade_gui.domain.basis import UNDECLARED
from copytrade_gui.domain.events import AccountEdited, BasisChanged, LinkChanged, RouteChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.route import DIRECT
from copytrade_gui.ports import SecretStore
from copytrade_gui.services.account_cells import edit_words
from copytrade_gui.services.account_store import AccountStore, Secrets
from copytrade_gui.services.follower_files import FollowerFiles
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import PAPER_PROFILE, DataFolder, known_folder
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.store import Store, open_store


@dataclass(frozen=True, slots=True)
class ClosedFolder:
    """The verbs of files, over the stored accounts."""

    files: FollowerFiles
    accounts: tuple[Account, ...]
    folder: DataFolder
    secrets: SecretStore
    """Opened at their first use."""

    def master(self, client_id: str | None) -> AccountId | None:
        """Whom followers follow whose rows name no master; None if there are several.

        Raises RefusedError.
        """
        masters = [one for one in self.accounts if one.master]
        if not masters:
            raise RefusedError(
                "There is no master account yet. Add it in the console first.", field="master"
            )
        if client_id is not None:
            masters = [one for one in masters if same_client(one.client_id, client_id)]
            if not masters:
                raise RefusedError(
                    "Master is not known by that client id. Check it.", field="master"
                )
        return masters[0].account_id if len(masters) == 1 else None


@asynccontextmanager
async def closed_folder(
    data_dir: Path | None, profile: str, *, paper: bool
) -> AsyncIterator[ClosedFolder]:
    """Hold a folder as a console does, without a broker; nothing can be sent.

    Raises:
        StorageError: a console holds it, nobody ever started one in it, or it cannot be read.
        JournalFailureError: what a console left waiting cannot be stored.
    """
    folder = known_folder(data_dir, PAPER_PROFILE if paper else profile)
    clock = SystemClock()

    async def secrets() -> SecretStore:
        if paper:
            return PaperSecrets(folder.paper_secrets)
        return await open_vault(folder, clock, None)

    async with open_store(folder, clock) as store:
        with log_to(folder):
            when_asked = _WhenAsked(secrets)
            kept = _Stored(store, AccountStore(store.accounts, when_asked))
            files = FollowerFiles(kept, when_asked, live=not paper, owns=owns_address)
            yield ClosedFolder(files, await kept.accounts(), folder, when_asked)


class _Stored:
    """``follower_files.Kept``: what changes is stored, and told to the audit trail."""

    def __init__(self, store: Store, kept: AccountStore) -> None:
        self._store = store
        self._kept = kept

    async def accounts(self) -> tuple[Account, ...]:
        """Every account."""
        return await self._kept.all()

    async def links(self) -> tuple[Link, ...]:
        """Every link."""
        return await self._kept.links()

    async def keep(
        self,
        accounts: Sequence[Account],
        links: Sequence[Link],
        secrets: Secrets,
    ) -> None:
        """Add or change these in one act."""
        before = {link.key: link for link in await self.links()}
        here = {one.account_id: one for one in await self.accounts()}
        for link in links:
            was = before.get(link.key)
            if was is not None and was.sizing.reverse is not link.sizing.reverse:
                raise RefusedError(
                    "Reverse of a follower who is here is changed in the console alone, which "
                    "knows what his copies hold. Leave it out of the file.",
                    field="reverse",
                )
        await self._kept.put(accounts, links, secrets)
        by = command_line().text
        for one in accounts:
            known = here.get(one.account_id)
            if words := edit_words(known, one, secrets):
                self._store.journal.append(AccountEdited(one.account_id, words, by))
            said, way = (UNDECLARED, DIRECT) if known is None else (known.declared, known.route)
            if said != one.declared:
                told = BasisChanged(one.account_id, said, one.declared, by)
                self._store.journal.append(told)
            if way != one.route:
                self._store.journal.append(RouteChanged(one.account_id, way, one.route, by))
        for link in links:
            self._store.journal.append(LinkChanged(before.get(link.key), link, by))


class _WhenAsked:
    """``SecretStore`` that opens the real one at its first use: most files name no secret."""

    def __init__(self, open_real: Callable[[], Awaitable[SecretStore]]) -> None:
        self._open_real = open_real
        self._real: SecretStore | None = None

    async def get(self, account: AccountId, name: str) -> str | None:
        """Read a secret, or None."""
        return await (await self._opened()).get(account, name)

    async def put(self, account: AccountId, name: str, value: str) -> None:
        """Store a secret."""
        await (await self._opened()).put(account, name, value)

    async def remove(self, account: AccountId, name: str) -> None:
        """Forget a secret."""
        await (await self._opened()).remove(account, name)

    async def _opened(self) -> SecretStore:
        if self._real is None:
            try:
                self._real = await self._open_real()
            except StorageError as error:
                raise RefusedError(
                    f"App secrets cannot be kept from here. {error} Leave app_secret out of the "
                    "file and enter it in the console.",
                    field="app_secret",
                ) from error
        return self._real
