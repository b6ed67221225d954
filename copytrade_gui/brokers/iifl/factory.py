"""Build the broker as the program uses it: one TLS context, a way in for each account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.brokers.http.address import Address, AddressRefusedError, is_loopback
from copytrade_gui.brokers.http.channel import Channel, ChannelNeeds
from copytrade_gui.brokers.http.connection_call import ConnectionCall
from copytrade_gui.brokers.http.http_call import HttpCall
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.route import Login, Way, no_login, way_of
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.brokers.iifl.address import (
    BROKER_API,
    BROKER_FEED,
    BROKER_LOGIN,
    check_address,
    check_feed,
)
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.feed import FeedNeeds
from copytrade_gui.brokers.iifl.feed_connection import FeedServer
from copytrade_gui.brokers.iifl.feed_queue import FeedQueue
from copytrade_gui.brokers.iifl.shapes import ORDERS
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import BrokerFailureError, Clock

_SEEN_BY_THE_SIMULATOR = "x-seen-address"
_PAPER_PROXY = (
    "its proxy {proxy} is another machine, and paper orders stay on this one; change the route for "
    "paper"
)


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Where the feed is. ``ca_file`` is the simulator's private CA."""

    host: str = BROKER_FEED[0]
    port: int = BROKER_FEED[1]
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class IiflSettings:
    """How the program reaches IIFL.

    With ``simulator`` only loopback addresses are accepted, plain HTTP among them; without it only
    the broker's own hosts. ``ca_file`` is the simulator's private CA. ``fast_orders`` chooses our
    own connections for orders and for what sessions read; without it both take httpx.
    ``keep_alive_s`` is the longest time an order connection stays idle before a cheap read keeps it
    open. Without a ``feed`` its books are read, and the broker tells nothing by itself.
    """

    cache_dir: Path
    base_url: str = BROKER_API
    login_url: str = BROKER_LOGIN
    simulator: bool = False
    ca_file: Path | None = None
    fast_orders: bool = True
    keep_alive_s: float = 25.0
    feed: FeedSettings | None = None
    proxy_login: Callable[[AccountId], Login] = lambda _account: no_login
    """Reads ``user:password`` of an account's proxy when a connection asks for it."""


@asynccontextmanager
async def iifl_broker(settings: IiflSettings, clock: Clock) -> AsyncIterator[IiflBroker]:
    """Open the broker on the running loop; on leaving, every connection is closed.

    Raises:
        BrokerFailureError: an address that we may not speak to, or no readable TLS trust.
    """
    try:
        address = check_address(settings.base_url, simulator=settings.simulator)
        check_address(settings.login_url.partition("?")[0], simulator=settings.simulator)
        feed_address = _feed_address(settings)
    except AddressRefusedError as error:
        raise BrokerFailureError(str(error), code="address") from error
    ca_files = (settings.ca_file, None if settings.feed is None else settings.feed.ca_file)
    if any(ca_files) and not settings.simulator:
        raise BrokerFailureError("A CA file of our own is for the simulator only.", code="address")
    tls = tls_context(settings.ca_file, trust=address.tls)

    def way(account: Account, login: Login | None) -> Way:
        made = way_of(account.route, clock, login or settings.proxy_login(account.account_id))
        if settings.simulator and made.proxy is not None and not is_loopback(made.proxy.host):
            return Way(refused=_PAPER_PROXY.format(proxy=made.proxy.name))
        return made

    pool = Pool(address, clock, tls=tls, keep_alive_s=settings.keep_alive_s)

    def http_call(way: Way) -> HttpCall:
        return HttpxCall(address, clock, tls=tls, orders_path=ORDERS, way=way)

    def session_call(way: Way) -> HttpCall:
        if settings.fast_orders:
            return ConnectionCall(pool, orders_path=ORDERS, way=way)
        return http_call(way)

    def channel(needs: ChannelNeeds) -> Channel:
        return WarmChannel(needs, pool) if settings.fast_orders else HttpxChannel(needs, clock)

    server, queue = None, FeedQueue(clock, lambda: pool.awaits_replies)
    feed = None
    if settings.feed is not None and feed_address is not None:
        feed_tls = tls_context(settings.feed.ca_file, trust=feed_address.tls, http=False)
        server = FeedServer(feed_address, clock, feed_tls, queue)
        feed = FeedNeeds(server.opener, clock)
    broker = IiflBroker(
        login_url=settings.login_url,
        clock=clock,
        http_call_factory=http_call,
        session_call_factory=session_call,
        channel_factory=channel,
        cache_dir=settings.cache_dir,
        way=way,
        sees=_SEEN_BY_THE_SIMULATOR if settings.simulator else "",
        feed=feed,
    )
    try:
        yield broker
    finally:
        await broker.aclose()
        queue.close()
        if server is not None:
            server.close()
        pool.close()


def _feed_address(settings: IiflSettings) -> Address | None:
    feed = settings.feed
    if feed is None:
        return None
    return check_feed(feed.host, feed.port, simulator=settings.simulator)
