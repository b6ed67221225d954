"""The one connection that writes: SQLAlchemy on SQLite, in whatever thread calls it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from copytrade_gui.storage.database.database import ERRORS, copy_open, move_log
from copytrade_gui.storage.database.engines import (
    Connecting,
    SqliteFailedError,
    failure_from,
    inline_engine,
)
from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)

T = TypeVar("T")


class Writer:
    """Runs one transaction after the other. All calls come from one thread."""

    def __init__(self, path: Path, connecting: Connecting) -> None:
        """Connect. Raises SqliteFailedError."""
        self._engine = inline_engine(path, connecting)
        try:
            self._connection: Connection | None = self._engine.connect()
        except ERRORS as error:
            self._engine.dispose()
            raise failure_from(error) from error

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one immediate, full-sync transaction. Raises SqliteFailedError.

        A transaction that fails is rolled back; if even that fails, the next one reconnects.
        """
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                return work(self._connection)
        except ERRORS as error:
            self._reconnect_if_stuck()
            raise failure_from(error) from error
        except SqliteFailedError:
            self._reconnect_if_stuck()
            raise

    def move_log(self) -> None:
        """Move the log into the file, so that it starts anew; failures are logged."""
        if self._connection is not None:
            try:
                move_log(self._connection, "PASSIVE")
            except ERRORS as error:
                log.warning("checkpoint failed: %s", error)

    def copy(self, target: Path, files: Files) -> None:
        """Copy what is open, also if its file is gone. Raises SqliteFailedError, OSError."""
        driver = None if self._connection is None else self._connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise OSError("the database is not open")
        copy_open(driver, target, files)

    def close(self) -> None:
        """Move the log into the file, and close; failures are logged."""
        if self._connection is not None:
            try:
                move_log(self._connection, "TRUNCATE")
                self._connection.close()
            except ERRORS as error:
                log.warning("closing the database failed: %s", error)
        self._engine.dispose()

    def _reconnect_if_stuck(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            driver = connection.connection.driver_connection
            stuck = not isinstance(driver, sqlite3.Connection) or driver.in_transaction
            connection.rollback()
        except ERRORS:
            stuck = True
        if stuck:
            self._connection = None
            try:
                connection.invalidate()
                connection.close()
            except ERRORS as error:
                log.debug("dropping the writer: %s", error)
