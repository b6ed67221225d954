"""Moves SQLite's log into its file while nobody waits for the disk, or when it grows too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from copytrade_gui.ports import Clock, Timer
from copytrade_gui.storage.database import Database

IDLE_SECONDS = 2.0
LONGEST_LOG = 32 * 1024 * 1024
"""Bytes; a log that is longer and still written to is moved all the same."""


class IdleCheckpoints:
    """A checkpoint when nothing was written for ``IDLE_SECONDS``; ``moved`` is called after it."""

    def __init__(self, database: Database, clock: Clock, moved: Callable[[], None]) -> None:
        self._database = database
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
        if self._task is None and (not busy or self._log_bytes() > LONGEST_LOG):
            self._task = asyncio.get_running_loop().create_task(
                self._checkpoint(whole=busy), name="journal checkpoint"
            )

    def _log_bytes(self) -> int:
        path = self._database.path
        try:
            return path.with_name(path.name + "-wal").stat().st_size
        except OSError:
            return 0

    async def _checkpoint(self, *, whole: bool) -> None:
        try:
            await self._database.checkpoint(whole=whole)
            self._moved()
        finally:
            self._task = None
