"""The real clock and the real chance, for everything that is not a test."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from copytrade_gui.ports import Timer


class SystemClock:
    """Implements ``Clock`` on the running loop."""

    # The system's own functions, without a call of ours around them: orders ask often.
    wall_ns = staticmethod(time.time_ns)
    """UTC nanoseconds since 1970."""
    mono_ns = staticmethod(time.monotonic_ns)
    """Monotonic nanoseconds."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Run ``call`` on the running loop later."""
        return asyncio.get_running_loop().call_later(seconds, call)


class SystemChance:
    """Implements ``Chance``; jitter only, so no cryptographic source is needed."""

    def uniform(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``."""
        return random.uniform(low, high)  # noqa: S311 - spreads retries, protects nothing
