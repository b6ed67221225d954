"""One HTTP/1.1 connection with at most one request on it, and a strict reader of its replies.

httptools (llhttp) does the parsing. This class adds what an order needs: bounds on everything,
and a plain answer to "is this reply exactly one reply to exactly our request?". Anything else
ends the connection, and the owner hears why.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools

from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.http.inflate import BadCodingError, BodyTooLargeError, Inflater

MAX_HEAD = 64 * 1024
"""Bytes of status line and headers, trailers and interim replies included."""
_MAX_HEADERS = 200
_MAX_INTERIM = 8
_MANY_PIECES, _SMALL_PIECE = 4096, 64
_CONTINUE = 100
_HEARD_TWICE = "bytes follow the end of the reply"
_NOT_HTTP = "the reply is not valid HTTP"


class ConnectionOwner(Protocol):
    """Who hears of a connection. Each connection calls ``broken`` at most once, and last."""

    def replied(self, wire: Connection, reply: HttpReply, *, keep: bool) -> None:
        """A whole reply came. ``keep`` False: the connection is already closed."""

    def broken(self, wire: Connection, reason: str, *, quietly: bool) -> None:
        """The connection is gone. ``quietly``: the other side closed it without a fault."""


class _Reply:
    """What is known so far of the reply that is being read."""

    __slots__ = (
        "body_bytes",
        "complete",
        "fault",
        "head_whole",
        "header_bytes",
        "header_count",
        "headers",
        "inflater",
        "interim",
        "keep",
        "pieces",
        "received",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.header_count = 0
        self.header_bytes = 0
        self.received = 0
        self.interim = 0
        self.head_whole = False
        self.pieces = 0
        self.body_bytes = 0
        self.complete = False
        self.keep = False
        self.fault = ""
        self.inflater: Inflater | None = None


class Connection(asyncio.Protocol):
    """The connection. ``ready`` means that a request may be written now."""

    # A wave looks at five hundred of these: without dictionaries more of them stay in the cache.
    __slots__ = (
        "_awaiting", "_dead", "_max_body", "_owner", "_parser", "_reply", "_transport",
    )  # fmt: skip

    def __init__(self, owner: ConnectionOwner) -> None:
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._awaiting = False
        self._dead = False
        self._max_body = 0
        self._reply = _Reply()

    @property
    def ready(self) -> bool:
        """Connected, alive, with no reply outstanding."""
        transport = self._transport
        return (
            transport is not None
            and not self._dead
            and not self._awaiting
            and not transport.is_closing()
        )

    @property
    def heard(self) -> bool:
        """Something of the reply that is read, or was last, has come."""
        return self._reply.received > 0

    @property
    def left_from(self) -> str:
        """The local address of the connection; empty when it has none any more."""
        transport = self._transport
        name = None if transport is None else transport.get_extra_info("sockname")
        return str(name[0]) if isinstance(name, tuple) and name else ""

    def send(self, request: bytes, max_body: int) -> bool:
        """Write a whole request now; from here on a byte may have left. False: not ``ready``."""
        transport = self._transport
        if transport is None or self._dead or self._awaiting or transport.is_closing():
            return False
        self._awaiting = True
        self._max_body = max_body
        transport.write(request)
        return True

    def drop(self) -> None:
        """Close at once and tell nobody."""
        self._dead = True
        self._awaiting = False
        self._parser = None
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # Ours is one of asyncio's in all but inheritance.
        self._transport = cast("asyncio.Transport", transport)
        if self._dead:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what came, and judge whether it belongs to the one request that is out."""
        if self._dead or self._parser is None:
            return
        if not self._awaiting:
            self._break("the broker sent bytes that nobody asked for")
            return
        reply = self._reply
        reply.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            reply.fault = "the broker wants to change the protocol"
        except httptools.HttpParserError:
            # After a complete reply this is how llhttp sees trailing bytes.
            reply.fault = reply.fault or (_HEARD_TWICE if reply.complete else _NOT_HTTP)
        if not reply.fault and not reply.complete and reply.received > self._bound():
            reply.fault = "the reply is longer than any reply should be"
        if reply.fault:
            self._break(reply.fault)
        elif reply.complete:
            self._deliver(reply)

    def eof_received(self) -> bool | None:
        """The broker closed its side; a reply that was not complete by its own count is lost."""
        self._break("the broker closed the connection", quietly=True)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._break("the connection was cut", quietly=exc is None)

    # ------------------------------------------------------------ httptools callbacks

    def on_message_begin(self) -> None:
        """A status line begins."""
        if self._reply.complete:
            self._reply.fault = _HEARD_TWICE

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers of a chunked body come this way too."""
        reply = self._reply
        reply.header_count += 1
        reply.header_bytes += len(name) + len(value)
        if reply.header_count > _MAX_HEADERS or reply.header_bytes > MAX_HEAD:
            reply.fault = "the reply's headers are too large"
        elif not reply.fault:
            reply.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """The head is whole: decide how the body is to be read."""
        reply = self._reply
        if reply.fault or self._parser is None:
            return
        reply.status = status = self._parser.get_status_code()
        if status == _CONTINUE:
            return
        if status < 200:
            reply.fault = f"the broker sent an interim reply {status}"
            return
        reply.head_whole = True
        length = reply.headers.get("content-length", "")
        if length.isdigit() and (len(length) > 15 or int(length) > self._max_body):
            reply.fault = f"the reply's body is larger than {self._max_body} bytes"
            return
        try:
            reply.inflater = Inflater(reply.headers.get("content-encoding", ""), self._max_body)
        except BadCodingError as error:
            reply.fault = str(error)

    def on_body(self, piece: bytes) -> None:
        """Decode a piece of the body."""
        reply = self._reply
        if reply.fault or reply.inflater is None:
            return
        reply.pieces += 1
        reply.body_bytes += len(piece)
        if reply.pieces > _MANY_PIECES and reply.body_bytes < _SMALL_PIECE * reply.pieces:
            # Millions of one-byte chunks would keep the loop busy for seconds.
            reply.fault = "the body comes in too many pieces"
            return
        try:
            reply.inflater.feed(piece)
        except (BadCodingError, BodyTooLargeError) as error:
            reply.fault = str(error)

    def on_message_complete(self) -> None:
        """A message ended: ours, or an interim one before it."""
        reply = self._reply
        if reply.fault or self._parser is None:
            return
        if reply.status == _CONTINUE:
            reply.interim += 1
            reply.headers.clear()
            reply.status = 0
            if reply.interim > _MAX_INTERIM:
                reply.fault = "the broker sends interim replies without end"
            return
        reply.complete = True
        reply.keep = self._parser.should_keep_alive()

    # ------------------------------------------------------------ inside

    def _bound(self) -> int:
        # Chunk sizes and their extensions may outweigh the body, but not without end.
        return MAX_HEAD + 2 * self._max_body if self._reply.head_whole else MAX_HEAD

    def _deliver(self, reply: _Reply) -> None:
        try:
            # Some servers name a coding on a reply that has no body at all.
            body = reply.inflater.finish() if reply.inflater and reply.pieces else b""
        except BadCodingError as error:
            self._break(str(error))
            return
        self._awaiting = False
        if not reply.keep:
            self._dead = True
            self._parser = None
            if self._transport is not None:
                self._transport.close()
        self._reply = _Reply()  # here and not in ``send``, where 500 others wait for the next line
        self._owner.replied(self, HttpReply(reply.status, reply.headers, body), keep=reply.keep)

    def _break(self, reason: str, *, quietly: bool = False) -> None:
        if self._dead:
            return
        self._dead = True
        self._parser = None
        if self._transport is not None:
            self._transport.abort()
        self._owner.broken(self, reason, quietly=quietly)
