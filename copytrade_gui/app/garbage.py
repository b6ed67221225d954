"""When Python looks for cycles of garbage: little at a time, and never while orders leave.

Measured on a plan of 500: with the threshold at 50,000 objects one look falls into nearly every
burst and takes 25 to 40 ms; with Python's own 700 some 35 looks take 2.5 ms in all before the last
byte; held, none.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator

_YOUNG, _MIDDLE, _OLD = 700, 10, 10
_QUIET_S = 5.0
_EVERY_S = 60.0


class Collector:
    """Python's collector, held back while a wave is on its way. For one thread."""

    def __init__(self) -> None:
        self._held = 0
        self._busy_at = self._looked_at = time.monotonic()

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """No look while everything is made: nearly all of it stays, and ``calm`` comes next."""
        self._held += 1
        gc.disable()
        try:
            yield
        finally:
            self._held -= 1
            gc.enable()

    def calm(self) -> None:
        """What lives now lives all day: look at it once and then leave it alone."""
        gc.collect()
        gc.freeze()
        # Python looks at the old only when a quarter as many are new, and counts the frozen among
        # the old until it has looked once more: five hundred logins would leave 40 MiB behind.
        gc.collect()
        gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """No look while this is open; what was made meanwhile is taken to live all day.

        Orders do. A cycle that dies later stays until the program ends, so that what is done for
        each order, call and read makes none (``tests/house/cycles.py``): the replies of reads that
        were in one cost 3 KB an order. Of a connection that closes a KB stays, asyncio's own cycle.
        """
        self._held += 1
        gc.disable()
        try:
            yield
        finally:
            self._held -= 1
            self._busy_at = time.monotonic()
            if not self._held:
                gc.freeze()
                gc.enable()

    def quiet(self) -> bool:
        """True when no wave is on its way, nor was some seconds ago."""
        return not self._held and time.monotonic() - self._busy_at >= _QUIET_S

    def tidy(self) -> None:
        """Look at everything young, once a minute, when no wave was near for some seconds."""
        now = time.monotonic()
        if self.quiet() and now - self._looked_at >= _EVERY_S:
            self._looked_at = now
            gc.collect()
            gc.freeze()
