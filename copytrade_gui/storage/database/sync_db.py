"""``Database`` in the caller's thread: nothing ever waits. For simulation and short tools."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from copytrade_gui.storage.database.database import ERRORS, copy_live, move_log
from copytrade_gui.storage.database.engines import Connecting, failure_from, inline_engine
from copytrade_gui.storage.database.writer import Writer
from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)

T = TypeVar("T")


class InlineDatabase:
    """Everything in the caller's thread."""

    def __init__(self, path: Path, connecting: Connecting | None = None) -> None:
        self._path = path
        connecting = connecting or Connecting()
        self._read_engine = inline_engine(path, connecting, read_only=True)
        self._writer = Writer(path, connecting)
        try:
            self._reader = self._read_engine.connect()
        except ERRORS as error:
            self._writer.close()
            raise failure_from(error) from error

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction."""
        return self._writer.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on the reader."""
        try:
            with self._reader.begin():
                return work(self._reader)
        except ERRORS as error:
            raise failure_from(error) from error

    async def apart(self, call: Callable[[], T]) -> T:
        """Run ``call``; here it does hold others up."""
        return call()

    async def checkpoint(self, *, whole: bool = False) -> None:  # noqa: ARG002 - it always is
        """Move the log into the file; nobody writes meanwhile, so it is always whole."""
        try:
            move_log(self._reader, "PASSIVE")
        except ERRORS as error:
            log.warning("checkpoint failed: %s", error)

    async def rescue(self, target: Path, files: Files) -> None:
        """Copy what is open."""
        self._writer.copy(target, files)

    async def back_up(self, target: Path, files: Files) -> None:
        """Copy the live database."""
        copy_live(self._path, target, files)

    async def close(self) -> None:
        """Close."""
        self._reader.close()
        self._writer.close()
        self._read_engine.dispose()
