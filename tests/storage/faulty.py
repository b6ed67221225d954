"""SQLite connections and files that fail at the n-th write, as a bad disk does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from copytrade_gui.storage.files.files import Files


class Fault(StrEnum):
    """What happens at the chosen write."""

    FULL = "disk full"
    IO = "I/O error"
    READ_ONLY = "read-only"
    LOCKED = "locked"
    STORED_BUT_FAILED = "I/O error after the commit was on disk"


_CODES = {
    Fault.FULL: (sqlite3.SQLITE_FULL, "database or disk is full"),
    Fault.IO: (sqlite3.SQLITE_IOERR, "disk I/O error"),
    Fault.LOCKED: (sqlite3.SQLITE_BUSY, "database is locked"),
    Fault.STORED_BUT_FAILED: (sqlite3.SQLITE_IOERR, "disk I/O error"),
}
_WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE", "COMMIT")


class Script:
    """Counts writes; fails those from ``first`` to ``last``. ``first`` 0 never fails."""

    def __init__(self, fault: Fault = Fault.IO, first: int = 0, last: int = 10**9) -> None:
        self.fault = fault
        self.first = first
        self.last = last
        self.seen = 0
        self.failed = 0

    def heal(self) -> None:
        """The disk is well again."""
        self.first = 0

    def hits(self, sql: str) -> bool:
        if self.fault is Fault.STORED_BUT_FAILED:
            if sql != "COMMIT":
                return False
        elif not sql.upper().startswith(_WRITES):
            return False
        self.seen += 1
        return self.first != 0 and self.first <= self.seen <= self.last

    def before(self, connection: sqlite3.Connection, sql: str) -> None:
        """Called before a statement; raises, or makes SQLite refuse it by itself."""
        if not self.hits(sql):
            return
        if self.fault is Fault.READ_ONLY:
            sqlite3.Connection.execute(connection, "PRAGMA query_only=ON").close()
            return
        if self.fault is Fault.STORED_BUT_FAILED:
            sqlite3.Connection.commit(connection)
        self.failed += 1
        code, words = _CODES[self.fault]
        error = sqlite3.OperationalError(words)
        error.sqlite_errorcode = code
        raise error

    def after(self, connection: sqlite3.Connection) -> None:
        """Called after a statement."""
        if self.fault is Fault.READ_ONLY:
            sqlite3.Connection.execute(connection, "PRAGMA query_only=OFF").close()


def failing(script: Script) -> type[sqlite3.Connection]:
    """A connection class whose writes follow ``script``."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
            script.before(self.connection, sql)
            try:
                super().execute(sql, parameters)
            except sqlite3.OperationalError:
                script.failed += 1
                raise
            finally:
                script.after(self.connection)
            return self

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
            script.before(self.connection, sql)
            try:
                super().executemany(sql, parameters)
            except sqlite3.OperationalError:
                script.failed += 1
                raise
            finally:
                script.after(self.connection)
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(factory or Cursor)

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            return Cursor(self).execute(sql, parameters)

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
            return Cursor(self).executemany(sql, parameters)

        def commit(self) -> None:
            (reads_only,) = super().execute("PRAGMA query_only").fetchone()
            if self.in_transaction and not reads_only:
                script.before(self, "COMMIT")
            try:
                super().commit()
            finally:
                script.after(self)

    return Connection


class FailingFiles(Files):
    """Files of which the writes to one name fail until healed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.broken = False
        self._path_of: dict[int, str] = {}

    def open_private(self, path: Path) -> BinaryIO:
        file = super().open_private(path)
        self._path_of[file.fileno()] = path.name
        return file

    def write_at(self, file: BinaryIO, offset: int, data: bytes) -> None:
        if self.broken and self._path_of.get(file.fileno()) == self.name:
            raise OSError(28, "No space left on device")
        super().write_at(file, offset, data)
