"""Open one connection of the order road, on the lightest transport there is.

aiofastnet's transports cost a third of the memory and less CPU than asyncio's own TLS; where it
has no wheel, or the loop is none it knows, asyncio's own are used. Neither lets us hand a TLS
session to the next handshake, so every handshake is a full one (TLS 1.3: one round trip anyway).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

from copytrade_gui.brokers.iifl.address import Address

try:
    import aiofastnet
except ImportError:  # pragma: no cover - a platform without its wheel
    FAST = False
else:
    FAST = True

HANDSHAKE_S = 2.5
"""A second net behind the caller's own limit of 2 s for connecting and handshake together."""

NEXT_ADDRESS_S = 0.25

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


async def open_connection_on(
    address: Address,
    protocol: Callable[[], ProtocolT],
    *,
    tls: ssl.SSLContext,
    source_address: str | None = None,
) -> ProtocolT:
    """Connect, do the TLS handshake where the address asks for one, and return the protocol.

    The caller bounds the time. Cancelling closes what was opened; aiofastnet then leaves a timer
    of its own behind until the handshake's time is up, which does nothing any more.

    Raises:
        OSError: the name, the connection or the handshake failed (ssl.SSLError is one of them).
    """
    loop = asyncio.get_running_loop()
    local = (source_address, 0) if source_address is not None else None
    secured = tls if address.tls else None
    handshake_s = HANDSHAKE_S if address.tls else None
    # A name may have an address of a family that leads nowhere from here; do not wait it out.
    next_address_s = None if _is_number(address.host) else NEXT_ADDRESS_S
    if FAST and isinstance(loop, asyncio.SelectorEventLoop):
        _, made = await aiofastnet.create_connection(
            loop,
            protocol,
            address.host,
            address.port,
            ssl=secured,
            local_addr=local,
            ssl_handshake_timeout=handshake_s,
            happy_eyeballs_delay=next_address_s,
        )
    else:
        _, made = await loop.create_connection(
            protocol,
            address.host,
            address.port,
            ssl=secured,
            local_addr=local,
            ssl_handshake_timeout=handshake_s,
            happy_eyeballs_delay=next_address_s,
        )
    return made


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
