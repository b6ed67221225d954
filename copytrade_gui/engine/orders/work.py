"""The engine's background work: kept, named, reported when it fails, ended at stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count

from copytrade_gui.ports import Chance, Clock, Timer

log = logging.getLogger(__name__)


class Work:
    """Starts coroutines and timers that end with the engine."""

    def __init__(self, clock: Clock, chance: Chance, on_failure: Callable[[str], None]) -> None:
        self._clock = clock
        self._chance = chance
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[int, Timer] = {}
        self._numbers = count()
        self._closed = False

    def start(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run a coroutine; its failure is logged and reported once, never swallowed."""
        if self._closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Run ``call`` on this loop later, unless the engine stops first."""
        if self._closed:
            return
        # By number: a call that knew its own timer were a cycle (``app.garbage``).
        number = next(self._numbers)
        self._timers[number] = self._clock.call_later(seconds, partial(self._due, number, call))

    def jitter(self, most: float) -> float:
        """Seconds between 0 and ``most``."""
        return self._chance.uniform(0.0, most)

    async def stop(self) -> None:
        """Cancel timers and tasks and wait until they ended."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self, number: int, call: Callable[[], None]) -> None:
        del self._timers[number]
        call()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self._on_failure(f"{task.get_name()} failed: {error}")
