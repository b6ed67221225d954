"""After a wrong passphrase the next one waits 1, 2, 4 ... 60 s."""

from __future__ import annotations

from copytrade_gui.ports import Clock

LONGEST_WAIT = 60.0


class Tries:
    """Counts wrong ones in a row."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong = 0
        self._next_ns = 0

    async def wait(self) -> None:
        """Until the next one may be tried."""
        wait = (self._next_ns - self._clock.mono_ns()) / 1e9
        if wait > 0:
            await self._clock.sleep(wait)

    def failed(self) -> None:
        """It was wrong."""
        wait = min(2.0**self._wrong, LONGEST_WAIT)
        self._wrong += 1
        self._next_ns = self._clock.mono_ns() + round(wait * 1e9)

    def succeeded(self) -> None:
        """It was right."""
        self._wrong = self._next_ns = 0
