"""One timer for all waiting replies, instead of one each."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush


class Timers:
    """Runs callbacks at due times of one event loop; all that are due together run together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0.0

    def after(self, delay_ms: float, action: Callable[[], None]) -> None:
        """Run an action once, `delay_ms` from now."""
        due = self._loop.time() + delay_ms / 1000.0
        self._count += 1
        heappush(self._heap, (due, self._count, action))
        if self._handle is None or due < self._next:
            self._arm(due)

    def stop(self) -> None:
        """Forget everything that waits."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._next = due
        self._handle = self._loop.call_at(due, self._run)

    def _run(self) -> None:
        self._handle = None
        heap = self._heap
        now = self._loop.time()
        while heap and heap[0][0] <= now:
            heappop(heap)[2]()
        if heap and self._handle is None:
            self._arm(heap[0][0])
