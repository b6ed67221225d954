"""A clock that a test moves by hand, under real sockets."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.waiting import until

__all__ = ["Due", "SteeredClock", "until"]


@dataclass(order=True)
class Due:
    at_ns: int
    order: int
    call: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.call = None


class SteeredClock:
    """Stands still until `advance`."""

    def __init__(self) -> None:
        self._now_ns = 1_000_000_000
        self._due: list[Due] = []
        self._made = 0

    def wall_ns(self) -> int:
        return 1_790_000_000_000_000_000 + self._now_ns

    def mono_ns(self) -> int:
        return self._now_ns

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.call_later(seconds, woken.set)
        await woken.wait()

    def call_later(self, seconds: float, call: Callable[[], None]) -> Due:
        self._made += 1
        due = Due(self._now_ns + int(seconds * 1e9), self._made, call)
        heapq.heappush(self._due, due)
        return due

    def advance(self, seconds: float) -> None:
        """Move on, calling what falls due on the way, at its own time."""
        end = self._now_ns + int(seconds * 1e9)
        while self._due and self._due[0].at_ns <= end:
            due = heapq.heappop(self._due)
            self._now_ns = max(self._now_ns, due.at_ns)
            if due.call is not None:
                due.call()
        self._now_ns = end

    @property
    def waiting(self) -> int:
        """Timers that are set and not cancelled."""
        return sum(due.call is not None for due in self._due)
