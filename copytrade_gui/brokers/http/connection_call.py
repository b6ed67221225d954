"""``HttpCall`` over our own connections: what reads of 500 accounts go by.

A general HTTP client takes more than a millisecond of the loop for one small reply, so that the
books of 500 accounts after one order would keep it busy for seconds; this takes a tenth of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from copytrade_gui.brokers.http.calls import FROM_THE_BROKER
from copytrade_gui.brokers.http.connection import Connection
from copytrade_gui.brokers.http.http_call import (
    MAX_BODY,
    AnswerLostError,
    DeadlinePassedError,
    HttpReply,
    NothingSentError,
    deadline,
)
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.reasons import reason_of, silence_of
from copytrade_gui.brokers.http.route import STRAIGHT, Way
from copytrade_gui.ports import Silence

_KEPT = 2
"""Connections that stay open between calls."""
_IDLE_KEPT_S = 30.0


class ConnectionCall:
    """``HttpCall`` whose connections carry one call at a time; some stay open for the next.

    A call that changes something below ``orders_path`` gets a connection of its own, used for
    nothing else before or after it. None: no orders go this way.
    """

    def __init__(self, pool: Pool, *, orders_path: str | None, way: Way = STRAIGHT) -> None:
        self._pool = pool
        self._clock = pool.clock
        self._orders_path = orders_path
        self._way = way
        self._free: list[_Line] = []
        self._out: set[_Line] = set()
        self._closed = False

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
        """Do one call; see ``HttpCall``."""
        if self._closed:
            raise NothingSentError("the connections are closed")
        line = _Line(self)
        request = self._request(method, path, headers, body or b"")
        changes = self._changes(method, path)
        sent_ns, keep = 0, False
        answer: asyncio.Future[HttpReply] | None = None
        try:
            async with deadline(self._clock, timeout_s):
                line = await self._line(line, fresh=changes)
                if why_held is not None and (why := why_held()):
                    raise NothingSentError(why)
                now_ns = self._clock.mono_ns()
                answer = line.send(request, max_body, now_ns)
                sent_ns = now_ns
                reply = await answer
                keep = not changes and reply.status in FROM_THE_BROKER
        except DeadlinePassedError as error:
            if sent_ns:
                silence = None if line.heard else Silence.NETWORK
                reason = f"no reply within {timeout_s:g} s"
                raise AnswerLostError(reason, sent_ns=sent_ns, silence=silence) from error
            raise NothingSentError(
                f"no connection within {timeout_s:g} s", silence=Silence.NETWORK
            ) from error
        except OSError as error:
            raise NothingSentError(reason_of(error), silence=self._silence(error)) from error
        finally:
            answer = None  # its error knows this frame: only Python's collector would free the two
            self._out.discard(line)
            if keep and line.ready and len(self._free) < _KEPT and not self._closed:
                line.idle_ns = self._clock.mono_ns()
                self._free.append(line)
            else:
                line.drop()
        return HttpReply(reply.status, reply.headers, reply.body, sent_ns, line.left_from)

    async def drop(self) -> None:
        """Close its connections; the next call opens one. A call that is out loses its answer."""
        free, self._free = self._free, []
        for line in (*free, *self._out):
            line.drop("the connection was dropped while the reply was outstanding")
        await asyncio.sleep(0)  # a transport tells its protocol in the loop's next round

    async def aclose(self) -> None:
        """Close its connections."""
        self._closed = True
        await self.drop()

    # ------------------------------------------------------------ inside

    def _changes(self, method: str, path: str) -> bool:
        orders = self._orders_path
        return orders is not None and method != "GET" and path.startswith(orders)

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        if not path.isascii() or not path.isprintable() or " " in path:
            raise NothingSentError("its path holds what no address can")
        all_headers = {"Accept": "*/*", "Accept-Encoding": "gzip", **headers}
        return b"%b%d\r\n\r\n%b" % (self._pool.head(method, path, all_headers), len(body), body)

    async def _line(self, made: _Line, *, fresh: bool) -> _Line:
        """A connection that nothing is out on, and on which nothing has come that nobody asked for.

        Raises:
            OSError: none could be opened.
        """
        old_ns = self._clock.mono_ns() - int(_IDLE_KEPT_S * 1e9)
        while self._free and not fresh:
            line = self._free.pop()
            if line.idle_ns > old_ns and await self._still_ready(line):
                return line
            line.drop()
        self._out.add(made)
        # A change waits for no other account's connection.
        gate = asyncio.Semaphore() if fresh else self._pool.reads_gate(self._way)
        made.wire = wire = await self._pool.open(made, self._way, gate)
        made.left_from = wire.left_from
        await _two_rounds()
        if made.dropped:
            raise ConnectionAbortedError("the connection was dropped")
        return made

    async def _still_ready(self, line: _Line) -> bool:
        """Whether nothing came on a kept connection meanwhile."""
        self._out.add(line)
        try:
            await _two_rounds()
        except asyncio.CancelledError:
            line.drop()
            raise
        finally:
            if not line.ready:
                self._out.discard(line)
        line.left_from = ""
        return line.ready

    def _silence(self, error: OSError) -> Silence | None:
        return None if self._closed else silence_of(error)

    def gone(self, line: _Line) -> None:
        """A connection that was kept is closed."""
        if line in self._free:
            self._free.remove(line)


class _Line:
    """``ConnectionOwner`` of one connection, and the call that is out on it."""

    __slots__ = (
        "_answer", "_call", "_sent_ns", "dropped", "idle_ns", "left_from", "wire",
    )  # fmt: skip

    def __init__(self, call: ConnectionCall) -> None:
        self._call = call
        self._answer: asyncio.Future[HttpReply] | None = None
        self.wire: Connection | None = None
        self.dropped = False
        self.idle_ns = 0
        self._sent_ns = 0
        self.left_from = ""

    @property
    def ready(self) -> bool:
        """A request may be written now."""
        return self.wire is not None and self.wire.ready and not self.dropped

    @property
    def heard(self) -> bool:
        """Something of the reply came."""
        return self.wire is not None and self.wire.heard

    def send(self, request: bytes, max_body: int, sent_ns: int) -> asyncio.Future[HttpReply]:
        """Write a request; its reply comes, or an AnswerLostError.

        Raises:
            OSError: nothing was written.
        """
        wire = self.wire
        answer: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        self._answer, self._sent_ns = answer, sent_ns
        if wire is None or not wire.send(request, max_body):
            self._answer = None
            raise ConnectionResetError
        return answer

    def drop(self, reason: str = "") -> None:
        """Close it; what is out on it is lost."""
        self.dropped = True
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.drop()
        self._lose(reason, Silence.NETWORK)

    def replied(self, wire: Connection, reply: HttpReply, *, keep: bool) -> None:
        """A whole reply came."""
        del wire, keep  # it is asked whether it is ready
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def broken(self, wire: Connection, reason: str, *, quietly: bool) -> None:
        """The connection is gone."""
        del quietly
        self.dropped = True
        self._lose(reason, None if wire.heard else Silence.NETWORK)
        self._call.gone(self)

    def _lose(self, reason: str, silence: Silence | None) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            lost = AnswerLostError(reason, sent_ns=self._sent_ns, silence=silence)
            answer.set_exception(lost)


async def _two_rounds() -> None:
    """Bytes and ends that lie in the socket already are read in the loop's next two rounds."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
