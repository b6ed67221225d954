"""What came over the feeds of all accounts, on its way to be read: replies to orders go first.

Right after a burst the broker sends several pieces of news for each of five hundred orders, while
their replies still come in. To read news and act on it costs several times what taking it from its
socket costs; done at once, the last reply would wait behind it, and somebody waits for that reply.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from copytrade_gui.ports import Clock

log = logging.getLogger(__name__)

PATIENCE_NS = 400_000_000
"""No news waits longer than this for replies."""
AT_ONCE = 10
"""Connections whose news is read before the sockets are looked at again."""
_AGAIN_S = 0.002


class FeedQueue:
    """Does what is put in, in its order. ``busy`` tells that replies are awaited."""

    def __init__(self, clock: Clock, busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._turning = False

    def put(self, work: Callable[[], None]) -> None:
        """Do this soon."""
        self._waiting.append((work, self._clock.mono_ns()))
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def close(self) -> None:
        """Forget what is left: whoever it was for is gone."""
        self._waiting.clear()

    def _turn(self) -> None:
        if not self._waiting:
            self._turning = False
            return
        if self._busy() and self._clock.mono_ns() - self._waiting[0][1] < PATIENCE_NS:
            self._clock.call_later(_AGAIN_S, self._turn)
            return
        for _ in range(min(AT_ONCE, len(self._waiting))):
            work, _since_ns = self._waiting.popleft()
            try:
                work()
            except Exception:
                # One account's bug must not keep the others' news.
                log.exception("news of a feed was not taken in")
        asyncio.get_running_loop().call_soon(self._turn)
