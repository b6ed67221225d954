"""One timer for all waiting replies, instead of one each."""

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[..., None]


class Timers:
    """Runs callbacks at due times of one event loop; all that are due together run together.

    With a fixed latency nearly everything comes in the order in which it falls due: that waits in
    a plain queue. What falls due before something that waits already goes onto a heap.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: deque[tuple[float, Action, tuple[object, ...]]] = deque()
        self._heap: list[tuple[float, int, Action, tuple[object, ...]]] = []
        self._count = 0
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0.0

    def after(self, delay_ms: float, action: Action, *arguments: object) -> None:
        """Run an action once, `delay_ms` from now."""
        self.at(self._loop.time() + delay_ms / 1000.0, action, *arguments)

    def at(self, due: float, action: Action, *arguments: object) -> None:
        """Run an action once at a time of the loop's clock, in seconds."""
        queue = self._queue
        if not queue or due >= queue[-1][0]:
            queue.append((due, action, arguments))
        else:
            self._count += 1
            heappush(self._heap, (due, self._count, action, arguments))
        if self._handle is None or due < self._next:
            self._arm(due)

    def stop(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
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
        queue, heap = self._queue, self._heap
        now = self._loop.time()
        while True:
            if queue and queue[0][0] <= now and not (heap and heap[0][0] < queue[0][0]):
                _, action, arguments = queue.popleft()
            elif heap and heap[0][0] <= now:
                _, _, action, arguments = heappop(heap)
            else:
                break
            action(*arguments)
        waiting = [entries[0][0] for entries in (queue, heap) if entries]
        if waiting and self._handle is None:
            self._arm(min(waiting))
