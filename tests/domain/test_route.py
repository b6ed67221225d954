"""Routes as typed, and registered addresses compared with what connections leave from."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.route import (
    DIRECT,
    Family,
    Route,
    RouteKind,
    behind_a_router,
    what_is_not_compared,
    why_unregistered,
)
from copytrade_gui.domain.route_field import (
    MOST_REGISTERED,
    RouteProblem,
    login_problem,
    read_route,
    route_text,
)

FIELDS = ("route", "route_address", "address_family", "registered_addresses")


def read(held: Route = DIRECT, *, live: bool = True, **cells: str) -> Route:
    route = read_route(held, cells, live=live)
    assert isinstance(route, Route), route
    return route


@pytest.mark.parametrize(
    ("field", "cells", "says"),
    [
        ("route", {"route": "tunnel"}, '"tunnel" is not known'),
        ("route_address", {"route": "source"}, "empty"),
        ("route_address", {"route": "source", "route_address": "localhost"}, "a name, not an"),
        ("route_address", {"route": "source", "route_address": "office.example"}, "a name"),
        ("route_address", {"route": "source", "route_address": "fe80::1%eth0"}, "names a zone"),
        ("route_address", {"route": "source", "route_address": "203.0.113.7/24"}, "whole network"),
        ("route_address", {"route": "source", "route_address": "203.0.113.7:80"}, "no port"),
        ("route_address", {"route": "source", "route_address": "203.0.113.256"}, "no address"),
        ("route_address", {"route": "source", "route_address": "0:0::0"}, "none that a"),
        ("route_address", {"route": "source", "route_address": "fe80::1"}, "none that a"),
        ("route_address", {"route": "source", "route_address": "127.0.0.3"}, "machine's own"),
        ("route_address", {"route": "direct", "route_address": "203.0.113.7"}, "no direct route"),
        ("route_address", {"route": "proxy"}, "empty"),
        ("route_address", {"route": "proxy", "route_address": "10.0.0.2"}, "no proxy's"),
        ("route_address", {"route": "proxy", "route_address": "10.0.0.2:0"}, "no proxy's"),
        ("route_address", {"route": "proxy", "route_address": "10.0.0.2:99999"}, "no proxy's"),
        ("route_address", {"route": "proxy", "route_address": "socks5://a:1080"}, "HTTP CONNECT"),
        ("route_address", {"route": "proxy", "route_address": "https://a.example:1"}, "CONNECT"),
        ("route_address", {"route": "proxy", "route_address": "a:1/x"}, "no proxy's"),
        ("route_address", {"route": "proxy", "route_address": "[fe80::1%e]:1"}, "no proxy's"),
        ("route_address", {"route": "proxy", "route_address": "me:c4nary@a:1"}, "Proxy login"),
        ("address_family", {"address_family": "ipv5"}, "not known"),
        ("address_family", {"route": "source", "route_address": "203.0.113.7",
                            "address_family": "ipv6"}, "is not. Change one"),
        ("address_family", {"route": "proxy", "route_address": "a:1", "address_family": "ipv4"},
         "proxy's own affair"),
        ("registered_addresses", {"registered_addresses": "my.office"}, "a name"),
        ("registered_addresses", {"registered_addresses": "fe80::1%2"}, "zone"),
        ("registered_addresses", {"registered_addresses": "192.168.1.4"}, "local network"),
        ("registered_addresses", {"registered_addresses": "203.0.113.7; 203.0.113.7"}, "twice"),
        ("registered_addresses", {"registered_addresses": "203.0.113.7 ::ffff:cb00:7107"}, "twice"),
        ("registered_addresses", {"registered_addresses": "2001:db8::1, 2001:DB8:0::1"}, "twice"),
        ("registered_addresses", {"registered_addresses": "2001:db8::1",
                                  "address_family": "ipv4"}, "wrong family"),
        ("registered_addresses", {"registered_addresses": " ".join(
            f"203.0.113.{n}" for n in range(MOST_REGISTERED + 1))}, f"at most {MOST_REGISTERED}"),
    ],
)  # fmt: skip
def test_what_is_refused_names_its_field_and_never_a_password(
    field: str, cells: dict[str, str], says: str
) -> None:
    problem = read_route(DIRECT, cells, live=True)
    assert isinstance(problem, RouteProblem)
    assert problem.field == field
    assert says in problem.sentence
    assert problem.sentence.endswith(".")
    assert "c4nary" not in problem.sentence


def test_paper_knows_addresses_of_this_machine_alone() -> None:
    route = read(
        live=False, route="source", route_address="127.0.0.3", registered_addresses="127.0.0.3"
    )
    assert route == Route(RouteKind.SOURCE, "127.0.0.3", Family.ANY, ("127.0.0.3",))


def test_an_address_belongs_to_its_kind_and_what_is_not_named_stays() -> None:
    held = Route(RouteKind.SOURCE, "203.0.113.7", Family.IPV4, ("203.0.113.7",))
    assert read(held) == held
    assert read(held, route="Source address") == held
    assert read(held, route="direct") == Route(family=Family.IPV4, registered=("203.0.113.7",))
    assert isinstance(read_route(held, {"route": "proxy"}, live=True), RouteProblem)
    assert read(held, registered_addresses="none").registered == ()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://Proxy.Example:3128/", "http://proxy.example:3128"),
        ("http://[2001:DB8::2]:8080", "http://[2001:db8::2]:8080"),
    ],
)
def test_a_proxy_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert read(route="proxy", route_address=typed).address == kept


@pytest.mark.parametrize("login", ["me", "me: secret", "mé:secret", "me:" + "x" * 300])
def test_a_login_that_no_proxy_takes(login: str) -> None:
    sentence = login_problem(login)
    assert sentence is not None
    assert login not in sentence


PUBLIC = st.one_of(
    st.ip_addresses(v=4, network="203.0.113.0/24"), st.ip_addresses(v=6, network="2001:db8::/32")
)


@given(PUBLIC | st.ip_addresses(), st.sampled_from(Family), st.lists(PUBLIC | st.ip_addresses()))
def test_what_is_kept_is_read_back_as_it_was(
    address: IPv4Address | IPv6Address, family: Family, registered: list[IPv4Address | IPv6Address]
) -> None:
    """Whatever spelling: one form is kept, and everything that is kept can be read again."""
    spelled = [one.exploded.upper() if one.version == 6 else str(one) for one in registered]
    cells = {
        "route": "source", "route_address": address.exploded, "address_family": family.in_words,
        "registered_addresses": ", ".join(spelled),
    }  # fmt: skip
    route = read_route(DIRECT, cells, live=True)
    if isinstance(route, RouteProblem):
        assert route.field in FIELDS
        return
    again = {field: route_text(route, field) for field in FIELDS}
    assert read_route(DIRECT, again, live=True) == route
    kept = [ip_address(one) for one in (route.address, *route.registered)]
    assert len(set(route.registered)) == len(registered)
    assert all(one.version == (4 if family is Family.IPV4 else 6) or family is Family.ANY
               for one in kept)  # fmt: skip


# ------------------------------------------------------------ comparing

OURS, OTHERS, SIX = "203.0.113.7", "203.0.113.9", "2001:db8::7"


@pytest.mark.parametrize(
    ("route", "left_from", "held"),
    [
        (Route(registered=(OURS,)), (), ""),
        (Route(registered=(OURS,)), (OURS,), ""),
        (Route(registered=(OURS,)), (OTHERS,), OTHERS),
        (Route(registered=(OURS,)), (OURS, SIX), SIX),
        (Route(registered=(OURS, SIX)), (OURS, SIX), ""),
        (Route(registered=(OURS,)), ("192.168.1.4",), ""),
        (Route(registered=(OURS,)), ("fd00::4",), ""),
        (Route(registered=(OURS,)), ("127.0.0.1",), ""),
        (Route(registered=("127.0.0.3",)), ("127.0.0.1",), "127.0.0.1"),
        (Route(), (OTHERS,), ""),
        (Route(RouteKind.SOURCE, OTHERS, registered=(OURS,)), (), OTHERS),
        (Route(RouteKind.SOURCE, OURS, registered=(OURS,)), (), ""),
        (Route(RouteKind.SOURCE, "10.0.0.4", registered=(OURS,)), ("10.0.0.4",), ""),
        (Route(RouteKind.PROXY, "http://proxy.example:1", registered=(OURS,)), (OTHERS,), ""),
    ],
)
def test_orders_are_held_where_the_broker_would_see_another_address(
    route: Route, left_from: tuple[str, ...], held: str
) -> None:
    why = why_unregistered(route, left_from)
    assert bool(why) == bool(held)
    assert f"leave from {held}," in why or not held


def test_what_cannot_be_seen_from_here_is_said_and_holds_nothing() -> None:
    behind = Route(RouteKind.SOURCE, "10.0.0.4", registered=(OURS,))
    assert "through a router" in what_is_not_compared(behind)
    assert "through a router" in what_is_not_compared(Route(registered=(OURS,)), ("192.168.1.4",))
    proxy = Route(RouteKind.PROXY, "http://proxy.example:1", registered=(OURS,))
    assert "its proxy leaves from" in what_is_not_compared(proxy)
    assert not what_is_not_compared(Route(RouteKind.PROXY, f"http://{OURS}:1", registered=(OURS,)))
    assert not what_is_not_compared(Route(registered=(OURS,)), (OURS,))
    assert not what_is_not_compared(DIRECT, ("192.168.1.4",))


@given(st.ip_addresses())
def test_an_address_is_compared_or_behind_a_router(one: IPv4Address | IPv6Address) -> None:
    route = Route(registered=(OURS,))
    compared = bool(why_unregistered(route, (str(one),)))
    assert compared != (behind_a_router(str(one)) or one.is_loopback or str(one) == OURS)
