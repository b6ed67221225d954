"""The way to the broker for everything that is not on the order channel: one request, one reply.

An HTTP call is a seam. Behind it stand our own connections for what sessions read, httpx for logins
and contract files, and in a test rig a broker that lives in the same process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from copytrade_gui.ports import Clock, Silence

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a decoded reply that we are willing to hold (docs/safety.md 14.5)."""
MAX_ROWS = 20_000
"""Rows of a reply that we are willing to read (docs/safety.md 14.5)."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole reply. Header names are lower case; ``body`` is decoded of any content coding.

    ``sent_ns`` is the monotonic time at which the request was handed to the socket, 0 where that
    cannot be told. ``left_from`` is the local address of the connection if it was opened for this
    call, empty otherwise.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    sent_ns: int = 0
    left_from: str = ""


class NothingSentError(Exception):
    """Proven: no byte of the request left us. The text is one clause for the operator.

    ``silence`` says what kept us from connecting, None when nothing did.
    """

    def __init__(self, reason: str, *, silence: Silence | None = None) -> None:
        super().__init__(reason)
        self.silence = silence


class AnswerLostError(Exception):
    """A byte of the request may have left, and no readable reply came back.

    ``sent_ns`` is the monotonic time of the first byte, 0 if unknown. ``silence`` is None when
    something did come back, readable or not.
    """

    def __init__(self, reason: str, *, sent_ns: int = 0, silence: Silence | None = None) -> None:
        super().__init__(reason)
        self.sent_ns = sent_ns
        self.silence = silence


class HttpCall(Protocol):
    """One account's (or the broker's own) way in."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_BODY,
        why_held: Callable[[], str] | None = None,
    ) -> HttpReply:
        """Do one call; ``path`` begins with ``/`` and is added to the HTTP call's base address.

        ``timeout_s`` bounds the whole call and the HTTP call itself keeps it. Never retries, never
        follows a redirect. ``why_held`` is asked right before the first byte.

        Raises:
            NothingSentError: no byte left, perhaps because ``why_held`` gave this reason.
            AnswerLostError: a byte may have left, and there is no reply to judge.
        """

    async def drop(self) -> None:
        """Close its connections; the next call opens one. A call that is out loses its answer."""

    async def aclose(self) -> None:
        """Close its connections."""


class DeadlinePassedError(Exception):
    """The block inside ``deadline`` took too long and was stopped."""


@asynccontextmanager
async def deadline(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Stop the block after ``seconds`` of the given clock, which may be a virtual one.

    Raises:
        DeadlinePassedError: instead of the cancellation that stopped the block.
    """
    scope = asyncio.timeout(None)
    try:
        async with scope:
            # The scope's own timer would follow the loop's clock; ours decides when it is due.
            timer = clock.call_later(
                seconds, lambda: scope.reschedule(asyncio.get_running_loop().time())
            )
            try:
                yield
            finally:
                timer.cancel()
    except TimeoutError as error:
        if scope.expired():
            raise DeadlinePassedError from error
        raise
