"""Moves SQLite's logs into their files while nobody waits for the disk, or one grows too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from copytrade_gui.ports import Clock, Timer

IDLE_SECONDS = 2.0


LONGEST_LOG = 32 * 1024 * 1024
"""Bytes; a log that is longer and still written to is moved all the same."""


class HasLog(Protocol):
    """A file with a write-ahead log."""

    @property
    def path(self) -> Path:
        """The file."""

    async def checkpoint(self, *, whole: bool = False) -> None:
        """Move the log into the file; see ``Database.checkpoint``."""


class IdleCheckpoints:
    """A checkpoint when nothing was written for ``IDLE_SECONDS``; ``moved`` is called after it."""

    def __init__(self, files: Sequence[HasLog], clock: Clock, moved: Callable[[], None]) -> None:
        self._files = files
        self._clock = clock
        self._moved = moved
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None
        self._written_ns = 0
        self._closed = False

    def wrote(self) -> None:
        """Something was written just now."""
        self._written_ns = self._clock.mono_ns()
        if self._timer is None and not self._closed:
            self._timer = self._clock.call_later(IDLE_SECONDS, self._due)

    async def close(self) -> None:
        """No more checkpoints; wait for the one that runs."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _due(self) -> None:
        self._timer = None
        quiet = (self._clock.mono_ns() - self._written_ns) / 1e9
        busy = quiet < IDLE_SECONDS
        if busy:
            self._timer = self._clock.call_later(IDLE_SECONDS - quiet, self._due)
        if self._task is None and (not busy or any(map(_is_too_long, self._files))):
            self._task = asyncio.get_running_loop().create_task(
                self._checkpoint(whole=busy), name="journal checkpoint"
            )

    async def _checkpoint(self, *, whole: bool) -> None:
        try:
            for file in self._files:
                await file.checkpoint(whole=whole and _is_too_long(file))
            self._moved()
        finally:
            self._task = None


def _is_too_long(file: HasLog) -> bool:
    path = file.path
    try:
        return path.with_name(path.name + "-wal").stat().st_size > LONGEST_LOG
    except OSError:
        return False
