"""Place requests as bytes for the contenders that are not this program."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit

import msgspec

from copytrade_gui.bench.words import Person, Round, Setup

_RATE = 429


def body_of(order: Round, account: int) -> bytes:
    """One order as the broker wants it: an array of one object, numbers as text."""
    tag = f"B{os.getpid() % 46_656:05d}{order.number:05d}{account:04d}"
    return msgspec.json.encode(
        [
            {
                "instrumentId": order.instrument_id,
                "exchange": order.exchange,
                "transactionType": order.side,
                "quantity": str(order.quantity),
                "orderComplexity": "REGULAR",
                "product": "INTRADAY",
                "orderType": "LIMIT",
                "validity": "DAY",
                "price": order.price,
                "orderTag": tag,
            }
        ]
    )


def headers_of(person: Person) -> dict[str, str]:
    """The headers of one account's place request."""
    return {
        "Authorization": f"Bearer {person.token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


def bytes_of(setup: Setup, person: Person, body: bytes) -> bytes:
    """The whole request."""
    parts = urlsplit(setup.base_url)
    lines = [
        f"POST {parts.path}/orders HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers_of(person).items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def tls_of(setup: Setup) -> ssl.SSLContext | None:
    """One context for all connections, trusting the simulator's authority; None without TLS."""
    return trusting(setup.ca_file)


def trusting(ca_file: str | None) -> ssl.SSLContext | None:
    """A context that trusts one authority, whatever the environment says; None without one."""
    if ca_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context


def verdict_of(status: int, body: bytes) -> str:
    """What became of an order: ``acked``, ``rate`` or a short problem."""
    if status == _RATE:
        return "rate"
    if status == 200 and b'"brokerOrderId":"' in body:
        return "acked"
    return f"HTTP {status}: {body[:120].decode('latin-1')}"
