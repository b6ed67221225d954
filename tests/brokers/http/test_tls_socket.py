"""TLS on the socket itself: what the order channel asks of a transport, over real sockets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from copytrade_gui.brokers.http.tls_socket import TlsSocket
from copytrade_gui.brokers.http.trust import tls_context
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import listen
from tests.brokers.steered import until

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Above(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: TlsSocket | None = None
        self.heard = b""
        self.ended: list[object] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # no other calls it here

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def eof_received(self) -> None:
        self.ended.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.append(exc)


@asynccontextmanager
async def connected(serve: Serve, ca: PrivateCa) -> AsyncIterator[tuple[TlsSocket, Above]]:
    server = await listen(serve, tls=ca.good)
    plain = socket.create_connection(server.sockets[0].getsockname())
    above = Above()
    await TlsSocket.greet(plain, tls_context(ca.ca_file), "127.0.0.1", above)
    assert above.transport is not None
    try:
        yield above.transport, above
    finally:
        above.transport.abort()
        server.close()
        await server.wait_closed()


async def test_what_the_socket_has_no_room_for_is_sent_later_whole_and_in_order(
    ca: PrivateCa,
) -> None:
    read = asyncio.Event()
    arrived = bytearray()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read.wait()
        while piece := await reader.read(65_536):
            arrived.extend(piece)
        writer.close()

    sent = [bytes([number]) * 4_000_000 for number in range(4)]
    async with connected(slow, ca) as (transport, _):
        for piece in sent:
            transport.write(piece)
        assert len(arrived) < sum(map(len, sent))
        read.set()
        await until(lambda: len(arrived) == sum(map(len, sent)))
        assert bytes(arrived) == b"".join(sent)


async def test_a_closed_connection_takes_nothing(ca: PrivateCa) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        writer.close()

    async with connected(listen, ca) as (transport, above):
        assert transport.get_extra_info("peername") is not None
        transport.close()
        assert transport.is_closing()
        transport.write(b"too late")
        assert transport.get_extra_info("sockname") is None
        await until(lambda: above.ended == [None])


@pytest.mark.parametrize("how", ["goodbye", "end", "reset"])
async def test_the_other_side_ends_it(ca: PrivateCa, how: str) -> None:
    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        await writer.drain()
        if how == "goodbye":
            writer.close()
            return
        if how == "reset":
            own = writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with connected(leave, ca) as (transport, above):
        await until(lambda: transport.is_closing() and bool(above.ended))
        # OpenSSL tells a reset like an end without a goodbye.
        await until(lambda: above.ended == ["eof", None])
        assert above.heard == b"bye"
        transport.write(b"nobody is there")


async def test_a_connection_cut_in_the_handshake_is_an_error_of_the_network() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await listen(hang_up)
    plain = socket.create_connection(server.sockets[0].getsockname())
    with pytest.raises(ConnectionResetError):
        await TlsSocket.greet(plain, tls_context(), "127.0.0.1", Above())
    assert plain.fileno() == -1
    server.close()


async def test_a_cancelled_handshake_closes_its_socket() -> None:
    silent = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    server = await listen(say_nothing)
    plain = socket.create_connection(server.sockets[0].getsockname())
    greeting = asyncio.ensure_future(TlsSocket.greet(plain, tls_context(), "127.0.0.1", Above()))
    await asyncio.sleep(0)
    greeting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await greeting
    assert plain.fileno() == -1
    silent.set()
    server.close()


async def test_a_certificate_of_somebody_else_is_refused(ca: PrivateCa) -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await listen(never, tls=ca.good)
    plain = socket.create_connection(server.sockets[0].getsockname())
    with pytest.raises(ssl.SSLCertVerificationError):
        await TlsSocket.greet(plain, tls_context(ca.ca_file), "broker.example", Above())
    server.close()
