"""Open one connection of the order channel, on the lightest transport there is.

With TLS that is ours: OpenSSL on the socket itself where the loop tells when a socket is readable
(``tls_socket``), else OpenSSL in memory on the loop's plain transport (``tls_memory``; Windows).
Either takes a fifth of the memory of asyncio's own TLS. Every handshake is a full one (TLS 1.3: one
round trip anyway).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from copytrade_gui.brokers.http.address import Address
from copytrade_gui.brokers.http.route import STRAIGHT, Way, tunnel
from copytrade_gui.brokers.http.tls_memory import ReadBuffer, TlsInMemory
from copytrade_gui.brokers.http.tls_socket import TlsSocket

NEXT_ADDRESS_S = 0.25

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)
AnyProtocolT = TypeVar("AnyProtocolT", bound=asyncio.BaseProtocol)


async def open_connection_on(
    address: Address,
    protocol: Callable[[], ProtocolT],
    *,
    tls: ssl.SSLContext,
    buffer: ReadBuffer,
    way: Way = STRAIGHT,
) -> ProtocolT:
    """Connect, do the TLS handshake where the address asks for one, and return the protocol.

    The caller bounds the time. Cancelling closes what was opened.

    Raises:
        OSError: the name, the connection or the handshake failed (ssl.SSLError and RouteFailedError
            are among them).
    """
    made = protocol()
    if not address.tls:
        await _connect(address, way, lambda: made)
    elif watches_sockets(asyncio.get_running_loop()):
        plain, _ = await _connect(address, way, asyncio.Protocol)
        try:
            connected = plain.get_extra_info("socket").dup()
        finally:
            plain.abort()  # it has connected, which is all that was asked of it
        await TlsSocket.greet(connected, tls, address.host, made)
    else:
        _, tls_above = await _connect(
            address, way, lambda: TlsInMemory(made, tls, address.host, buffer)
        )
        try:
            await tls_above.greeted
        except BaseException:
            tls_above.abort()
            raise
    return made


def watches_sockets(loop: asyncio.AbstractEventLoop) -> bool:
    """True if the loop tells when a socket is readable; asyncio's on Windows does not."""
    return isinstance(loop, asyncio.SelectorEventLoop)


async def _connect(
    address: Address, way: Way, protocol: Callable[[], AnyProtocolT]
) -> tuple[asyncio.Transport, AnyProtocolT]:
    way.check()
    if way.proxy is not None:
        through = await tunnel(way.proxy, address.host, address.port)
        made = protocol()
        through.set_protocol(made)
        made.connection_made(through)
        return through, made
    # A name may have an address of a family that leads nowhere from here; do not wait it out.
    next_address_s = None if _is_number(address.host) else NEXT_ADDRESS_S
    return await asyncio.get_running_loop().create_connection(
        protocol,
        address.host,
        address.port,
        local_addr=(way.source, 0) if way.source is not None else None,
        happy_eyeballs_delay=next_address_s,
    )


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
