"""How an account's connections leave this machine, and the addresses the broker knows it by.

The broker takes the orders of an account only from the addresses registered for its app (EC500,
docs/broker.md 3, 6.3). So each account says which way its connections take, all of them, and what
is registered; a way that does not carry is never replaced by another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

_BEHIND_A_ROUTER = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)
"""Addresses of local networks: a router puts its own in their place."""


class RouteKind(StrEnum):
    """Which way an account's connections take."""

    DIRECT = "direct"
    SOURCE = "source"
    PROXY = "proxy"

    @property
    def in_words(self) -> str:
        """As it stands in the window."""
        return {"direct": "Direct", "source": "Source address", "proxy": "Proxy"}[self.value]


class Family(StrEnum):
    """Which addresses connections may leave from where this machine has both kinds."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"

    @property
    def in_words(self) -> str:
        """As it stands in the window."""
        return {"any": "Any", "ipv4": "IPv4 only", "ipv6": "IPv6 only"}[self.value]


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one account. No secret is here: a proxy's login lies behind ``SecretStore``.

    ``address`` is the local address of a SOURCE, ``http://host:port`` of a PROXY, empty for
    DIRECT. ``registered`` are the addresses the broker knows the account's app by, each in its
    shortest spelling.
    """

    kind: RouteKind = RouteKind.DIRECT
    address: str = ""
    family: Family = Family.ANY
    registered: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """``From 203.0.113.7, IPv4 only, registered 203.0.113.7``."""
        said = {"direct": "Direct", "source": "From", "proxy": "Through"}[self.kind.value]
        said += f" {self.address}" if self.address else ""
        said += "" if self.family is Family.ANY else f", {self.family.in_words}"
        return f"{said}, registered {' and '.join(self.registered)}" if self.registered else said

    @property
    def proxy(self) -> tuple[str, int]:
        """Host and port of a PROXY."""
        parts = urlsplit(self.address)
        return parts.hostname or "", parts.port or 0


DIRECT = Route()


# ------------------------------------------------------------ comparing


def behind_a_router(address: str) -> bool:
    """True for an address of a local network: the broker sees its router's in its place."""
    one = ip_address(address)
    return any(one.version == net.version and one in net for net in _BEHIND_A_ROUTER)


def why_unregistered(route: Route, left_from: Iterable[str] = ()) -> str:
    """Why no order may leave, in two sentences: the broker would see an address that is not
    registered. Empty: it would not, or that cannot be known here.

    ``left_from`` are the local addresses of the account's newest connections.
    """
    if not route.registered:
        return ""
    seen = next((one for one in _seen(route, left_from) if _differs(route, one)), "")
    if not seen:
        return ""
    return (
        f"Its connections leave from {seen}, which is not one of its registered addresses "
        f"({', '.join(route.registered)}). Register it at the broker and enter it, or change the "
        "account's route."
    )


def what_is_not_compared(route: Route, left_from: Iterable[str] = ()) -> str:
    """Why the registered addresses cannot be compared from here, in one sentence; empty: they were,
    or there are none.
    """
    if not route.registered:
        return ""
    if route.kind is RouteKind.PROXY:
        if route.proxy[0] in route.registered:
            return ""
        return (
            "The broker sees the address its proxy leaves from, which cannot be seen here: make "
            f"sure that it is {' or '.join(route.registered)}."
        )
    for one in _seen(route, left_from):
        if one not in route.registered and behind_a_router(one):
            return (
                f"Its connections leave from {one} through a router, and the broker sees the "
                "router's address, which cannot be seen here: make sure that it is "
                f"{' or '.join(route.registered)}."
            )
    return ""


def _seen(route: Route, left_from: Iterable[str]) -> Iterable[str]:
    if route.kind is RouteKind.PROXY:
        return ()
    return (route.address,) if route.kind is RouteKind.SOURCE else left_from


def _differs(route: Route, seen: str) -> bool:
    if seen in route.registered or behind_a_router(seen):
        return False
    # On paper the broker is this machine; what is registered for the live account is not compared.
    paper = ip_address(seen).is_loopback
    return not paper or any(ip_address(one).is_loopback for one in route.registered)
