"""The fast order channel: one warm connection per account, no task per order.

What it promises (docs/safety.md 4, 5): a request is written at once or waits in line
on this channel only; never two on the connection at one time; never written twice; and it knows
whether ``write`` was called, which is what separates NotSent from Unknown.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial

from copytrade_gui.brokers.http.calls import (
    CallJob,
    Job,
    KeepAliveJob,
    PlaceJob,
    ReplyJudge,
)
from copytrade_gui.brokers.http.channel import MAX_REPLY, ChannelNeeds, not_held
from copytrade_gui.brokers.http.connection import Connection
from copytrade_gui.brokers.http.http_call import DeadlinePassedError, HttpReply
from copytrade_gui.brokers.http.pool import Pool, backoff_s
from copytrade_gui.brokers.http.reasons import reason_of, silence_of
from copytrade_gui.brokers.http.timers import Wait
from copytrade_gui.domain.ids import Tag
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import PlaceReply, PreparedOrder, Silence

log = logging.getLogger(__name__)

_KEEP_ALIVE_REPLY_S = 5.0
_OPEN_S = 30.0


class WarmChannel:
    """``Channel`` over a connection of its own. Not for use from another thread."""

    # A wave looks at five hundred of these: without dictionaries more of them stay in the cache.
    __slots__ = (
        "_active_ns",
        "_busy",
        "_clock",
        "_closed",
        "_connecting",
        "_failures",
        "_head",
        "_head_for",
        "_hung_up_after_s",
        "_keeping",
        "_kept",
        "_launched",
        "_launched_ns",
        "_line",
        "_mono_ns",
        "_needs",
        "_place_head",
        "_pool",
        "_prepare",
        "_prepared",
        "_read_request",
        "_replies",
        "_request",
        "_retry",
        "_why_held",
        "_wire",
    )  # fmt: skip

    def __init__(self, needs: ChannelNeeds, pool: Pool) -> None:
        self._needs = needs
        self._pool = pool
        self._clock = pool.clock
        self._mono_ns = pool.clock.mono_ns
        calls, headers = needs.calls, needs.headers
        self._place_head = pool.head("POST", calls.place_path, headers)
        self._head, self._head_for = b"", -1
        """The whole head of an order whose body has so many bytes."""
        self._prepare = calls.prepare
        self._read_request = pool.head("GET", calls.idle_path, headers) + b"0\r\n\r\n"
        self._replies = ReplyJudge(calls.judge, pool.unanswered)
        self._wire: Connection | None = None
        self._busy: Job | None = None
        self._prepared: PreparedOrder | None = None
        self._request = b""
        self._launched: PreparedOrder | None = None
        self._launched_ns = 0
        self._line: deque[Job] = deque()
        self._connecting: asyncio.Task[None] | None = None
        self._retry: Wait | None = None
        self._keeping: Wait | None = None
        self._failures = 0
        self._active_ns = 0
        self._hung_up_after_s: float | None = None
        self._kept = False
        self._closed = False
        self._why_held: Callable[[Tag], str] = not_held

    # ------------------------------------------------------------ OrderChannel

    @property
    def warm(self) -> bool:
        """True while the connection is open, so that an order needs no handshake."""
        wire = self._wire
        if wire is None or self._closed:
            return False
        return wire.ready or self._busy is not None

    def obey(self, why_held: Callable[[Tag], str]) -> None:
        """Hold orders that wait here when ``why_held`` says so; see ``OrderChannel``."""
        self._why_held = why_held

    def prepare(self, terms: OrderTerms, tag: Tag) -> PreparedOrder:
        """Encode a place request; see ``OrderCalls.prepare``."""
        order = self._prepared = self._prepare(terms, tag)
        self._request = self._whole(order)
        return order

    def place(
        self, order: PreparedOrder, deadline_ms: int, done: Callable[[PlaceReply], None]
    ) -> None:
        """Write now if the connection is free; see ``OrderChannel``."""
        seconds = deadline_ms / 1000
        if self._launched is order:
            sent_ns = self._launched_ns
            self._launched = None
            job = self._busy = PlaceJob(b"", done, self._replies, sent_ns)
            job.wait = self._pool.timers.after(seconds, partial(self._late, job, seconds), sent_ns)
            return
        self._take(PlaceJob(self._request_of(order), done, self._replies, tag=order.tag), seconds)

    def launch(self, order: PreparedOrder) -> None:
        """Write it, if the connection is free; see ``OrderChannel``."""
        wire = self._wire
        if wire is None or self._line or self._closed:
            return
        now_ns = self._mono_ns()
        if wire.send(self._request_of(order), MAX_REPLY):
            self._launched, self._launched_ns = order, now_ns

    def _request_of(self, order: PreparedOrder) -> bytes:
        return self._request if self._prepared is order else self._whole(order)

    def _whole(self, order: PreparedOrder) -> bytes:
        payload = order.payload
        if len(payload) != self._head_for:  # hardly ever: tags are of one length
            self._head_for = len(payload)
            self._head = b"%b%d\r\n\r\n" % (self._place_head, self._head_for)
        return self._head + payload

    # ------------------------------------------------------------ Channel

    async def open(self) -> None:
        """Connect and stay connected. If connected already, prove it with a cheap read."""
        if self._closed:
            return
        self._kept = True
        if self._wire is None:
            self._connect()
            if self._connecting is not None:
                await asyncio.wait([self._connecting])
            return
        answered = asyncio.get_running_loop().create_future()
        self._take(KeepAliveJob(self._read_request, answered), _OPEN_S)
        await answered

    async def spare_call(
        self, method: str, path: str, body: bytes, seconds: float
    ) -> HttpReply | None:
        """Do one call if it is free: a change must not wait behind an order's reply."""
        wire = self._wire
        if wire is None or self._line or self._closed:
            return None
        head = self._pool.head(method, path, self._needs.headers)
        request = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        sent_ns = self._clock.mono_ns()
        if not wire.send(request, MAX_REPLY):
            return None
        answer: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        job = self._busy = CallJob(request, answer)
        job.sent_ns = sent_ns
        job.wait = self._pool.timers.after(seconds, partial(self._late, job, seconds))
        return await answer

    async def drop(self) -> None:
        """Close the connection and open another one at once if it is kept; see ``Channel``."""
        self._refuse_line("the connection was dropped before it left")
        connecting = self._connecting
        if connecting is not None:
            connecting.cancel()  # begun on a network that may be gone
            await asyncio.wait([connecting])
            if self._connecting is connecting:  # it ended before its first step
                self._connecting = None
        self._failures = 0
        self._let_go("the connection was dropped while the reply was outstanding")
        self._reconnect()

    async def aclose(self) -> None:
        """Close for good."""
        self._closed = True
        for wait in (self._retry, self._keeping):
            if wait is not None:
                wait.cancel()
        connecting = self._connecting
        if connecting is not None:
            connecting.cancel()
            await asyncio.wait([connecting])
        self._let_go("the session was closed while the reply was outstanding")
        self._refuse_line("the session was closed")
        # The transport tells its protocol in the loop's next round; leave nothing behind.
        await asyncio.sleep(0)

    # ------------------------------------------------------------ the line

    def _take(self, job: Job, seconds: float) -> None:
        if self._closed:
            loop = asyncio.get_running_loop()
            loop.call_soon(job.unsent, "the session is closed", self._clock.mono_ns())
            return
        if isinstance(job, PlaceJob) and (why := self._why_held(job.tag)):
            asyncio.get_running_loop().call_soon(job.unsent, why, self._clock.mono_ns())
            return
        wire = self._wire
        if wire is not None and wire.ready and not self._line:
            self._write(wire, job)
        else:
            self._line.append(job)
            if wire is None:
                self._connect()
        job.wait = self._pool.timers.after(seconds, partial(self._late, job, seconds))

    def _write(self, wire: Connection, job: Job) -> None:
        self._busy = job
        job.sent_ns = self._clock.mono_ns()
        if not wire.send(job.request, MAX_REPLY):
            raise RuntimeError("a request was written to a connection that is not ready")

    def _next(self) -> None:
        while self._line and (wire := self._wire) is not None and wire.ready:
            job = self._line.popleft()
            if isinstance(job, PlaceJob) and (why := self._why_held(job.tag)):
                job.unsent(why, self._clock.mono_ns())
            else:
                self._write(wire, job)

    def _late(self, job: Job, seconds: float) -> None:
        if self._busy is job:
            # Its reply may still come, so this connection is of no use to anyone else.
            self._let_go(f"no reply within {seconds:g} s")
            self._reconnect()
        elif job in self._line:
            self._line.remove(job)
            alone = self._wire is None
            reason = "no connection" if alone else "waited behind another order"
            silence = Silence.NETWORK if alone else None
            job.unsent(f"{reason} for {seconds:g} s", self._clock.mono_ns(), silence)

    def _let_go(self, reason: str) -> None:
        """Drop the connection; what is out on it is lost."""
        wire, self._wire = self._wire, None
        job, self._busy = self._busy, None
        self._launched = None
        if wire is not None:
            wire.drop()
        if job is not None:
            job.lost(reason, self._clock.mono_ns())

    def _refuse_line(self, reason: str, silence: Silence | None = None) -> None:
        # A listener may place again at once; that order starts a line of its own.
        line, self._line = self._line, deque()
        for job in line:
            job.unsent(reason, self._clock.mono_ns(), silence)

    # ------------------------------------------------------------ ConnectionOwner

    def replied(self, wire: Connection, reply: HttpReply, *, keep: bool) -> None:
        """A whole reply came: it belongs to the one job that is out."""
        job, self._busy = self._busy, None
        self._active_ns = now_ns = self._clock.mono_ns()
        trusted = job is not None and job.judge(reply)
        if not trusted:
            wire.drop()
        if not (keep and trusted):
            self._wire = None
        # The connection is in order before anybody hears: the listener may place the next order.
        # A bad answer may hold what waits behind it, so that its own is heard before.
        if isinstance(job, PlaceJob) and (not self._line or job.accepted):
            self._pool.reply_queue.put(job, now_ns)
        elif job is not None:
            job.tell(now_ns)
        self._reconnect()
        self._next()

    def broken(self, wire: Connection, reason: str, *, quietly: bool) -> None:
        """The connection is gone; open another one."""
        if wire is not self._wire:
            return
        idle = self._busy is None
        self._let_go(reason)
        if idle and quietly:
            self._hung_up_after_s = (self._clock.mono_ns() - self._active_ns) / 1e9
        elif not quietly:
            log.info("order connection lost account=%s: %s", self._needs.account_id, reason)
        self._reconnect()

    # ------------------------------------------------------------ connecting

    def _reconnect(self) -> None:
        if self._wire is None and (self._kept or self._line):
            self._connect()

    def _connect(self) -> None:
        if self._closed or self._wire is not None or self._connecting is not None:
            return
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._connecting = asyncio.get_running_loop().create_task(self._try_to_connect())

    async def _try_to_connect(self) -> None:
        try:
            wire = await self._pool.open(self, self._needs.way)
        except asyncio.CancelledError:
            self._connecting = None
            self._refuse_line("the session was closed")
            raise
        except (OSError, DeadlinePassedError) as error:
            self._connecting = None
            self._failed(error)
        except Exception as error:
            log.exception("connecting failed oddly account=%s", self._needs.account_id)
            self._connecting = None
            self._failed(error)
        else:
            self._connecting = None
            self._connected(wire)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        slow = isinstance(error, DeadlinePassedError)
        reason = "no connection in time" if slow else reason_of(error)
        if self._failures == 1:
            log.info("order connection not open account=%s: %s", self._needs.account_id, reason)
        self._refuse_line(f"could not connect: {reason}", silence_of(error))
        if self._kept and not self._closed and self._connecting is None:
            pause = backoff_s(self._needs.account_id, self._failures)
            self._retry = self._pool.timers.after(pause, self._connect)

    def _connected(self, wire: Connection) -> None:
        self._active_ns = self._clock.mono_ns()
        if self._closed or not wire.ready:
            # It was closed again between the handshake and now.
            wire.drop()
            self._failed(ConnectionResetError())
            return
        if self._hung_up_after_s is not None and not self._failures:
            # It hangs up on us but takes us back at once: not a restart, an idle limit.
            self._pool.hung_up(self._hung_up_after_s)
        self._hung_up_after_s = None
        self._failures = 0
        self._wire = wire
        self._needs.left_from(wire.left_from)
        if self._kept:
            self._keep_later(self._pool.keep_alive_s)
        # Bytes that lie in the socket already are a reply to nothing. Two rounds of the loop let
        # them be read, and the connection be dropped, before an order could be taken for theirs.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._next)

    # ------------------------------------------------------------ warm keeping

    def _keep_later(self, seconds: float) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        self._keeping = self._pool.timers.after(seconds, self._keep_alive)

    def _keep_alive(self) -> None:
        """Read something cheap if nothing went over the connection for long enough."""
        left = self._pool.keep_alive_s - (self._clock.mono_ns() - self._active_ns) / 1e9
        wire = self._wire
        if left > 0.05:
            self._keep_later(left)
            return
        if wire is not None and wire.ready and not self._line:
            self._take(KeepAliveJob(self._read_request, None), _KEEP_ALIVE_REPLY_S)
        self._keep_later(self._pool.keep_alive_s)
