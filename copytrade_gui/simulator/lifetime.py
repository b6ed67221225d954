"""When the process ends: told to, with its parent, or after nobody has used it for long."""

import asyncio
from collections.abc import Callable

LONGEST_S = 7 * 86_400.0
_TICK_S = 15.0
_ANSWER_S = 0.1


class Lifetime:
    """Ends the process by calling ``stop`` once its time is over.

    It goes with its parent until it is told to `stay`. Then it outlives the parent, and ends when
    nobody has used it for as long as it was told, counted while the machine is awake.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._parent_left = False
        self.idle_s = 0.0
        """How long it stays unused; 0: it goes with its parent."""

    def stay(self, idle_s: float) -> None:
        """Stay until nobody has used it for so many seconds; 0: go with the parent again."""
        self.idle_s = idle_s
        if self._parent_left and not idle_s:
            self._stop()

    def parent_left(self) -> None:
        """The process that started it is gone."""
        self._parent_left = True
        if not self.idle_s:
            self._stop()

    def end_soon(self) -> None:
        """End once whoever asked for it has his answer."""
        asyncio.get_running_loop().call_later(_ANSWER_S, self._stop)

    async def watch(self, in_use: Callable[[], bool]) -> None:
        """Look now and then whether anybody uses it. Runs until cancelled."""
        loop = asyncio.get_running_loop()
        unused, looked = 0.0, loop.time()
        while True:
            tick = min(_TICK_S, self.idle_s / 4) or _TICK_S
            await asyncio.sleep(tick)
            # A machine that slept for a night counts as one look, or the broker would be gone
            # before the console beside it could speak again.
            passed, looked = min(loop.time() - looked, 2 * tick), loop.time()
            unused = 0.0 if in_use() or not self.idle_s else unused + passed
            if self.idle_s and unused >= self.idle_s:
                self._stop()
                return
