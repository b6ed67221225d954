"""Every connection of an account takes its route: the simulator says from where each call came."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.route import Family, Route, RouteKind
from copytrade_gui.ports import Accepted, BrokerFailureError, NotSent, Refused, Silence
from tests.brokers.connect_proxy import ConnectProxy, connect_proxy
from tests.brokers.rig import place, tag, terms
from tests.brokers.stand import place_order, standing

BOTH = pytest.mark.parametrize("fast", [True, False], ids=["fast", "httpx"])


def through(proxy: ConnectProxy) -> Route:
    return Route(RouteKind.PROXY, proxy.address)


def source(address: str) -> Route:
    return Route(RouteKind.SOURCE, address)


class Heard:
    """Hears the state of a feed, and nothing else of it."""

    def __init__(self) -> None:
        self.live = asyncio.Event()

    def feed(self, state: FeedState, _words: str) -> None:
        if state is FeedState.LIVE:
            self.live.set()

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None


@BOTH
async def test_one_account_by_its_address_and_one_by_its_proxy(
    tmp_path: Path, cache: Path, fast: bool
) -> None:
    """Login, orders, reads, changes and feed of each came from its own address, and no other."""
    (folder := tmp_path / "feed").mkdir()
    stand_at = standing(
        cache,
        fast=fast,
        tls_folder=tmp_path,
        feed_folder=folder,
        proxy_login="me:secret",
    )
    async with connect_proxy(login="me:secret") as proxy, stand_at as stand:
        for index, route in enumerate((source("127.0.0.3"), through(proxy))):
            session = await stand.login(index, route)
            await session.open_channel()
            heard = Heard()
            session.hear_updates(heard)
            reply = await place(session.orders, index)
            assert isinstance(reply.outcome, Accepted)
            assert (await session.order_book()).whole
            await session.limits()
            await session.cancel(reply.outcome.broker_order_id)
            await asyncio.wait_for(heard.live.wait(), 5)
        one, other = stand.simulated.accounts[:2]
        for account, address in ((one, "127.0.0.3"), (other, "127.0.0.9")):
            assert {"login", "place", "orders", "limits", "cancel", "feed"} <= set(account.peers)
            assert set().union(*account.peers.values()) == {address}
        assert proxy.asked


@BOTH
@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
async def test_a_cut_proxy_is_taken_again_and_nothing_goes_around_it(
    tmp_path: Path, cache: Path, fast: bool, tls: bool
) -> None:
    async with (
        connect_proxy() as proxy,
        standing(cache, fast=fast, tls_folder=tmp_path if tls else None) as stand,
    ):
        session = await stand.login(0, through(proxy))
        assert isinstance((await place(session.orders)).outcome, Accepted)
        proxy.cut()
        await place(session.orders, 2)  # it may have left into the cut: in doubt, never sent again
        assert isinstance((await place(session.orders, 3)).outcome, Accepted)
        assert (await session.order_book()).whole
        assert set().union(*stand.simulated.accounts[0].peers.values()) == {"127.0.0.9"}


NO_HTTP = "answers as no HTTP proxy does"
REFUSING = [
    pytest.param({"login": "me:secret"}, "asks for a user name and password (407)", id="login"),
    pytest.param({"answer": b"HTTP/1.1 403 No\r\n\r\n"}, "does not connect to", id="forbidden"),
    pytest.param({"answer": b"HTTP/1.1 502 Bad\r\n\r\n"}, "(502)", id="not there"),
    pytest.param({"answer": b"SSH-2.0-OpenSSH\r\n\r\n"}, NO_HTTP, id="no proxy"),
    pytest.param({"answer": b"HTTP/1.1 200 OK\r\n\r\nmore"}, NO_HTTP, id="more than it may say"),
    pytest.param({"answer": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000}, NO_HTTP, id="endless"),
    pytest.param({"answer": b"HTTP"}, "hung up", id="hung up"),
    pytest.param({"silent": True}, "does not answer within 1.5 s", id="silent"),
]


@pytest.mark.parametrize(("manner", "says"), REFUSING)
async def test_a_proxy_that_does_not_connect(
    cache: Path, manner: dict[str, object], says: str
) -> None:
    """Orders, reads and logins say why, nothing reaches the broker, and no secret is told."""
    async with connect_proxy(**manner) as proxy, standing(cache) as stand:  # type: ignore[arg-type]  # keyword arguments pass through
        session = await stand.login()  # before its route was changed
        routed = stand.broker.session(stand.account(0, through(proxy)), stand.token(session))
        reply, read, login = await asyncio.gather(
            place(routed.orders), routed.order_book(), stand.refused_login(through(proxy))
        )
        assert isinstance(reply.outcome, NotSent)
        assert reply.outcome.silence is Silence.ROUTE
        assert (read.silence, says in read.problem) == (Silence.ROUTE, True)
        for sentence in (reply.outcome.reason, read.problem, login):
            assert says in sentence
            assert f"its proxy 127.0.0.1:{proxy.port}" in sentence
            assert "secret" not in sentence
        account = stand.simulated.accounts[0]
        assert set(account.peers) == {"login"}
        assert not stand.simulated.ledger.wire


@BOTH
@pytest.mark.parametrize(
    ("route", "says"),
    [
        (Route(RouteKind.PROXY, "http://127.0.0.1:9"), "its proxy 127.0.0.1:9 refuses"),
        (
            Route(RouteKind.PROXY, "http://proxy.example:3128"),
            "paper orders stay on this one",
        ),
        (source("203.0.113.7"), "this machine does not have its route's address 203.0.113.7"),
    ],
    ids=["nobody there", "another machine on paper", "an address of others"],
)
async def test_a_route_that_cannot_be_taken(
    cache: Path, fast: bool, route: Route, says: str
) -> None:
    async with standing(cache, fast=fast) as stand:
        session = await stand.login()
        routed = stand.broker.session(stand.account(0, route), stand.token(session))
        outcome = (await place(routed.orders)).outcome
        assert isinstance(outcome, NotSent)
        assert outcome.silence is Silence.ROUTE
        assert says in outcome.reason
        read = await routed.order_book()
        assert read.silence is Silence.ROUTE
        assert says in read.problem
        with pytest.raises(BrokerFailureError, match=says):
            await stand.broker.try_route(stand.account(0, route))
        assert not stand.simulated.ledger.wire


async def test_the_broker_tells_whom_it_sees(cache: Path) -> None:
    """On paper; the real one tells nobody, and then only the local address is known."""
    async with connect_proxy(login="me:secret") as proxy, standing(cache) as stand:
        seen = await stand.broker.try_route(stand.account(0, source("127.0.0.3")))
        assert (seen.left_from, seen.seen) == ("127.0.0.3", "127.0.0.3")
        by_proxy = stand.account(0, through(proxy))
        seen = await stand.broker.try_route(by_proxy, "me:secret")
        assert (seen.left_from, seen.seen) == ("127.0.0.1", "127.0.0.9")
        with pytest.raises(BrokerFailureError, match="does not take the proxy login"):
            await stand.broker.try_route(by_proxy, "me:wrong")
        stand.broker._sees = ""
        assert (await stand.broker.try_route(stand.account(0))).seen == ""


async def test_a_family_without_a_way_to_the_broker(cache: Path) -> None:
    """The broker stands at an IPv4 address: IPv6 alone does not lead there, and nothing else is
    tried."""
    async with standing(cache) as stand:
        session = await stand.login()
        routed = stand.broker.session(
            stand.account(0, Route(family=Family.IPV6)), stand.token(session)
        )
        assert isinstance((await place(routed.orders)).outcome, NotSent)
        assert not (await routed.order_book()).whole
        by_ipv4 = stand.broker.session(
            stand.account(0, Route(family=Family.IPV4)), stand.token(session)
        )
        assert isinstance((await place(by_ipv4.orders)).outcome, Accepted)


@BOTH
async def test_a_registered_app_names_its_algo_with_every_order(cache: Path, fast: bool) -> None:
    async with standing(cache, fast=fast) as stand:
        stand.simulated.desk.config.registered = True
        for algo_id, taken in (("ALGO-12", Accepted), ("", Refused)):
            session = await stand.login(0, algo_id=algo_id)
            for number in (1, 2):  # the second is made from what the first left
                order = session.orders.prepare(terms(), tag(number))
                assert isinstance((await place_order(session, order)).outcome, taken)
        assert {order.terms.algo for order in stand.simulated.ledger.accepted} == {"ALGO-12"}
