"""News of all accounts on its way to be acted upon: replies to orders go first.

Right after a burst the broker sends several pieces of news for each of five hundred orders, while
their replies still come in. Acting on news costs several times what reading it costs; done at once,
the last reply would wait behind it in its socket, and somebody waits for that reply.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from copytrade_gui.ports import Clock

log = logging.getLogger(__name__)

PATIENCE_NS = 250_000_000
"""No news waits longer than this for replies."""
AT_ONCE = 25
_AGAIN_S = 0.002

Take = Callable[[str, bytes], None]


class FeedQueue:
    """Hands messages on in the order in which they came. ``busy`` tells that replies wait."""

    def __init__(self, clock: Clock, busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy
        self._waiting: deque[tuple[Take, str, bytes, int]] = deque()
        self._turning = False

    def put(self, take: Take, topic: str, payload: bytes) -> None:
        """A message came that ``take`` is for."""
        self._waiting.append((take, topic, payload, self._clock.mono_ns()))
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
        oldest_ns = self._waiting[0][3]
        if self._busy() and self._clock.mono_ns() - oldest_ns < PATIENCE_NS:
            self._clock.call_later(_AGAIN_S, self._turn)
            return
        for _ in range(min(AT_ONCE, len(self._waiting))):
            take, topic, payload, _at_ns = self._waiting.popleft()
            try:
                take(topic, payload)
            except Exception:
                # One account's bug must not keep the others' news.
                log.exception("news of the feed was not taken in topic=%s", topic)
        asyncio.get_running_loop().call_soon(self._turn)
