"""A batch on the writer's thread whose caller waits on the spot, for some milliseconds at most.

An order waits for this commit. Awaiting it would turn the loop, and each turn lets everybody else
in: with five hundred books under way that took 40 ms where the disk took 3. And while the caller
computes beside it, the writer's thread gets the interpreter only after a millisecond of asking, at
each of its statements. So the caller sleeps until only the disk is left, and then does other work
in small pieces, between which it listens.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from copytrade_gui.storage.rows import Rows, run_batch

PATIENCE_S = 0.05
"""A commit that takes longer (a locked file, a sick disk) is awaited: stops must get through."""
_LISTEN_S = 0.00002
"""Long enough for the writer's thread to take the interpreter if it asks for it."""


class InPlace:
    """One commit: ``run`` on the writer's thread, the rest on the caller's."""

    def __init__(self, connection: sqlite3.Connection, batch: Sequence[Rows]) -> None:
        self._connection = connection
        self._batch = batch
        self._news: SimpleQueue[bool] = SimpleQueue()
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Do it; never raises (see ``check``)."""
        try:
            run_batch(self._connection, self._batch, lambda: self._news.put(False))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._failure = error
        self._news.put(True)

    def wait(self, meanwhile: Callable[[], bool]) -> bool:
        """Wait on the spot. False: it takes longer than anybody should stand still."""
        until = time.monotonic() + PATIENCE_S
        ended = self._hears(PATIENCE_S)
        while not ended and time.monotonic() < until:
            if not meanwhile():
                return self._hears(until - time.monotonic())
            ended = self._hears(_LISTEN_S)
        return ended

    def check(self) -> None:
        """Raise what went wrong."""
        if self._failure is not None:
            raise self._failure

    def _hears(self, seconds: float) -> bool:
        try:
            return self._news.get(timeout=max(0.0, seconds))
        except Empty:
            return False
