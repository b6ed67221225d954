"""The order log: what is on the disk before the first byte of an order, in a file of its own.

One row a plan and one a wave of orders that leave later, each committed with full sync. Orders wait
for nothing else: the tables that people search are made from these rows behind the bytes
(``expansion``), and facts go to the other file. What was not expanded when the program stopped is
expanded by the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as StillRunningError
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from copytrade_gui.storage.database.copies import FileKind, copy_checked
from copytrade_gui.storage.database.engines import (
    Connecting,
    SqliteFailedError,
    connect_to_order_log,
    failure_from,
)
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.threads import OneThread, in_own_thread
from copytrade_gui.storage.files.uncancelled import to_its_end

log = logging.getLogger(__name__)

T = TypeVar("T")

ORDER_LOG = FileKind(application_id=0x43544F31, schema=1)
"""``CTO1``, and the one form there is."""
PATIENCE_S = 0.05
"""The engine's loop stands still for a commit so long: each of its turns would let every book that
is being read go first. A commit that takes longer (a sick disk) is awaited: stops must get
through."""


class RecordKind(StrEnum):
    """What a row records."""

    PLAN = "plan"
    WAVE = "wave"


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row, made at UTC ns. ``plan_id`` is empty for a wave; ``body`` is of ``plan_record``."""

    number: int
    kind: RecordKind
    plan_id: str
    made_ns: int
    body: str


_SCHEMA = (
    "CREATE TABLE identity (installation_id TEXT NOT NULL) STRICT",
    """
    CREATE TABLE records (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        plan_id TEXT UNIQUE,
        made_ns INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT
    """,
    f"PRAGMA application_id = {ORDER_LOG.application_id}",
    f"PRAGMA user_version = {ORDER_LOG.schema}",
)
_INSERT = "INSERT INTO records (kind, plan_id, made_ns, body) VALUES (?,?,?,?)"


def make_order_log(connection: sqlite3.Connection, installation_id: str) -> None:
    """Make the tables of an empty file. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO identity VALUES (?)", (installation_id,))
    connection.execute("COMMIT")


def rows_of(connection: sqlite3.Connection) -> Iterator[LogRow]:
    """Rows whose text is still kept, oldest first. Raises sqlite3.Error."""
    found = connection.execute(
        "SELECT number, kind, plan_id, made_ns, body FROM records WHERE body <> '' ORDER BY number"
    )
    for number, kind, plan_id, made_ns, body in found:
        yield LogRow(number, RecordKind(kind), plan_id or "", made_ns, body)


class OrderLog:
    """The open file. ``inline`` does everything in the caller's thread, for simulation."""

    def __init__(self, path: Path, connecting: Connecting, *, inline: bool = False) -> None:
        self.path = path
        self._connecting = connecting
        self._thread = None if inline else OneThread("order log")
        self._connection: sqlite3.Connection | None = None
        self.newest = 0
        """The number of the newest row, 0 if there never was one."""

    @classmethod
    async def open(
        cls, path: Path, connecting: Connecting | None = None, *, inline: bool = False
    ) -> OrderLog:
        """Connect to a prepared file (see ``opening``). Raises SqliteFailedError."""
        opened = cls(path, connecting or Connecting(), inline=inline)
        try:
            opened.newest = await opened._run(lambda: opened._tried(newest_record))
        except BaseException:
            await opened.close()
            raise
        return opened

    async def commit(
        self,
        kind: RecordKind,
        body: str,
        made_ns: int,
        *,
        plan_id: str = "",
        stored: Callable[[], None],
    ) -> bool:
        """Store one row with full sync; False if a row of this plan is stored already.

        An order waits for it: the loop stands still for ``PATIENCE_S`` at most. ``stored`` is
        called as soon as the row is known to be on the disk, also for a caller that was cancelled.
        Raises SqliteFailedError: it may be on the disk all the same.
        """
        row = (kind.value, plan_id or None, made_ns, body)

        def insert() -> bool:
            number = self._tried(lambda connection: _insert(connection, row))
            self.newest = number or self.newest
            return number is not None

        def done(fresh: bool) -> bool:
            if fresh:
                stored()
            return fresh

        if self._thread is None:
            return done(insert())
        started = self._thread.start(insert)
        with contextlib.suppress(StillRunningError):
            return done(started.result(PATIENCE_S))

        async def finish() -> bool:
            return done(await asyncio.wrap_future(started))

        return await to_its_end(finish())

    async def rows(self) -> list[LogRow]:
        """Everything that was not forgotten, oldest first. Raises SqliteFailedError."""
        return await self._run(lambda: self._tried(lambda one: list(rows_of(one))))

    async def forget(self, numbers: Sequence[int]) -> None:
        """Empty these rows: what they say is in the database.

        Their plans stay known, so that none is taken twice. Raises SqliteFailedError.
        """
        sql, which = "UPDATE records SET body = '' WHERE number = ?", [(one,) for one in numbers]
        await self._run(lambda: self._tried(lambda one: one.executemany(sql, which)))

    async def checkpoint(self, *, whole: bool = False) -> None:  # noqa: ARG002 - nobody reads it
        """Move the write-ahead log into the file; failures are logged. It is always whole."""

        def move() -> None:
            try:
                _move_log(self._connected(), "PASSIVE")
            except (sqlite3.Error, SqliteFailedError) as error:
                log.warning("checkpoint of the order log failed: %s", error)

        await self._run(move)

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the file to ``target``, checked. Raises SqliteFailedError, OSError."""

        def copy() -> None:
            try:
                copy_checked(self.path, target, files, ORDER_LOG)
            except sqlite3.Error as error:
                raise failure_from(error) from error

        if self._thread is None:
            copy()
        else:
            await in_own_thread(copy, "backup")

    async def close(self) -> None:
        """Move the write-ahead log into the file, and close; failures are logged."""
        if self._connection is not None:
            await self._run(self._close)
        if self._thread is not None:
            self._thread.close()

    # ------------------------------------------------------------ on the log's thread

    async def _run(self, call: Callable[[], T]) -> T:
        return call() if self._thread is None else await self._thread.run(call)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = connect_to_order_log(self.path, self._connecting)
            except sqlite3.Error as error:
                raise failure_from(error) from error
        return self._connection

    def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = work(connection)
            connection.commit()
        except sqlite3.Error as error:
            self._reconnect_if_stuck(connection)
            raise failure_from(error) from error
        except BaseException:
            self._reconnect_if_stuck(connection)
            raise
        return done

    def _reconnect_if_stuck(self, connection: sqlite3.Connection) -> None:
        try:
            connection.rollback()
            if not connection.in_transaction:
                return
        except sqlite3.Error as error:
            log.debug("rolling back: %s", error)
        self._connection = None
        with contextlib.suppress(sqlite3.Error):
            connection.close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _move_log(connection, "TRUNCATE")
        except sqlite3.Error as error:
            log.warning("closing the order log failed: %s", error)
        with contextlib.suppress(sqlite3.Error):
            connection.close()


def _insert(connection: sqlite3.Connection, row: tuple[str, str | None, int, str]) -> int | None:
    """The number of the new row; None if its plan has one already."""
    known = connection.execute("SELECT 1 FROM records WHERE plan_id = ?", (row[1],)).fetchone()
    return connection.execute(_INSERT, row).lastrowid if known is None else None


def newest_record(connection: sqlite3.Connection) -> int:
    """The number of the newest row, 0 if there never was one. Raises sqlite3.Error."""
    (number,) = connection.execute("SELECT max(number) FROM records").fetchone()
    return int(number or 0)


def _move_log(connection: sqlite3.Connection, how: str) -> None:
    connection.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
