"""An exact rolling-window limiter: never more than n calls in any second.

A token bucket lets up to twice its rate through within one second; a broker that counts windows
would see it (docs/safety.md 12).
"""

from __future__ import annotations

from collections import deque

_SECOND_NS = 1_000_000_000
_GUARD_NS = 5_000_000
"""Broker and we do not see a request at the same instant; 5 ms keep its window on our side."""

_WINDOW_NS = _SECOND_NS + _GUARD_NS


class RollingWindow:
    """Counts calls in the last second. ``reserve`` sets slots apart for urgent callers."""

    __slots__ = ("_earlier", "_halved_until_ns", "_limit", "_newest_ns", "_reserve")

    def __init__(self, per_second: int, *, reserve: int = 0) -> None:
        self._limit = per_second
        self._reserve = reserve
        self._newest_ns = -_WINDOW_NS
        self._earlier: deque[int] = deque()
        """Slots taken before the newest. Most windows of a wave are empty, and five hundred of
        these need not even be looked at then."""
        self._halved_until_ns = 0

    def take(self, now_ns: int, *, urgent: bool = False) -> bool:
        """Take a slot at monotonic ``now_ns``; False if none is free."""
        if self._newest_ns > now_ns - _WINDOW_NS:
            if self.free_at(now_ns, urgent=urgent) > now_ns:
                return False
            self._earlier.append(self._newest_ns)
        self._newest_ns = now_ns
        return True

    def free_at(self, now_ns: int, *, urgent: bool = False) -> int:
        """Monotonic ns at which a slot is free: ``now_ns`` if one is free already."""
        past, earlier, newest = now_ns - _WINDOW_NS, self._earlier, self._newest_ns
        if newest <= past:
            return now_ns
        while earlier and earlier[0] <= past:
            earlier.popleft()
        limit = self._limit if urgent else self._limit - self._reserve
        if now_ns < self._halved_until_ns:
            limit = max(1, limit // 2)
        excess = len(earlier) + 1 - limit
        if excess < 0:
            return now_ns
        return (earlier[excess] if excess < len(earlier) else newest) + _WINDOW_NS

    def halve_until(self, mono_ns: int) -> None:
        """Use half the rate until ``mono_ns``: what a 429 asks for."""
        self._halved_until_ns = max(self._halved_until_ns, mono_ns)
