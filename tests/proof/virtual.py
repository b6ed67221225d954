"""Time that jumps: an asyncio loop that never waits, and the clock our code sees on it."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Mapping
from typing import Any

from copytrade_gui.ports import Timer

_MOST_TURNS = 2_000_000
"""Turns of the loop without time moving, after which something is spinning."""


class VirtualTime:
    """Nanoseconds since the simulated world began; only a loop moves it. Outlives loops."""

    def __init__(self, wall_start_ns: int) -> None:
        self.now_ns = 0
        self._wall_start_ns = wall_start_ns

    def wall_ns(self) -> int:
        """UTC ns since 1970."""
        return self._wall_start_ns + self.now_ns

    def mono_ns(self) -> int:
        """Monotonic ns, never 0."""
        return 1_000_000_000 + self.now_ns


class _JumpSelector(selectors.BaseSelector):
    """Where a real selector would wait for sockets, this one moves the time on."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self._turns = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits and no timer is set: nothing can ever happen")
        if timeout > 0:
            self._turns = 0
            self._time.now_ns += math.ceil(timeout * 1e9)
        else:
            self._turns += 1
            if self._turns > _MOST_TURNS:
                raise RuntimeError("the loop turns and turns, and no time passes")
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs callbacks as any loop; when nothing is ready, the time is that of the next timer."""

    def __init__(self, time: VirtualTime) -> None:
        self._virtual = time
        super().__init__(_JumpSelector(time))

    def time(self) -> float:
        return self._virtual.now_ns / 1e9


class VirtualClock:
    """``ports.Clock`` on a virtual time; timers belong to the running loop."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.wall_ns = time.wall_ns
        self.mono_ns = time.mono_ns

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)


class SurpriseError(SystemExit):
    """Something of ours failed where nobody could hear it; ends the run."""


def surprise(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """A loop's exception handler."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        raise SurpriseError(str(context.get("message"))) from error
