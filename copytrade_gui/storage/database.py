"""The database in two forms with one interface: on aiosqlite's threads, or inline without threads.

All SQL is in plain functions over a SQLAlchemy ``Connection``, or in ``Rows`` (a statement and its
rows), so both forms run the same. There is one writer and one reader connection. A transaction that
fails is rolled back and raises ``SqliteFailedError``; if even that fails, the writer reconnects.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import aiosqlite
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from copytrade_gui.storage.copies import copy_checked
from copytrade_gui.storage.engines import (
    Connecting,
    SqliteFailedError,
    async_engine,
    failure_from,
    inline_engine,
)
from copytrade_gui.storage.files import Files
from copytrade_gui.storage.in_place import InPlace
from copytrade_gui.storage.rows import Rows, run_rows
from copytrade_gui.storage.threads import in_own_thread

log = logging.getLogger(__name__)

T = TypeVar("T")


class Database(Protocol):
    """What the rest of storage needs of SQLite."""

    @property
    def path(self) -> Path:
        """The file."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one immediate, full-sync transaction. Raises SqliteFailedError."""

    async def write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Run a batch in one immediate, full-sync transaction: the fast way. As ``write``.

        With ``meanwhile`` somebody waits for it urgently: see ``ports.Journal.commit_plan``.
        """

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader, in one consistent view. Raises SqliteFailedError."""

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file; never blocks a writer; failures are logged."""

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database to ``target``, checked. Raises SqliteFailedError, OSError."""

    async def close(self) -> None:
        """Finish what runs, move the log into the file, close."""


_ERRORS = (sqlite3.Error, SQLAlchemyError)


class InlineDatabase:
    """Everything in the caller's thread, nothing ever waits: for simulation and short tools."""

    def __init__(self, path: Path, connecting: Connecting | None = None) -> None:
        self._path = path
        connecting = connecting or Connecting()
        self._write_engine = inline_engine(path, connecting)
        self._read_engine = inline_engine(path, connecting, read_only=True)
        try:
            self._writer: Connection | None = self._write_engine.connect()
            self._reader = self._read_engine.connect()
        except _ERRORS as error:
            raise failure_from(error) from error

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction."""
        return self.write_now(work)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """As ``write``, for callers without a loop."""
        try:
            if self._writer is None:
                self._writer = self._write_engine.connect()
            with self._writer.begin():
                return work(self._writer)
        except _ERRORS as error:
            self._reconnect_if_stuck()
            raise failure_from(error) from error
        except SqliteFailedError:
            self._reconnect_if_stuck()
            raise

    async def write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Run a batch in one transaction; nothing waits here, so all else is done first."""
        while meanwhile is not None and meanwhile():
            pass
        self.write_now(lambda connection: run_rows(connection, batch))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        return self.read_now(work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """As ``read``, for callers without a loop."""
        try:
            with self._reader.begin():
                return work(self._reader)
        except _ERRORS as error:
            raise failure_from(error) from error

    async def checkpoint(self) -> None:
        """Move the log into the file."""
        try:
            _checkpoint(self._reader, "PASSIVE")
        except _ERRORS as error:
            log.warning("checkpoint failed: %s", error)

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database."""
        _copy(self._path, target, files)

    async def close(self) -> None:
        """Close."""
        self.close_now()

    def close_now(self) -> None:
        """As ``close``, for callers without a loop."""
        self._reader.close()
        if self._writer is not None:
            try:
                truncate_log(self._writer)
                self._writer.close()
            except _ERRORS as error:
                log.warning("closing the database failed: %s", error)
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _reconnect_if_stuck(self) -> None:
        writer = self._writer
        if writer is None:
            return
        try:
            driver = writer.connection.driver_connection
            stuck = not isinstance(driver, sqlite3.Connection) or driver.in_transaction
            writer.rollback()
        except _ERRORS:
            stuck = True
        if stuck:
            self._writer = None
            try:
                writer.invalidate()
                writer.close()
            except _ERRORS as error:
                log.debug("dropping the writer: %s", error)


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

    @classmethod
    async def open(cls, path: Path, connecting: Connecting | None = None) -> AsyncDatabase:
        """Connect to a prepared file (see ``opening``). Raises SqliteFailedError."""
        database = cls(path, connecting or Connecting())
        try:
            await database._connect_writer()
            database._reader = await database._read_engine.connect()
        except _ERRORS as error:
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
        if meanwhile is None:
            await self._to_the_end(self._write_rows(batch))
        else:
            await self._write_rows(batch, meanwhile)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        return await self._to_the_end(self._read(work))

    async def checkpoint(self) -> None:
        """Move the log into the file, on the reader's thread, so that no commit waits for it."""
        await self._to_the_end(self._checkpoint())

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database in a thread of its own."""
        await in_own_thread(lambda: _copy(self._path, target, files), "backup")

    async def close(self) -> None:
        """Wait for what runs, then close."""
        while self._running:
            await asyncio.wait(self._running)
        if self._reader is not None:
            await self._reader.close()
        if self._writer is not None:
            try:
                await self._writer.run_sync(truncate_log)
                await self._writer.close()
            except _ERRORS as error:
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
        async with self._writing:
            try:
                writer, _ = await self._connect_writer()
                async with writer.begin():
                    return await writer.run_sync(work)
            except _ERRORS as error:
                await self._reconnect_if_stuck()
                raise failure_from(error) from error
            except SqliteFailedError:
                await self._reconnect_if_stuck()
                raise

    async def _write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        async with self._writing:
            try:
                _, driver = await self._connect_writer()
                # Eight hops between the threads, one a statement, cost more than the disk does.
                commit = InPlace(driver._conn, batch)
                ended = asyncio.get_running_loop().create_future()
                driver._tx.put_nowait((ended, commit.run))
                if meanwhile is None or not commit.wait(meanwhile):
                    await ended
                commit.check()
            except _ERRORS as error:
                await self._reconnect_if_stuck()
                raise failure_from(error) from error
            except SqliteFailedError:
                await self._reconnect_if_stuck()
                raise

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading:
            if self._reader is None:
                raise RuntimeError("the database is closed")
            try:
                async with self._reader.begin():
                    return await self._reader.run_sync(work)
            except _ERRORS as error:
                raise failure_from(error) from error

    async def _checkpoint(self) -> None:
        async with self._reading:
            if self._reader is None:
                return
            try:
                await self._reader.run_sync(_checkpoint, "PASSIVE")
            except _ERRORS as error:
                log.warning("checkpoint failed: %s", error)

    async def _reconnect_if_stuck(self) -> None:
        if self._writer is None or self._driver is None:
            return
        try:
            await self._driver.rollback()
            if not self._driver.in_transaction:
                return
        except _ERRORS as error:
            log.debug("rolling back: %s", error)
        writer, self._writer, self._driver = self._writer, None, None
        try:
            await writer.invalidate()
            await writer.close()
        except _ERRORS as error:
            log.debug("dropping the writer: %s", error)


def _copy(source: Path, target: Path, files: Files) -> None:
    try:
        copy_checked(source, target, files)
    except sqlite3.Error as error:
        raise failure_from(error) from error


def truncate_log(connection: Connection) -> None:
    """Move the whole log into the file and empty it; not inside a transaction."""
    _checkpoint(connection, "TRUNCATE")


def _checkpoint(connection: Connection, how: str) -> None:
    # On the driver's cursor: SQLAlchemy would begin a transaction first.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA wal_checkpoint({how})")
        cursor.fetchall()
    finally:
        cursor.close()
