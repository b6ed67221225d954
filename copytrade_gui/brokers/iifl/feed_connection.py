"""One connection of the feed: MQTT 3.1.1 over TLS. The only importer of gmqtt.

The library speaks the protocol. Whether and when there is another connection, what silence means
and how much memory a packet may take is decided here; so is the transport, which is the light one
of the order channel. What the library would only log is a broken connection.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from gmqtt import Client, Subscription
from gmqtt.mqtt.connection import MQTTConnection
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.mqtt.protocol import BaseMQTTProtocol, MQTTProtocol

from copytrade_gui.brokers.http.address import Address
from copytrade_gui.brokers.http.connect import open_connection_on
from copytrade_gui.brokers.http.http_call import deadline
from copytrade_gui.brokers.http.reasons import reason_of
from copytrade_gui.brokers.http.route import Way
from copytrade_gui.brokers.http.timers import Timers, Wait
from copytrade_gui.brokers.http.tls_memory import ReadBuffer
from copytrade_gui.brokers.iifl.feed_queue import FeedQueue
from copytrade_gui.ports import Clock

KEEP_ALIVE_S = 20
PING_S = 10.0
SILENT_S = 25.0
"""A broker that has said nothing for so long, not even to a ping, is gone."""
_ANSWER_S = 10.0
OPEN_TOGETHER = 50
"""Handshakes at one time: 500 at once would starve the loop for most of a second."""
_MOST_BUFFERED = 256 * 1024
"""Bytes that are not read yet: of a packet that is not whole, or whose turn has not come."""
_NOT_MQTT = "the feed sent what is not MQTT"
_REFUSED_TOPIC = 0x80
_SESSION_OVER = frozenset({4, 5})

Heard = Callable[[str, bytes], None]
Lost = Callable[[str], None]

logging.getLogger("gmqtt").setLevel(logging.CRITICAL)  # what matters of it is told by us, once


class LoginRefusedError(Exception):
    """The broker answered a login with this code (docs/broker.md 11.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the feed refused the login ({code})")
        self.code = code

    @property
    def session_over(self) -> bool:
        """The token is not taken: asking again is of no use before a new login."""
        return self.code in _SESSION_OVER


@dataclass(frozen=True, slots=True)
class FeedLogin:
    """Who connects. A second connection with the same ``identifier`` ends the first."""

    user: str
    token: str = field(repr=False)
    identifier: str


class FeedLine(Protocol):
    """An open connection."""

    async def subscribe(self, topics: Sequence[str]) -> tuple[str, ...]:
        """Ask for topics; returns those that were refused.

        Raises:
            OSError, DeadlinePassedError: no answer.
        """

    def unsubscribe(self, topics: Sequence[str]) -> None:
        """Ask for no more of these."""

    def close(self) -> None:
        """Say goodbye and close; nothing is heard any more."""


class OpenFeed(Protocol):
    """Opens a connection. ``heard`` is called for each message, ``lost`` once and last."""

    async def __call__(self, login: FeedLogin, heard: Heard, lost: Lost) -> FeedLine:
        """Connect and log in.

        Raises:
            LoginRefusedError: the broker's own word.
            OSError, DeadlinePassedError: no connection, or no answer.
        """


class FeedServer:
    """The feed's address, and what its connections share."""

    def __init__(
        self, address: Address, clock: Clock, tls: ssl.SSLContext, queue: FeedQueue
    ) -> None:
        self._address = address
        self._clock = clock
        self._tls = tls
        self._queue = queue
        self._buffer = ReadBuffer()
        self._gate = asyncio.Semaphore(OPEN_TOGETHER)
        self._timers = Timers(clock)

    def opener(self, way: Way) -> OpenFeed:
        """Opens connections that take this way."""
        return partial(self._open, way)

    async def _open(self, way: Way, login: FeedLogin, heard: Heard, lost: Lost) -> FeedLine:
        """Connect and log in; see ``OpenFeed``."""
        line = _Line(self._clock, self._timers, heard, lost)
        client = _Client(login, partial(self._connect, line, way))
        client.on_message = line.message
        client.on_subscribe = line.answered
        line.client = client
        async with self._gate, deadline(self._clock, _ANSWER_S):
            try:
                await _first(client.connect("", keepalive=KEEP_ALIVE_S, version=MQTTv311), line)
            except BaseException as error:
                line.close()
                # It hangs up right after it has said no, so this may be known before the answer is.
                refusal = client._package_handler._error
                if isinstance(error, Exception) and isinstance(refusal, MQTTConnectError):
                    raise LoginRefusedError(refusal._code) from None
                raise
        line.stands()
        return line

    def close(self) -> None:
        """Stop the timers; the connections are their owners'."""
        self._timers.close()

    async def _connect(self, line: _Line, way: Way, client: _Client) -> object:
        protocol = await open_connection_on(
            self._address,
            lambda: _Packets(client, line, self._queue),
            tls=self._tls,
            buffer=self._buffer,
            way=way,
        )
        line.connection = connection = MQTTConnection(
            protocol._transport, protocol, True, KEEP_ALIVE_S,
            package_handler=client._package_handler,
        )  # fmt: skip
        connection._keep_connection_callback.cancel()  # the line pings by itself
        return connection


class _Client(Client):  # type: ignore[misc]  # the library ships no types
    """A client for one connection."""

    def __init__(self, login: FeedLogin, connect: Callable[[_Client], object]) -> None:
        super().__init__(login.identifier, clean_session=True, logger=_Complaints(self))
        self.set_auth_credentials(login.user, f"OPENID~~{login.token}~")
        self._connect_with = connect
        self.broken = ""

    async def _create_connection(self, *_: object, **__: object) -> object:
        return await self._connect_with(self)  # type: ignore[misc]  # a coroutine

    async def reconnect(self, delay: bool = False) -> None:
        """Never by itself."""
        del delay


class _Complaints:
    """In the place of the library's logger: what it calls an exception ends the connection."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def debug(self, *_: object, **__: object) -> None: ...

    info = warning = error = debug

    def exception(self, *_: object, **__: object) -> None:
        self._client.broken = _NOT_MQTT

    critical = exception


class _Packets(MQTTProtocol):  # type: ignore[misc]  # the library ships no types
    """Bytes to packets when it is their turn, without a task a connection, and with a bound."""

    def __init__(self, client: _Client, line: _Line, queue: FeedQueue) -> None:
        super().__init__(
            connection_state=client._connection_state,
            id_generator=client._package_handler.id_generator,
        )
        self._client = client
        self._line = line
        self._queue = queue
        self._unread = bytearray()
        self._turn_comes = False
        self._closed.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        BaseMQTTProtocol.connection_made(self, transport)

    def data_received(self, data: bytes) -> None:
        line = self._line
        line.heard_now()
        if self._connection is None or line.over:
            self._transport.abort()
            return
        self._unread += data
        if not line.in_use:
            self._read_all()
        elif len(self._unread) > _MOST_BUFFERED:
            self._read_all()  # it ends here unless these were many packets
        elif not self._turn_comes:
            self._turn_comes = True
            self._queue.put(self._read_all)

    def _read_all(self) -> None:
        self._turn_comes = False
        if self._line.over:
            return
        read = self._read_packet(bytes(self._unread))
        if read >= 0:
            del self._unread[:read]
        if read < 0 or self._client.broken or len(self._unread) > _MOST_BUFFERED:
            self._line.end(self._client.broken or _NOT_MQTT)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            super().connection_lost(exc)
        self._line.end("the connection was cut" if exc is None else reason_of(exc))


class _Line:
    """``FeedLine`` over one client of the library."""

    def __init__(self, clock: Clock, timers: Timers, heard: Heard, lost: Lost) -> None:
        self._clock = clock
        self._timers = timers
        self._heard = heard
        self._lost = lost
        self._heard_ns = clock.mono_ns()
        self._pinging: Wait | None = None
        self._answers: dict[int, asyncio.Future[tuple[int, ...]]] = {}
        self._stands = False
        self.client: _Client
        self.connection: MQTTConnection | None = None
        self.over = ""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------ FeedLine

    async def subscribe(self, topics: Sequence[str]) -> tuple[str, ...]:
        if self.over:
            raise ConnectionResetError(self.over)
        number = self.client.subscribe([Subscription(topic, qos=0) for topic in topics])
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            async with deadline(self._clock, _ANSWER_S):
                codes = await _first(answer, self)
        finally:
            self._answers.pop(number, None)
        if len(codes) != len(topics):
            raise ConnectionResetError("the feed answered for other topics")
        return tuple(
            topic for topic, code in zip(topics, codes, strict=True) if code >= _REFUSED_TOPIC
        )

    def unsubscribe(self, topics: Sequence[str]) -> None:
        if not self.over:
            self.client.unsubscribe(list(topics))

    def close(self) -> None:
        if self._stands and not self.over and self.connection is not None:
            self.connection.send_disconnect()
        self._stands = False  # nobody is told of what he does himself
        self.end("closed")

    # ------------------------------------------------------------ what the connection tells

    def stands(self) -> None:
        """The login was taken."""
        self._stands = not self.over
        if self.over:
            raise ConnectionResetError(self.over)
        self._ping()

    @property
    def in_use(self) -> bool:
        """Logged in: what comes now is news, and no answer that somebody waits for."""
        return self._stands and not self._answers

    def heard_now(self) -> None:
        """Bytes came."""
        self._heard_ns = self._clock.mono_ns()

    def message(
        self, _client: _Client, topic: str, payload: bytes, _qos: int, _properties: object
    ) -> int:
        """A message came."""
        if not self.over:
            self._heard(topic, payload)
        return 0

    def answered(
        self, _client: _Client, number: int, codes: tuple[int, ...], _properties: object
    ) -> None:
        """A subscription was answered."""
        answer = self._answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    def end(self, why: str) -> None:
        """The connection is of no use any more; tells so once, if it stood."""
        if self.over:
            return
        self.over = why
        if self._pinging is not None:
            self._pinging.cancel()
        if self.connection is not None:
            self.connection._transport.close()
        if not self.ended.done():
            self.ended.set_result(why)
        if self._stands:
            self._lost(why)

    # ------------------------------------------------------------ inside

    def _ping(self) -> None:
        if self.over or self.connection is None:
            return
        if self._clock.mono_ns() - self._heard_ns > SILENT_S * 1e9:
            self.end("the feed is silent")
            return
        if self._heard_ns and self._pinging is not None:
            self.connection._send_ping_request()
        self._pinging = self._timers.after(PING_S, self._ping)


async def _first(work: object, line: _Line) -> tuple[int, ...]:
    """What ``work`` comes to, or why the connection ended before."""
    doing = asyncio.ensure_future(work)  # type: ignore[call-overload]  # of the library, untyped
    try:
        await asyncio.wait({doing, line.ended}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ConnectionResetError(line.over)
        return doing.result()  # type: ignore[no-any-return]  # see above
    finally:
        doing.cancel()
        await asyncio.wait({doing})  # what it opened is closed by now
