"""``Database`` in the caller's thread: nothing ever waits. For simulation and short tools."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import Transaction

from copytrade_gui.storage.database import ERRORS, copy_live, copy_open, move_log, truncate_log
from copytrade_gui.storage.engines import (
    Connecting,
    SqliteFailedError,
    failure_from,
    inline_engine,
)
from copytrade_gui.storage.files import Files
from copytrade_gui.storage.rows import Rows, run_rows

log = logging.getLogger(__name__)

T = TypeVar("T")


class InlineDatabase:
    """Everything in the caller's thread."""

    def __init__(self, path: Path, connecting: Connecting | None = None) -> None:
        self._path = path
        connecting = connecting or Connecting()
        self._write_engine = inline_engine(path, connecting)
        self._read_engine = inline_engine(path, connecting, read_only=True)
        self._laid_out: tuple[Sequence[Rows], Transaction] | None = None
        try:
            self._writer: Connection | None = self._write_engine.connect()
            self._reader = self._read_engine.connect()
        except ERRORS as error:
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

        def run() -> T:
            writer = self._connected()
            self._roll_back()
            with writer.begin():
                return work(writer)

        return self._tried(run)

    async def write_rows(
        self, batch: Sequence[Rows], meanwhile: Callable[[], bool] | None = None
    ) -> None:
        """Run a batch in one transaction; nothing waits here, so all else is done first."""
        _do_all(meanwhile)
        self.write_now(lambda connection: run_rows(connection, batch))

    async def lay_out(self, batch: Sequence[Rows]) -> None:
        """Run a batch in a transaction that stays open."""

        def run() -> None:
            writer = self._connected()
            self._roll_back()
            transaction = writer.begin()
            run_rows(writer, batch)
            self._laid_out = batch, transaction

        try:
            self._tried(run)
        except SqliteFailedError as error:
            log.info("a batch was not laid out: %s", error)

    async def commit_laid_out(
        self,
        batch: Sequence[Rows],
        rest: Sequence[Rows],
        meanwhile: Callable[[], bool] | None = None,
    ) -> bool:
        """Commit a batch that is laid out, and ``rest``."""
        laid_out, self._laid_out = self._laid_out, None
        if laid_out is None or laid_out[0] is not batch:
            self._laid_out = laid_out
            return False
        _do_all(meanwhile)

        def run() -> None:
            with laid_out[1]:
                run_rows(self._connected(), rest)

        self._tried(run)
        return True

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        return self.read_now(work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """As ``read``, for callers without a loop."""
        try:
            with self._reader.begin():
                return work(self._reader)
        except ERRORS as error:
            raise failure_from(error) from error

    async def checkpoint(self, *, whole: bool = False) -> None:
        """Move the log into the file; nobody writes meanwhile, so it is always whole."""
        if whole:
            self._roll_back()
        try:
            move_log(self._reader, "PASSIVE")
        except ERRORS as error:
            log.warning("checkpoint failed: %s", error)

    async def rescue(self, target: Path, files: Files) -> None:
        """Copy what is open."""
        driver = self._reader.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows SQLAlchemy's Any
        copy_open(driver, target, files)

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database."""
        copy_live(self._path, target, files)

    async def close(self) -> None:
        """Close."""
        self.close_now()

    def close_now(self) -> None:
        """As ``close``, for callers without a loop."""
        self._reader.close()
        if self._writer is not None:
            try:
                self._roll_back()
                truncate_log(self._writer)
                self._writer.close()
            except ERRORS as error:
                log.warning("closing the database failed: %s", error)
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _connected(self) -> Connection:
        if self._writer is None:
            self._writer = self._write_engine.connect()
        return self._writer

    def _roll_back(self) -> None:
        laid_out, self._laid_out = self._laid_out, None
        if laid_out is not None:
            laid_out[1].rollback()

    def _tried(self, run: Callable[[], T]) -> T:
        try:
            return run()
        except ERRORS as error:
            self._reconnect_if_stuck()
            raise failure_from(error) from error
        except SqliteFailedError:
            self._reconnect_if_stuck()
            raise

    def _reconnect_if_stuck(self) -> None:
        self._laid_out = None
        writer = self._writer
        if writer is None:
            return
        try:
            driver = writer.connection.driver_connection
            stuck = not isinstance(driver, sqlite3.Connection) or driver.in_transaction
            writer.rollback()
        except ERRORS:
            stuck = True
        if stuck:
            self._writer = None
            try:
                writer.invalidate()
                writer.close()
            except ERRORS as error:
                log.debug("dropping the writer: %s", error)


def _do_all(meanwhile: Callable[[], bool] | None) -> None:
    while meanwhile is not None and meanwhile():
        pass
