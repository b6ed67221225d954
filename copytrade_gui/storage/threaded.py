"""``Database`` on aiosqlite's threads: the loop goes on while SQLite works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from copytrade_gui.storage.database import ERRORS, copy_live, copy_open, move_log, truncate_log
from copytrade_gui.storage.engines import (
    Connecting,
    SqliteFailedError,
    async_engine,
    failure_from,
)
from copytrade_gui.storage.files import Files
from copytrade_gui.storage.in_place import InPlace
from copytrade_gui.storage.rows import Rows, Run, begin_batch, end_batch, run_batch
from copytrade_gui.storage.threads import in_own_thread

log = logging.getLogger(__name__)

T = TypeVar("T")


class AsyncDatabase:
    """SQLAlchemy's async engine on aiosqlite. Made by ``open``."""

    def __init__(self, path: Path, connecting: Connecting) -> None:
        self._path = path
        self._write_engine = async_engine(path, connecting)
        self._read_engine = async_engine(path, connecting, read_only=True)
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._running: set[asyncio.Task[object]] = set()
        self._writer: AsyncConnection | None = None
        self._driver: aiosqlite.Connection | None = None
        self._reader: AsyncConnection | None = None
        self._laid_out: Sequence[Rows] | None = None

    @classmethod
    async def open(cls, path: Path, connecting: Connecting | None = None) -> AsyncDatabase:
        """Connect to a prepared file (see ``opening``). Raises SqliteFailedError."""
        database = cls(path, connecting or Connecting())
        try:
            await database._connect_writer()
            database._reader = await database._read_engine.connect()
        except ERRORS as error:
            await database.close()
            raise failure_from(error) from error
        return database

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction."""
        return await self._to_the_end(self._write(work))

    async def write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Run a batch in one transaction and one hop to the writer's thread."""
        work = self._write_rows(batch, meanwhile)
        await (work if meanwhile is not None else self._to_the_end(work))

    async def lay_out(self, batch: Sequence[Rows]) -> None:
        """Run a batch in a transaction that stays open."""
        await self._to_the_end(self._lay_out(batch))

    async def commit_laid_out(
        self,
        batch: Sequence[Rows],
        rest: Sequence[Rows],
        meanwhile: Callable[[], bool] | None = None,
    ) -> bool:
        """Commit a batch that is laid out, and ``rest``, in one hop to the writer's thread."""
        work = self._commit_laid_out(batch, rest, meanwhile)
        return await (work if meanwhile is not None else self._to_the_end(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        return await self._to_the_end(self._read(work))

    async def checkpoint(self, *, whole: bool = False) -> None:
        """Move the log into the file, on the reader's thread, so that no commit waits for it."""
        await self._to_the_end(self._checkpoint(whole=whole))

    async def rescue(self, target: Path, files: Files) -> None:
        """Copy what is open on the reader's thread."""
        async with self._reading:
            if self._reader is None:
                raise RuntimeError("the database is closed")
            driver = (await self._reader.get_raw_connection()).driver_connection
            assert isinstance(driver, aiosqlite.Connection)  # noqa: S101 - narrows SQLAlchemy's Any
            await _on_thread(driver, partial(copy_open, driver._conn, target, files))

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database in a thread of its own."""
        await in_own_thread(lambda: copy_live(self._path, target, files), "backup")

    async def close(self) -> None:
        """Wait for what runs, then close."""
        while self._running:
            await asyncio.wait(self._running)
        if self._reader is not None:
            await self._reader.close()
        if self._writer is not None and self._driver is not None:
            try:
                self._roll_back(self._driver)
                await self._writer.run_sync(truncate_log)
                await self._writer.close()
            except ERRORS as error:
                log.warning("closing the database failed: %s", error)
        await self._write_engine.dispose()
        await self._read_engine.dispose()

    async def _to_the_end(self, work: Coroutine[object, object, T]) -> T:
        # A cancelled caller must not leave a transaction open in the middle.
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[T]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _connect_writer(self) -> tuple[AsyncConnection, aiosqlite.Connection]:
        if self._writer is None or self._driver is None:
            writer = await self._write_engine.connect()
            driver = (await writer.get_raw_connection()).driver_connection
            assert isinstance(driver, aiosqlite.Connection)  # noqa: S101 - narrows SQLAlchemy's Any
            self._writer, self._driver = writer, driver
        return self._writer, self._driver

    async def _write(self, work: Callable[[Connection], T]) -> T:
        async def run() -> T:
            writer, driver = await self._connect_writer()
            self._roll_back(driver)
            async with writer.begin():
                return await writer.run_sync(work)

        async with self._writing:
            return await self._tried(run)

    async def _write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        async def run() -> None:
            _, driver = await self._connect_writer()
            self._roll_back(driver)
            await _run(driver, run_batch, batch, meanwhile)

        async with self._writing:
            await self._tried(run)

    async def _lay_out(self, batch: Sequence[Rows]) -> None:
        async def run() -> None:
            _, driver = await self._connect_writer()
            self._roll_back(driver)
            await _run(driver, begin_batch, batch)
            self._laid_out = batch

        async with self._writing:
            try:
                await self._tried(run)
            except SqliteFailedError as error:
                log.info("a batch was not laid out: %s", error)

    async def _commit_laid_out(
        self,
        batch: Sequence[Rows],
        rest: Sequence[Rows],
        meanwhile: Callable[[], bool] | None = None,
    ) -> bool:
        async with self._writing:
            if self._laid_out is not batch or self._driver is None:
                return False
            self._laid_out = None
            await self._tried(partial(_run, self._driver, end_batch, rest, meanwhile))
            return True

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
                if whole:
                    async with self._writing:
                        writer, driver = await self._connect_writer()
                        self._roll_back(driver)
                        await writer.run_sync(move_log, "PASSIVE")
            except ERRORS as error:
                log.warning("checkpoint failed: %s", error)

    def _roll_back(self, driver: aiosqlite.Connection) -> None:
        """Let go of what is laid out, before the writer's thread does anything else."""
        if self._laid_out is not None:
            self._laid_out = None
            ended = asyncio.get_running_loop().create_future()
            # If it fails, the next statement tells that a transaction is open.
            ended.add_done_callback(lambda done: done.cancelled() or done.exception())
            driver._tx.put_nowait((ended, driver._conn.rollback))

    async def _tried(self, run: Callable[[], Coroutine[object, object, T]]) -> T:
        try:
            return await run()
        except ERRORS as error:
            await self._reconnect_if_stuck()
            raise failure_from(error) from error
        except SqliteFailedError:
            await self._reconnect_if_stuck()
            raise

    async def _reconnect_if_stuck(self) -> None:
        self._laid_out = None
        if self._writer is None or self._driver is None:
            return
        try:
            await self._driver.rollback()
            if not self._driver.in_transaction:
                return
        except ERRORS as error:
            log.debug("rolling back: %s", error)
        writer, self._writer, self._driver = self._writer, None, None
        try:
            await writer.invalidate()
            await writer.close()
        except ERRORS as error:
            log.debug("dropping the writer: %s", error)


async def _on_thread(driver: aiosqlite.Connection, call: Callable[[], object]) -> None:
    ended = asyncio.get_running_loop().create_future()
    driver._tx.put_nowait((ended, call))
    await ended


async def _run(
    driver: aiosqlite.Connection,
    how: Run,
    batch: Sequence[Rows],
    meanwhile: Callable[[], bool] | None = None,
) -> None:
    # Eight hops between the threads, one a statement, cost more than the disk does.
    commit = InPlace(driver._conn, how, batch)
    ended = asyncio.get_running_loop().create_future()
    driver._tx.put_nowait((ended, commit.run))
    if meanwhile is None or not commit.wait(meanwhile):
        await ended
    commit.check()
