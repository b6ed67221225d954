"""``Database`` off the loop: writes on a thread of our own, reads on aiosqlite's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from copytrade_gui.storage.database.database import ERRORS, copy_live, move_log
from copytrade_gui.storage.database.engines import Connecting, async_engine, failure_from
from copytrade_gui.storage.database.writer import Writer
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.threads import OneThread, in_own_thread

log = logging.getLogger(__name__)

T = TypeVar("T")


class AsyncDatabase:
    """One writer, one reader; made by ``open``.

    A transaction is one hop to the writer's thread and back, however many statements it has.
    """

    def __init__(self, path: Path, connecting: Connecting) -> None:
        self._path = path
        self._connecting = connecting
        self._thread = OneThread("database writer")
        self._writer: Writer | None = None
        self._read_engine = async_engine(path, connecting, read_only=True)
        self._reading = asyncio.Lock()
        self._reads: set[asyncio.Task[object]] = set()
        self._reader: AsyncConnection | None = None

    @classmethod
    async def open(cls, path: Path, connecting: Connecting | None = None) -> AsyncDatabase:
        """Connect to a prepared file (see ``opening``). Raises SqliteFailedError."""
        database = cls(path, connecting or Connecting())
        try:
            database._writer = await database._thread.run(
                lambda: Writer(path, database._connecting)
            )
            database._reader = await database._read_engine.connect()
        except ERRORS as error:
            await database.close()
            raise failure_from(error) from error
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction."""
        writer = self._writer
        if writer is None:
            raise RuntimeError("the database is closed")
        return await self._thread.run(lambda: writer.write(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        return await self._to_the_end(self._read(work))

    async def apart(self, call: Callable[[], T]) -> T:
        """Run ``call`` in a thread of its own."""
        return await in_own_thread(call, "database reader")

    async def checkpoint(self, *, whole: bool = False) -> None:
        """Move the log into the file, on the reader's thread, so that no commit waits for it."""
        await self._to_the_end(self._checkpoint(whole=whole))

    async def rescue(self, target: Path, files: Files) -> None:
        """Copy what is open, on the writer's thread."""
        writer = self._writer
        if writer is None:
            raise RuntimeError("the database is closed")
        await self._thread.run(lambda: writer.copy(target, files))

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database in a thread of its own."""
        await in_own_thread(lambda: copy_live(self._path, target, files), "backup")

    async def close(self) -> None:
        """Wait for what runs, then close."""
        while self._reads:
            await asyncio.wait(self._reads)
        if self._reader is not None:
            await self._reader.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            await self._thread.run(writer.close)
        self._thread.close()
        await self._read_engine.dispose()

    async def _to_the_end(self, work: Coroutine[object, object, T]) -> T:
        # A cancelled caller must not leave a transaction open in the middle.
        task = asyncio.get_running_loop().create_task(work)
        self._reads.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[T]) -> None:
        self._reads.discard(task)
        if not task.cancelled():
            task.exception()

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading:
            if self._reader is None:
                raise RuntimeError("the database is closed")
            try:
                async with self._reader.begin():
                    return await self._reader.run_sync(work)
            except ERRORS as error:
                raise failure_from(error) from error

    async def _checkpoint(self, *, whole: bool) -> None:
        async with self._reading:  # a reader would keep the log from starting anew
            if self._reader is None:
                return
            try:
                await self._reader.run_sync(move_log, "PASSIVE")
                if whole and self._writer is not None:
                    await self._thread.run(self._writer.move_log)
            except ERRORS as error:
                log.warning("checkpoint failed: %s", error)
