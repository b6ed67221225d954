"""A lean HTTP/1.1 server around one broker: asyncio protocol, C parser, one write per reply.

It is small so that measuring a client does not measure the server, and low so that every way
of mistreating a connection can be expressed.
"""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import httptools

from copytrade_gui.simulator.timers import Timers
from copytrade_gui.simulator.wire import Reply, Request, Wire
from copytrade_gui.simulator.wirescript import Step, head_bytes, script

try:
    import aiofastnet
except ImportError:  # no wheel for this interpreter; asyncio's own transports do the same, slower
    FAST = False
else:
    FAST = True

MAX_BODY = 4 * 1024 * 1024
_QUEUE = 1024
_TOO_LARGE = Reply(413, (("content-type", "text/plain"),), b"Content Too Large")
_BAD = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_QUIET_S = 0.001
_READS_FIRST_S = 0.02
_SHARE_OF_LATENCY = 0.3
"""As long as orders come in, none is decided on, but for at most this share of its latency."""
_DECIDED_TOGETHER = 8
"""Orders decided on between two looks at what else has come."""
_HEADS = 8
_ORDERS = "/v1/orders"
_PLACE = b"POST /v1/orders HTTP/1.1\r\n"
_KEPT = frozenset(
    {b"authorization", b"content-type", b"accept", b"host", b"x-forwarded-for", b"expect"}
)


class Answering(Protocol):
    """What the server needs of a broker."""

    def handle(self, request: Request) -> Reply: ...

    def connect(self, peer: str) -> Wire | None: ...

    @property
    def latency_ms(self) -> float: ...


class _Connection(asyncio.Protocol):
    """One client connection. A pipelined request waits until the reply before it is out."""

    def __init__(self, server: "SimulatorServer") -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._peer = ""
        self._path = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._busy = False
        self._waiting: deque[tuple[Request | None, bool]] = deque()
        self._started = False  # the parser is inside a request
        self._keeps = False
        self._known: dict[int, tuple[bytes, dict[str, str]]] = {}

    # -- asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream transport by contract
        self._server.connections.add(self)
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if peer else ""
        wire = self._server.broker.connect(self._peer)
        if wire is not None:
            self._play(script(Reply(200, (), b"{}", wire=wire)), 0)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._server.forget(self)
        self._transport = None
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        known = self._known.get(len(data))
        if known is not None and not self._started and not self._busy:
            # Five hundred orders at once, each with the head that its connection had before: the
            # parser and its calls for every header would be a third of the whole cost.
            head, headers = known
            if data.startswith(head):
                self._busy = True
                request = Request("POST", _ORDERS, "", headers, data[len(head) :], self._peer)
                self._server.receive(self, request)
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.close()
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.write(_BAD)
            self.close()
        else:
            self._learn(data)

    def _learn(self, data: bytes) -> None:
        """Remember the head of a place request that came whole and alone."""
        if self._started or not data.startswith(_PLACE):
            return
        end = data.find(b"\r\n\r\n") + 4
        if len(data) == end + self._size and "expect" not in self._headers and self._keeps:
            if len(self._known) >= _HEADS:
                self._known.clear()
            self._known[len(data)] = (data[:end], self._headers)

    def close(self) -> None:
        """Close after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    # -- httptools ----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._started = True
        self._headers = {}
        self._body = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._path = url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _KEPT:
            self._headers[name.decode()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if "expect" in self._headers and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= MAX_BODY:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._path.decode("latin-1").partition("?")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = self._parser.get_method().decode()
        request = None
        if self._size <= MAX_BODY:
            request = Request(method, path, query, self._headers, body, self._peer)
        last = not self._parser.should_keep_alive()
        self._started, self._keeps = False, not last
        if self._busy:
            self._waiting.append((request, last))
        else:
            self.answer(request, self._server.time(), last=last)

    # -- answering ----------------------------------------------------------------------------

    def answer(self, request: Request | None, arrived: float, *, last: bool) -> None:
        """Let the broker decide, and send its reply when its delay is over.

        The delay counts from the request's arrival (loop time, seconds): what the broker needs to
        decide is a part of it, not something on top.
        """
        self._busy = True
        reply = _TOO_LARGE if request is None else self._server.broker.handle(request)
        if reply.wire is None and not last:
            data = self._server.head(reply) + reply.body
            if reply.delay_ms:
                self._server.timers.at(arrived + reply.delay_ms / 1000.0, self._send, data)
            else:
                self._send(data)
            return
        steps = script(reply, last=last)
        if reply.delay_ms:
            self._server.timers.at(arrived + reply.delay_ms / 1000.0, self._play, steps, 0)
        else:
            self._play(steps, 0)

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
        self._busy = False
        if self._waiting:
            self._next()

    def _next(self) -> None:
        self._busy = False
        if self._waiting and self._transport is not None:
            request, last = self._waiting.popleft()
            self.answer(request, self._server.time(), last=last)

    def _play(self, steps: list[Step], place: int) -> None:
        timers = self._server.timers
        while place < len(steps):
            transport = self._transport
            if transport is None or transport.is_closing():
                return
            step = steps[place]
            place += 1
            match step.kind:
                case "send":
                    transport.write(step.data)
                case "wait":
                    timers.after(step.pause_ms, self._play, steps, place)
                    return
                case "repeat":
                    transport.write(step.data)
                    timers.after(step.pause_ms, self._play, steps, place - 1)
                    return
                case "hang":
                    return
                case "close":
                    transport.close()
                    return
                case "reset":
                    reset(transport)
                    return
        self._next()


def reset(transport: asyncio.Transport) -> None:
    """End a connection by a TCP reset."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        # Linger of zero turns the close into a reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class SimulatorServer:
    """Serves one broker on one address until closed.

    Args:
        broker: who answers.
        fast: use the lighter transports where there are any; the loop then needs
            `quiet_about_handshakes` as its exception handler.
    """

    def __init__(self, broker: Answering, *, fast: bool = False) -> None:
        self.broker = broker
        self._fast = fast and FAST
        self.connections: set[_Connection] = set()
        self.timers: Timers
        self.time: Callable[[], float]
        self._loop: asyncio.AbstractEventLoop
        self._inbox: deque[tuple[_Connection, Request, float]] = deque()
        self._newest = 0.0  # when an order came in last
        self._all_gone = asyncio.Event()
        self._server: asyncio.AbstractServer | None = None
        self._heads: tuple[object, dict[tuple[int, int], bytes]] = (None, {})

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the address or port is taken or not ours.
        """
        loop = asyncio.get_running_loop()
        self._loop, self.time = loop, loop.time
        self.timers = Timers(loop)
        make = create_fast_server if self._fast else create_server
        self._server = await make(loop, lambda: _Connection(self), host, port, tls)
        listening: tuple[socket.socket, ...] = self._server.sockets  # type: ignore[attr-defined]  # every server of both kinds has them
        return int(listening[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is None:
            return
        self._server.close()
        self._all_gone.clear()
        self.timers.stop()
        self._inbox.clear()
        for connection in list(self.connections):
            connection.close()
        await self._server.wait_closed()
        if self.connections:
            await self._all_gone.wait()
        self._server = None

    def receive(self, connection: _Connection, request: Request) -> None:
        """Take an order in; it is decided on when all that came with it has been read.

        So each one's arrival, from which its latency counts, is seen when it is there and not after
        the broker has thought about those before it. Within its latency it has time for that.
        """
        self._newest = now = self.time()
        if not self._inbox:
            self._loop.call_soon(self._work)
        self._inbox.append((connection, request, now))

    def _work(self) -> None:
        inbox, now = self._inbox, self.time()
        may_wait_s = min(self.broker.latency_ms / 1000.0 * _SHARE_OF_LATENCY, _READS_FIRST_S)
        if now - inbox[0][2] < may_wait_s and now - self._newest < _QUIET_S:
            self.timers.after(_QUIET_S * 1000.0, self._work)
            return
        for _ in range(min(_DECIDED_TOGETHER, len(inbox))):
            connection, request, arrived = inbox.popleft()
            try:
                connection.answer(request, arrived, last=False)
            except BaseException:
                # As for any other request: its connection is lost, and nobody else's order.
                connection.close()
                if inbox:
                    self._loop.call_soon(self._work)
                raise
        if inbox:
            self._loop.call_soon(self._work)

    def forget(self, connection: _Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_gone.set()

    def head(self, reply: Reply) -> bytes:
        """The head of an honest reply; heads are kept while the header tuple is the same one."""
        made_for, heads = self._heads
        if made_for is not reply.headers:
            heads = {}
            self._heads = (reply.headers, heads)
        key = (reply.status, len(reply.body))
        head = heads.get(key)
        if head is None:
            head = heads[key] = head_bytes(reply.status, reply.headers, len(reply.body))
        return head


async def create_server(
    loop: asyncio.AbstractEventLoop,
    factory: Callable[[], asyncio.Protocol],
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
) -> asyncio.AbstractServer:
    """Listen for connections with a long queue, because five hundred clients may come at once."""
    return await loop.create_server(factory, host, port, ssl=tls, backlog=_QUEUE)


async def create_fast_server(
    loop: asyncio.AbstractEventLoop,
    factory: Callable[[], asyncio.Protocol],
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
) -> asyncio.AbstractServer:
    """The same on aiofastnet's transports: less processor time for a burst over TLS."""
    if not isinstance(loop, asyncio.SelectorEventLoop):
        return await create_server(loop, factory, host, port, tls)
    made: asyncio.AbstractServer = await aiofastnet.create_server(
        loop, factory, host, port, ssl=tls, backlog=_QUEUE
    )
    return made


def quiet_about_handshakes(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Loop exception handler: a client that refuses our certificate is no error of ours.

    aiofastnet reports it with an exception's class where asyncio stays silent.
    """
    if not isinstance(context.get("exception"), type):
        loop.default_exception_handler(context)
