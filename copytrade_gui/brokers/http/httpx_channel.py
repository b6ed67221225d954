"""An order channel over an HTTP call: a task for each order.

This is the plain channel: over httpx for accounts whose way needs it, in a test rig over calls
inside the process. It judges replies by the same table as the fast channel.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from copytrade_gui.brokers.http.channel import MAX_REPLY, ChannelNeeds, not_held
from copytrade_gui.brokers.http.http_call import (
    AnswerLostError,
    DeadlinePassedError,
    HttpReply,
    NothingSentError,
    deadline,
)
from copytrade_gui.domain.ids import Tag
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import Clock, NotSent, PlaceReply, PreparedOrder, Unknown

log = logging.getLogger(__name__)

_CLOSED = "the session is closed"
_BACKSTOP_S = 0.5
"""How much later than its own deadline we stop waiting for a call that forgot it."""


class HttpxChannel:
    """``Channel`` over any HTTP call. ``always_warm`` is for calls without a network."""

    def __init__(self, needs: ChannelNeeds, clock: Clock, *, always_warm: bool = False) -> None:
        self._needs = needs
        self._clock = clock
        self._always_warm = always_warm
        self._tasks: dict[
            asyncio.Task[None], Callable[[], None]
        ] = {}  # in order, so that a run replays alike
        self._closed = False
        self._why_held: Callable[[Tag], str] = not_held

    @property
    def warm(self) -> bool:
        """False over httpx: each order makes a connection of its own (see ``HttpxCall``)."""
        return self._always_warm and not self._closed

    def obey(self, why_held: Callable[[Tag], str]) -> None:
        """Hold an order whose connection is being made when ``why_held`` says so."""
        self._why_held = why_held

    def prepare(self, terms: OrderTerms, tag: Tag) -> PreparedOrder:
        """Encode a place request; see ``OrderCalls.prepare``."""
        return self._needs.calls.prepare(terms, tag)

    def place(
        self, order: PreparedOrder, deadline_ms: int, done: Callable[[PlaceReply], None]
    ) -> None:
        """Start sending now; see ``OrderChannel``."""
        loop = asyncio.get_running_loop()
        if self._closed:
            reply = PlaceReply(NotSent(_CLOSED), 0, self._clock.mono_ns())
            loop.call_soon(done, reply)
            return
        heard: list[PlaceReply] = []
        task = loop.create_task(self._carry(order, deadline_ms / 1000, heard))
        self._tasks[task] = partial(self._tell, heard, done)
        task.add_done_callback(self._carried)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task)()

    def _tell(self, heard: list[PlaceReply], done: Callable[[PlaceReply], None]) -> None:
        """Pass on what the task heard; cancelled before its first step it sent nothing."""
        done(heard[0] if heard else PlaceReply(NotSent(_CLOSED), 0, self._clock.mono_ns()))

    async def _carry(self, order: PreparedOrder, seconds: float, heard: list[PlaceReply]) -> None:
        started_ns = self._clock.mono_ns()
        reply = PlaceReply(Unknown("stopped before the reply came"), started_ns, started_ns)
        try:
            reply = await self._ask(order, seconds, started_ns)
        except Exception:
            # A surprise is a bug of ours, but the order may be out: the caller must still hear.
            log.exception("order channel failed account=%s", self._needs.account_id)
            reply = PlaceReply(
                Unknown("an error of ours while sending"), started_ns, self._clock.mono_ns()
            )
        finally:
            heard.append(reply)

    async def _ask(self, order: PreparedOrder, seconds: float, started_ns: int) -> PlaceReply:
        try:
            async with deadline(self._clock, seconds + _BACKSTOP_S):
                answer = await self._needs.http_call.request(
                    "POST",
                    self._needs.calls.place_path,
                    headers=self._needs.headers,
                    body=order.payload,
                    timeout_s=seconds,
                    max_body=MAX_REPLY,
                    why_held=partial(self._why_held, order.tag),
                )
        except NothingSentError as error:
            return PlaceReply(NotSent(str(error), error.silence), 0, self._clock.mono_ns())
        except (AnswerLostError, DeadlinePassedError) as error:
            sent_ns = error.sent_ns if isinstance(error, AnswerLostError) else 0
            reason = str(error) or "no reply in time"
            return PlaceReply(Unknown(reason), sent_ns or started_ns, self._clock.mono_ns())
        replied_ns = self._clock.mono_ns()
        # Its address is known only now: unlike the fast channel it cannot hold its first order.
        self._needs.left_from(answer.left_from)
        outcome = self._needs.calls.judge(answer.status, answer.headers, answer.body)
        return PlaceReply(outcome, answer.sent_ns or started_ns, replied_ns)

    def launch(self, order: PreparedOrder) -> None:
        """Nothing: ``place`` sends it."""

    async def spare_call(
        self, method: str, path: str, body: bytes, seconds: float
    ) -> HttpReply | None:
        """None: the session's own HTTP call is the same way."""
        del method, path, body, seconds
        return None

    async def open(self) -> None:
        """Nothing to keep open."""

    async def aclose(self) -> None:
        """Stop what still waits; each order's caller hears Unknown."""
        self._closed = True
        await self.drop()

    async def drop(self) -> None:
        """Stop what still waits; its connections are the HTTP call's."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
