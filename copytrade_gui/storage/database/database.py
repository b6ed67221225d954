"""What storage needs of SQLite. Two forms: ``threaded`` off the loop, ``inline`` on the spot.

All SQL is in plain functions over a SQLAlchemy ``Connection``, so both forms run the same. There is
one writer and one reader connection. A transaction that fails is rolled back and raises
``SqliteFailedError``; if even that fails, the writer reconnects.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from copytrade_gui.storage.database.copies import copy_checked
from copytrade_gui.storage.database.engines import failure_from
from copytrade_gui.storage.files.files import Files

T = TypeVar("T")

ERRORS = (sqlite3.Error, SQLAlchemyError, OverflowError, UnicodeEncodeError)
"""What a connection raises; ``engines.failure_from`` tells what it means. The last two come of a
number above 64 bits and of text that is no UTF-8."""


class Database(Protocol):
    """One file. Calls may overlap; they are done one after the other."""

    @property
    def path(self) -> Path:
        """The file."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one immediate, full-sync transaction. Raises SqliteFailedError."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader, in one consistent view. Raises SqliteFailedError."""

    async def apart(self, call: Callable[[], T]) -> T:
        """Run a long call that opens connections of its own; it holds no other call up."""

    async def checkpoint(self, *, whole: bool = False) -> None:
        """Move the write-ahead log into the file; failures are logged.

        It never blocks a writer, so that a log that is always written to is never moved to its
        end and goes on growing. With ``whole`` the writer waits some milliseconds for the rest,
        and the log starts anew.
        """

    async def rescue(self, target: Path, files: Files) -> None:
        """Copy what is open, also if its file is gone. Raises SqliteFailedError, OSError."""

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database to ``target``, checked. Raises SqliteFailedError, OSError."""

    async def close(self) -> None:
        """Finish what runs, move the log into the file, close."""


@contextmanager
def cursor_of(connection: Connection) -> Iterator[sqlite3.Cursor]:
    """SQLite's own cursor in a transaction of ``write``: a tenth of SQLAlchemy's cost a call."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("only a writer has SQLite's own cursor")
    with closing(driver.cursor()) as cursor:
        yield cursor


def copy_live(source: Path, target: Path, files: Files) -> None:
    """Copy a live database, checked. Raises SqliteFailedError, OSError."""
    try:
        copy_checked(source, target, files)
    except sqlite3.Error as error:
        raise failure_from(error) from error


def copy_open(source: sqlite3.Connection, target: Path, files: Files) -> None:
    """Copy through an open connection, checked. Raises SqliteFailedError, OSError."""
    try:
        copy_checked(source, target, files)
    except sqlite3.Error as error:
        raise failure_from(error) from error


def truncate_log(connection: Connection) -> None:
    """Move the whole log into the file and empty it; not inside a transaction."""
    move_log(connection, "TRUNCATE")


def move_log(connection: Connection, how: str) -> None:
    """Move the log into the file: ``PASSIVE`` waits for nobody, ``TRUNCATE`` empties it."""
    # On the driver's cursor: SQLAlchemy would begin a transaction first.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"PRAGMA wal_checkpoint({how})")
        cursor.fetchall()
    finally:
        cursor.close()
