"""SQLite connections with our pragmas, and what their errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from copytrade_gui.storage.files.problems import StorageError

BUSY_TIMEOUT_MS = 5_000
READ_ONLY = "query_only=ON"
_PRAGMAS = (
    # NORMAL may lose the last commits on power loss; no order leaves before it is on disk.
    "synchronous=FULL",
    "foreign_keys=ON",
    # REPLACE would delete rows without their delete triggers otherwise.
    "recursive_triggers=ON",
    # A checkpoint inside a commit would delay an order; the journal makes one when idle.
    "wal_autocheckpoint=0",
    # Of a log that grew longer than ``idle`` lets it, so much is kept when it starts anew.
    "journal_size_limit=16777216",
)


@dataclass(frozen=True, slots=True)
class Connecting:
    """How connections are made. ``connection_class`` is the seam where tests make writes fail."""

    connection_class: type[sqlite3.Connection] = sqlite3.Connection
    busy_timeout_ms: int = BUSY_TIMEOUT_MS


class FailureKind(StrEnum):
    """Why SQLite refused."""

    LOCKED = "locked"
    FULL = "full"
    READ_ONLY = "read_only"
    IO = "io"
    DAMAGED = "damaged"
    CONSTRAINT = "constraint"
    VALUE = "value"
    OTHER = "other"


_BY_CODE = {
    sqlite3.SQLITE_BUSY: FailureKind.LOCKED,
    sqlite3.SQLITE_LOCKED: FailureKind.LOCKED,
    sqlite3.SQLITE_FULL: FailureKind.FULL,
    sqlite3.SQLITE_READONLY: FailureKind.READ_ONLY,
    sqlite3.SQLITE_IOERR: FailureKind.IO,
    sqlite3.SQLITE_CANTOPEN: FailureKind.IO,
    sqlite3.SQLITE_CORRUPT: FailureKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: FailureKind.DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: FailureKind.CONSTRAINT,
}
_SENTENCES = {
    FailureKind.LOCKED: "The database is locked by another program. Close it, then resume.",
    FailureKind.FULL: "The disk is full. Free some space, then resume.",
    FailureKind.READ_ONLY: "The database cannot be written. Give your user write access to it.",
    FailureKind.IO: "The disk failed under the database. Check the disk, then restart.",
    FailureKind.DAMAGED: "The database is damaged. Restart, and the newest copy is restored.",
    FailureKind.CONSTRAINT: "A record contradicts one that is stored.",
    FailureKind.VALUE: "A record holds a value that no column can keep.",
    FailureKind.OTHER: "The database failed. Restart the console.",
}


class SqliteFailedError(StorageError):
    """SQLite refused; a transaction was rolled back. The text is a sentence."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(f"{_SENTENCES[kind]} ({detail})")
        self.kind = kind


def failure_from(error: BaseException) -> SqliteFailedError:
    """Classify one of ``database.ERRORS``."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    kind = FailureKind.OTHER
    if isinstance(code, int):
        kind = _BY_CODE.get(code & 0xFF, FailureKind.OTHER)
    elif isinstance(original, sqlite3.IntegrityError):
        kind = FailureKind.CONSTRAINT
    elif isinstance(original, OverflowError | UnicodeEncodeError):
        kind = FailureKind.VALUE
    return SqliteFailedError(kind, str(original))


def connect_to_order_log(path: Path, connecting: Connecting) -> sqlite3.Connection:
    """A connection to the order log, as safe as the database's. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        path, isolation_level=None, factory=connecting.connection_class, check_same_thread=False
    )
    try:
        for pragma in _pragmas(connecting):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def inline_engine(path: Path, connecting: Connecting, *, read_only: bool = False) -> Engine:
    """An engine that runs in the caller's thread."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "factory": connecting.connection_class},
    )
    _prepare(engine, connecting, read_only=read_only)
    return engine


def async_engine(path: Path, connecting: Connecting, *, read_only: bool = False) -> AsyncEngine:
    """An engine whose connections live on aiosqlite's threads."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"isolation_level": None, "factory": connecting.connection_class},
    )
    _prepare(engine.sync_engine, connecting, read_only=read_only)
    return engine


def _prepare(engine: Engine, connecting: Connecting, *, read_only: bool) -> None:
    pragmas = _pragmas(connecting)
    if read_only:
        pragmas = (*pragmas, READ_ONLY)
    # A deferred transaction that turns into a writing one fails at once, whatever the timeout says.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    event.listen(engine, "connect", _pragma_setter(pragmas))
    event.listen(engine, "begin", _beginner(begin))


def _pragmas(connecting: Connecting) -> tuple[str, ...]:
    return (f"busy_timeout={connecting.busy_timeout_ms}", "journal_mode=WAL", *_PRAGMAS)


def _pragma_setter(
    pragmas: tuple[str, ...],
) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    def set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return set_pragmas


def _beginner(begin: str) -> Callable[[Connection], None]:
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return start
