"""What a route may be as typed, or as the cells of a file: every sentence names its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, NoReturn, TypeVar
from urllib.parse import urlsplit

from copytrade_gui.domain.route import Family, Route, RouteKind, behind_a_router
from copytrade_gui.domain.typed import quoted

MOST_REGISTERED = 8
MOST_LOGIN = 256
NOTHING = "none"
"""How a file says that there is none."""
LABELS = {
    "route": "Route",
    "route_address": "Route address",
    "proxy_login": "Proxy login",
    "address_family": "Address family",
    "registered_addresses": "Registered addresses",
}
"""What the fields are called in a sentence and in the window."""
_BETWEEN = re.compile(r"[\s;,]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_LOGIN = re.compile(r"[!-9;-~]+:[!-~]*")

Address = IPv4Address | IPv6Address
Word = TypeVar("Word", RouteKind, Family)


class RouteProblem(NamedTuple):
    """Which field is wrong, as ``LABELS`` spells it, in one sentence with the remedy."""

    field: str
    sentence: str


class _WrongError(ValueError):
    """One sentence about one field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = RouteProblem(field, sentence)


def read_route(held: Route, cells: Mapping[str, str], *, live: bool) -> Route | RouteProblem:
    """A route with what these fields say of it, each without the spaces around it; a field that is
    not named stays, but an address belongs to its kind.

    ``live``: the account is at the broker, whom no address of a local network reaches as such.
    """
    try:
        return _read(held, cells, live=live)
    except _WrongError as wrong:
        return wrong.problem


def _read(held: Route, cells: Mapping[str, str], *, live: bool) -> Route:
    kind = held.kind
    if "route" in cells:
        kind = _one_of("route", cells["route"], RouteKind.DIRECT)
    address = cells.get("route_address", held.address if kind is held.kind else "")
    address = "" if address.lower() == NOTHING else address
    if kind is RouteKind.SOURCE:
        address = str(_source(address, live=live))
    elif kind is RouteKind.PROXY:
        address = _proxy(address)
    elif address:
        raise _WrongError(
            "route_address",
            f"Route address {quoted(address.rpartition('@')[2])} belongs to no direct route. "
            "Choose Source address or Proxy as the route, or leave it empty.",
        )
    family = held.family
    if "address_family" in cells:
        family = _one_of("address_family", cells["address_family"], Family.ANY)
    if "registered_addresses" in cells:
        registered = _registered(cells["registered_addresses"], live=live)
    else:
        registered = held.registered
    made = Route(kind, address, family, registered)
    _fit(made)
    return made


def _one_of(field: str, text: str, usual: Word) -> Word:
    """The kind or the family that is named; an empty text and NOTHING stand for the usual one."""
    said, known = text.strip().lower(), type(usual)
    if said in ("", NOTHING):
        return usual
    for word in known:
        if said in (word.value, word.in_words.lower()):
            return word
    raise _WrongError(
        field, f"{LABELS[field]} {quoted(text)} is not known. Use one of: {', '.join(known)}."
    )


def _source(text: str, *, live: bool) -> Address:
    if not text:
        raise _WrongError(
            "route_address",
            "Route address is empty. Write the address of this machine that the account's "
            "connections leave from.",
        )
    address = _address("route_address", "Route address", text)
    if live and address.is_loopback:
        raise _WrongError(
            "route_address",
            f"Route address {address} is this machine's own: no connection to the broker can leave "
            "from it. Write one of its network addresses.",
        )
    return address


def _registered(text: str, *, live: bool) -> tuple[str, ...]:
    field, label = "registered_addresses", "Registered address"
    if text.strip().lower() in ("", NOTHING):
        return ()
    found: list[str] = []
    for word in filter(None, _BETWEEN.split(text)):
        address = _address(field, label, word)
        if str(address) in found:
            raise _WrongError(field, f"{label} {address} stands there twice. Leave one out.")
        if live and (address.is_loopback or behind_a_router(str(address))):
            raise _WrongError(
                field,
                f"{label} {address} is one of a local network, which the broker never sees. Write "
                "the public address that is registered for the account's app.",
            )
        found.append(str(address))
    if len(found) > MOST_REGISTERED:
        raise _WrongError(
            field, f"Registered addresses are {len(found)}; at most {MOST_REGISTERED} can be kept."
        )
    return tuple(found)


def _address(field: str, label: str, text: str) -> Address:
    """One address, an IPv4 one also where it is written as IPv6."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "%" in bare:
        raise _WrongError(
            field, f"{label} {quoted(text)} names a zone. Write it without the % and what follows."
        )
    try:
        address = ip_address(bare)
    except ValueError:
        if "/" in bare:
            why, remedy = "a whole network", "Write one address of it"
        elif re.fullmatch(r"[\d.:]+|[\da-fA-F:.\[\]]*:[\da-fA-F:.\[\]]*", bare):
            why, remedy = "no address", "Check it, and write no port behind it"
        else:
            why, remedy = "a name, not an address", "Write the address it stands for"
        raise _WrongError(
            field,
            f"{label} {quoted(text)} is {why}. {remedy}, such as 203.0.113.7 or 2001:db8::7.",
        ) from None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        raise _WrongError(
            field,
            f"{label} {address} is none that a connection to the broker can leave from. Write "
            "another one.",
        )
    return address


def _proxy(text: str) -> str:
    """``http://host:port``. No sentence repeats what may hold a password."""
    field = "route_address"
    if not text:
        raise _WrongError(
            field,
            "Route address is empty. Write the proxy's address, such as http://proxy.example:3128.",
        )
    if "@" in text:
        raise _WrongError(
            field,
            "Route address holds the proxy's user name and password. Write them under Proxy login, "
            "where they are kept as a secret, and here the address alone.",
        )
    scheme, apart, _ = text.partition("://")
    if apart and scheme.lower() != "http":
        raise _WrongError(
            field,
            f"Route address {quoted(text)} is a proxy of a kind that is not supported. Use one "
            "that takes HTTP CONNECT, written http://host:port.",
        )
    try:
        parts = urlsplit(text if apart else f"http://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        _no_proxy(text)
    known = host and (_HOST.fullmatch(host) or _is_address(host))
    if not known or port is None or not port or parts.path.strip("/") or parts.query:
        _no_proxy(text)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _no_proxy(text: str) -> NoReturn:
    raise _WrongError(
        "route_address",
        f"Route address {quoted(text)} is no proxy's. Write host and port, such as "
        "http://proxy.example:3128.",
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _fit(route: Route) -> None:
    """What the fields may not be together."""
    family = route.family
    if family is Family.ANY:
        return
    if route.kind is RouteKind.PROXY:
        raise _WrongError(
            "address_family",
            "Address family is the proxy's own affair. Leave it at any, or choose another route.",
        )
    wanted = 4 if family is Family.IPV4 else 6
    if route.address and ip_address(route.address).version != wanted:
        raise _WrongError(
            "address_family",
            f"Address family is {family.in_words}, and the route address {route.address} is not. "
            "Change one of them.",
        )
    for address in route.registered:
        if ip_address(address).version != wanted:
            raise _WrongError(
                "registered_addresses",
                f"Registered address {address} is of the wrong family: Address family is "
                f"{family.in_words}. Change one of them.",
            )


def login_problem(login: str) -> str | None:
    """What is wrong with a proxy's login, ``user:password``. The sentence never repeats it."""
    if not login or (len(login) <= MOST_LOGIN and _LOGIN.fullmatch(login)):
        return None
    return (
        "Proxy login must be written user:password, in plain letters, digits and signs without a "
        f"space, at most {MOST_LOGIN} of them."
    )


def route_text(route: Route, field: str) -> str:
    """A field as a file spells it."""
    return {
        "route": route.kind.value,
        "route_address": route.address,
        "address_family": route.family.value,
        "registered_addresses": "; ".join(route.registered),
    }[field]
