"""What storage needs of SQLite. Two forms: ``threaded`` on aiosqlite's threads, ``inline`` without.

All SQL is in plain functions over a SQLAlchemy ``Connection``, or in ``Rows`` (a statement and its
rows), so both forms run the same. There is one writer and one reader connection. A transaction that
fails is rolled back and raises ``SqliteFailedError``; if even that fails, the writer reconnects.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from copytrade_gui.storage.copies import copy_checked
from copytrade_gui.storage.engines import failure_from
from copytrade_gui.storage.files import Files
from copytrade_gui.storage.rows import Rows

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

    async def write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Run a batch in one immediate, full-sync transaction: the fast way. As ``write``.

        With ``meanwhile`` somebody waits for it urgently: see ``ports.Journal.commit_plan``.
        """

    async def lay_out(self, batch: Sequence[Rows]) -> None:
        """Run a batch in a transaction that stays open, for ``commit_laid_out``.

        It is in SQLite's memory only, nobody can read it, and it holds nobody up: whatever else is
        written rolls it back first. Failures are logged; the real commit meets and tells them.
        """

    async def commit_laid_out(
        self,
        batch: Sequence[Rows],
        rest: Sequence[Rows],
        meanwhile: Callable[[], bool] | None = None,
    ) -> bool:
        """Run ``rest``, a row each, behind a batch that is laid out, and commit both; full-sync.

        False: it is not laid out any more, and nothing is written. Else as ``write_rows``.
        """

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader, in one consistent view. Raises SqliteFailedError."""

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
