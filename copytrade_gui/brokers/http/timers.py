"""One timer for many waits: deadlines and keep-alives of every order connection share it.

Waits are rounded up to a grain and kept in buckets, so 500 deadlines cost one timer of the loop
(on Windows a program has only about 10,000 of those) and cancelling one costs nothing.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable

from copytrade_gui.ports import Clock, Timer

log = logging.getLogger(__name__)

GRAIN_NS = 20_000_000
"""Buckets are 20 ms wide: a wait ends up to that much late and never early."""


class Wait:
    """One wait on the timers. Cancelling twice, or after it ended, is harmless."""

    __slots__ = ("_call", "_timers")

    def __init__(self, timers: Timers, call: Callable[[], None]) -> None:
        self._timers = timers
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget it."""
        if self._call is not None:
            self._call = None
            self._timers._forget_one()

    def _take(self) -> Callable[[], None] | None:
        call, self._call = self._call, None
        return call


class Timers:
    """Buckets of waits on a clock. Not for use from another thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[int, list[Wait]] = {}
        self._due: list[int] = []
        self._live = 0
        self._timer: Timer | None = None
        self._timer_bucket = 0

    def after(self, seconds: float, call: Callable[[], None], now_ns: int = 0) -> Wait:
        """Run ``call`` once, ``seconds`` from now or up to one grain later.

        ``now_ns`` is for callers that have just looked at the clock.
        """
        at_ns = (now_ns or self._clock.mono_ns()) + int(seconds * 1e9)
        bucket = -(-at_ns // GRAIN_NS)
        wait = Wait(self, call)
        waits = self._buckets.get(bucket)
        if waits is None:
            self._buckets[bucket] = [wait]
            heapq.heappush(self._due, bucket)
            if self._timer is None or bucket < self._timer_bucket:
                self._wind(bucket)
        else:
            waits.append(wait)
        self._live += 1
        return wait

    def close(self) -> None:
        """Forget every wait; nothing is called any more."""
        for waits in self._buckets.values():
            for wait in waits:
                wait._take()
        self._live = 0
        self._clear()

    def _wind(self, bucket: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_bucket = bucket
        left_ns = bucket * GRAIN_NS - self._clock.mono_ns()
        self._timer = self._clock.call_later(max(left_ns, 0) / 1e9, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._clock.mono_ns() // GRAIN_NS
        while self._due and self._due[0] <= now:
            for wait in self._buckets.pop(heapq.heappop(self._due), ()):
                call = wait._take()
                if call is None:
                    continue
                self._live -= 1
                try:
                    call()
                except Exception:
                    # One channel's bug must not take the deadlines of the others with it.
                    log.exception("a wait on the timers failed")
        # A call may have wound the timer again, but not necessarily for the next bucket.
        if self._due:
            self._wind(self._due[0])

    def _forget_one(self) -> None:
        self._live -= 1
        if self._live == 0:
            self._clear()

    def _clear(self) -> None:
        self._buckets.clear()
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
