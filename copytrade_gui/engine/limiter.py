"""An exact rolling-window limiter: never more than n calls in any second.

A token bucket lets up to twice its rate through within one second; a broker that counts windows
would see it (order-safety section 12).
"""

from __future__ import annotations

from collections import deque

_SECOND_NS = 1_000_000_000
_GUARD_NS = 5_000_000
"""Broker and we do not see a request at the same instant; 5 ms keep its window on our side."""

_WINDOW_NS = _SECOND_NS + _GUARD_NS


class RollingWindow:
    """Counts calls in the last second. ``reserve`` sets slots apart for urgent callers."""

    __slots__ = ("_halved_until_ns", "_limit", "_reserve", "_taken")

    def __init__(self, per_second: int, *, reserve: int = 0) -> None:
        self._limit = per_second
        self._reserve = reserve
        self._taken: deque[int] = deque()
        self._halved_until_ns = 0

    def take(self, now_ns: int, *, urgent: bool = False) -> bool:
        """Take a slot at monotonic ``now_ns``; False if none is free."""
        taken = self._taken
        if taken and taken[-1] <= now_ns - _WINDOW_NS:  # all of it is past
            taken.clear()
        elif taken and self.free_at(now_ns, urgent=urgent) > now_ns:
            return False
        taken.append(now_ns)
        return True

    def free_at(self, now_ns: int, *, urgent: bool = False) -> int:
        """Monotonic ns at which a slot is free: ``now_ns`` if one is free already."""
        while self._taken and self._taken[0] <= now_ns - _WINDOW_NS:
            self._taken.popleft()
        limit = self._limit if urgent else self._limit - self._reserve
        if now_ns < self._halved_until_ns:
            limit = max(1, limit // 2)
        excess = len(self._taken) - limit
        if excess < 0:
            return now_ns
        return self._taken[excess] + _WINDOW_NS

    def halve_until(self, mono_ns: int) -> None:
        """Use half the rate until ``mono_ns``: what a 429 asks for."""
        self._halved_until_ns = max(self._halved_until_ns, mono_ns)
