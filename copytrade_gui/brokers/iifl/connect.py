"""Open one connection of the order road, on the lightest transport there is.

With TLS that is ours (see ``sealed``), on the loop's plain transport: a fifth of the memory of
asyncio's own TLS, and requests can be encrypted before they may leave. Every handshake is a full
one (TLS 1.3: one round trip anyway).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from copytrade_gui.brokers.iifl.address import Address
from copytrade_gui.brokers.iifl.sealed import ReadBuffer, SealedTransport

NEXT_ADDRESS_S = 0.25

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


async def open_connection_on(
    address: Address,
    protocol: Callable[[], ProtocolT],
    *,
    tls: ssl.SSLContext,
    buffer: ReadBuffer,
    source_address: str | None = None,
) -> ProtocolT:
    """Connect, do the TLS handshake where the address asks for one, and return the protocol.

    The caller bounds the time. Cancelling closes what was opened.

    Raises:
        OSError: the name, the connection or the handshake failed (ssl.SSLError is one of them).
    """
    loop = asyncio.get_running_loop()
    local = (source_address, 0) if source_address is not None else None
    # A name may have an address of a family that leads nowhere from here; do not wait it out.
    next_address_s = None if _is_number(address.host) else NEXT_ADDRESS_S
    made = protocol()
    if not address.tls:
        await loop.create_connection(
            lambda: made,
            address.host,
            address.port,
            local_addr=local,
            happy_eyeballs_delay=next_address_s,
        )
        return made
    _, sealed = await loop.create_connection(
        lambda: SealedTransport(made, tls, address.host, buffer),
        address.host,
        address.port,
        local_addr=local,
        happy_eyeballs_delay=next_address_s,
    )
    try:
        await sealed.greeted
    except BaseException:
        sealed.abort()
        raise
    return made


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
