"""Open everything that is remembered, in the right order, and close it again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from copytrade_gui.ports import Clock, FaultPoint
from copytrade_gui.storage.accounts import SqliteAccounts
from copytrade_gui.storage.database.async_db import AsyncDatabase
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.database.identity import Installation
from copytrade_gui.storage.database.presence import Presence
from copytrade_gui.storage.database.sync_db import InlineDatabase
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import RESERVE_BYTES, DataFolder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.kill_flag import KillFlagFile
from copytrade_gui.storage.files.problems import FolderError
from copytrade_gui.storage.files.reserve import Reserve, room_problem
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk
from copytrade_gui.storage.files.threads import in_own_thread
from copytrade_gui.storage.journal.emergency import EmergencyJournal
from copytrade_gui.storage.journal.history import SqliteHistory
from copytrade_gui.storage.journal.journal import SqliteJournal
from copytrade_gui.storage.journal.sealing import SqliteSeals
from copytrade_gui.storage.order_log.order_log import OrderLog
from copytrade_gui.storage.upkeep.backup import Backups
from copytrade_gui.storage.upkeep.opening import Opener, Opening


def _not_tested(_: str) -> None:
    """The fault point of a program nobody is testing."""


@dataclass(frozen=True, slots=True)
class Seams:
    """What tests replace: files, SQLite's connection, randomness, fault points, sizes."""

    files: Files = Files()  # noqa: RUF009 - holds no state
    connecting: Connecting = Connecting()  # noqa: RUF009 - a frozen value
    random_bytes: Callable[[int], bytes] = os.urandom
    fault_point: FaultPoint = _not_tested
    reserve_bytes: int = RESERVE_BYTES


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is remembered of one profile."""

    folder: DataFolder
    opening: Opening
    database: Database
    order_log: OrderLog
    journal: SqliteJournal
    accounts: SqliteAccounts
    history: SqliteHistory
    seals: SqliteSeals
    kill_flag: KillFlagFile
    stop_files: StopFilesOnDisk
    backups: Backups
    reserve: Reserve
    presence: Presence

    @property
    def installation(self) -> Installation:
        """Whose tags these are."""
        return self.opening.installation

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should read before trading; empty when all is well."""
        problem = room_problem(self.folder.root)
        reserve = "The 64 MiB reserve cannot be held: the disk is nearly full. Free some space."
        return (
            *self.opening.sentences,
            *(() if problem is None else (problem,)),
            *(() if self.reserve.whole else (reserve,)),
        )


@asynccontextmanager
async def open_store(
    folder: DataFolder, clock: Clock, *, inline: bool = False, seams: Seams | None = None
) -> AsyncIterator[Store]:
    """Lock the folder, make the database sound, open it, and close it all in the opposite order.

    ``inline`` keeps everything in the caller's thread, for simulation in virtual time.

    Raises:
        SecondInstanceError: another console uses the folder.
        FolderError: the folder or a file in it cannot be written.
        NewerFileError: a newer program wrote the database.
        StorageError: the database cannot be made sound.
        JournalFailureError: what waits in the emergency journal cannot be stored.
    """
    seams = seams or Seams()
    with InstanceLock(folder.lock, seams.files):
        opener = Opener(
            folder,
            clock.wall_ns,
            files=seams.files,
            connecting=seams.connecting,
            random_bytes=seams.random_bytes,
        )
        reserve = Reserve(folder.reserve, seams.files, seams.reserve_bytes)

        def prepare() -> Opening:
            opening = opener.prepare()
            reserve.fill()
            return opening

        opening = prepare() if inline else await in_own_thread(prepare, "open database")
        database: Database
        if inline:
            database = InlineDatabase(folder.database, seams.connecting)
        else:
            database = await AsyncDatabase.open(folder.database, seams.connecting)
        async with AsyncExitStack() as closing:
            await closing.enter_async_context(_closing(database))
            order_log = await OrderLog.open(folder.order_log, seams.connecting, inline=inline)
            await closing.enter_async_context(_closing(order_log))
            try:
                emergency = EmergencyJournal(folder.emergency, seams.files)
            except OSError as error:
                raise FolderError(
                    f"Emergency journal {folder.emergency} cannot be written "
                    f"({error.strerror or error}). Free some disk space and start again."
                ) from error
            presence = Presence(folder.database, folder.order_log)
            with contextlib.closing(emergency):
                journal = await SqliteJournal.open(
                    database,
                    order_log,
                    clock,
                    emergency,
                    reserve,
                    fault_point=seams.fault_point,
                    on_progress=opener.note_progress,
                    gone=presence.problem,
                )
                backups = Backups(folder.backups, seams.files)
                try:
                    async with _closing(journal):
                        yield Store(
                            folder=folder,
                            opening=opening,
                            database=database,
                            order_log=order_log,
                            journal=journal,
                            accounts=SqliteAccounts(database),
                            history=SqliteHistory(database, folder.order_log),
                            seals=SqliteSeals(database, folder.seals, seams.files),
                            kill_flag=KillFlagFile(folder.kill_flag, seams.files),
                            stop_files=StopFilesOnDisk(folder.root, seams.files),
                            backups=backups,
                            reserve=reserve,
                            presence=presence,
                        )
                finally:
                    gone = presence.problem() is not None
                    if gone:  # the last moment: with the connection goes all that was recorded
                        await backups.rescue(database, clock.wall_ns())
        if gone:
            return  # what lies there now is not what we recorded: it is not vouched for
        if inline:
            opener.seal()
        else:
            await in_own_thread(opener.seal, "seal database")


@asynccontextmanager
async def _closing(thing: Database | OrderLog | SqliteJournal) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await thing.close()
