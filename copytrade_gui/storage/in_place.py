"""A batch on the writer's thread whose caller waits on the spot, for some milliseconds at most.

An order waits for this commit. Awaiting it would turn the loop, and each turn lets everybody else
in: with five hundred books under way that took 40 ms where the disk took 3. And while the caller
computes beside it, the writer's thread gets the interpreter only after a millisecond of asking, at
each of its statements. So the caller sleeps until SQLite works alone, does about as much other
work in that time as fits in, and sleeps again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from copytrade_gui.storage.rows import Rows, Run

PATIENCE_S = 0.05
"""A commit that takes longer (a locked file, a sick disk) is awaited: stops must get through."""
_ENDED = -1
_ROWS_A_PIECE = 30
"""Rows that SQLite inserts, at its fastest, in the time of one piece of the caller's other work.
The caller that does too little loses some microseconds; one that does too much delays the commit,
for the writer's thread gets the interpreter only after a millisecond of asking."""


class InPlace:
    """One commit: ``run`` on the writer's thread, the rest on the caller's."""

    def __init__(self, connection: sqlite3.Connection, how: Run, batch: Sequence[Rows]) -> None:
        self._connection = connection
        self._how = how
        self._batch = batch
        self._news: SimpleQueue[int] = SimpleQueue()
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Do it; never raises (see ``check``)."""
        try:
            self._how(self._connection, self._batch, self._news.put)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._failure = error
        self._news.put(_ENDED)

    def wait(self, meanwhile: Callable[[], bool]) -> bool:
        """Wait on the spot. False: it takes longer than anybody should stand still."""
        until = time.monotonic() + PATIENCE_S
        try:
            while (rows := self._news.get(timeout=max(0.0, until - time.monotonic()))) != _ENDED:
                for _ in range(max(1, rows // _ROWS_A_PIECE)):
                    if not meanwhile():
                        break
        except Empty:
            return False
        return True

    def check(self) -> None:
        """Raise what went wrong."""
        if self._failure is not None:
            raise self._failure
