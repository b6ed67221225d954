"""Judged replies on their way to whoever placed the orders: all are read before any is acted on.

Acting on a reply costs several times as much as reading it. Done at once, the last of 500 replies
would wait in the socket behind all the others' consequences, and its time would be a lie.
"""

from __future__ import annotations

import asyncio
from collections import deque

from copytrade_gui.brokers.http.calls import Job
from copytrade_gui.ports import Clock

PATIENCE_NS = 20_000_000
"""Nobody waits longer than this while further replies pour in (docs/safety.md 4.7)."""
AT_ONCE = 25
"""Replies handed on before the sockets are looked at again."""


class ReplyQueue:
    """Hands replies on when no more come, or when the oldest has waited long enough."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Job, int]] = deque()
        self._turning = False
        self._put = 0
        self._seen = 0

    def put(self, job: Job, at_ns: int) -> None:
        """``job`` was judged; its reply was whole at monotonic ``at_ns``."""
        self._waiting.append((job, at_ns))
        self._put += 1
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def close(self) -> None:
        """Hand on what is left, now."""
        self._hand_on(len(self._waiting))

    def _turn(self) -> None:
        """Once in every turn of the loop, between looks at the sockets, while something waits."""
        if self._waiting:
            quiet = self._put == self._seen
            self._seen = self._put
            # While further replies pour in only those leave that have waited long enough.
            self._hand_on(AT_ONCE, None if quiet else self._clock.mono_ns() - PATIENCE_NS)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._turning = False

    def _hand_on(self, most: int, before_ns: int | None = None) -> None:
        """Hand on so many at most; with ``before_ns`` only those that were whole by then."""
        for _ in range(min(most, len(self._waiting))):
            if before_ns is not None and self._waiting[0][1] > before_ns:
                return
            job, at_ns = self._waiting.popleft()
            job.tell(at_ns)
