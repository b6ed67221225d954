"""Build the broker as the program uses it: one TLS context, a way in for each account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from copytrade_gui.brokers.http.address import AddressRefusedError
from copytrade_gui.brokers.http.channel import Channel, ChannelNeeds, SourceAddress
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.brokers.iifl.address import (
    BROKER_API,
    BROKER_LOGIN,
    check_address,
)
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.shapes import ORDERS
from copytrade_gui.ports import BrokerFailureError, Clock


@dataclass(frozen=True, slots=True)
class IiflSettings:
    """How the program reaches IIFL.

    With ``simulator`` only loopback addresses are accepted, plain HTTP among them; without it only
    the broker's own hosts. ``ca_file`` is the simulator's private CA. ``fast_orders`` chooses the
    warm order connections; without it orders take httpx. ``keep_alive_s`` is the longest time an
    order connection stays idle before a cheap read keeps it open.
    """

    cache_dir: Path
    base_url: str = BROKER_API
    login_url: str = BROKER_LOGIN
    simulator: bool = False
    ca_file: Path | None = None
    redirect_url: str = ""
    fast_orders: bool = True
    keep_alive_s: float = 25.0
    source_address: SourceAddress = field(default=lambda _account: None)


@asynccontextmanager
async def iifl_broker(settings: IiflSettings, clock: Clock) -> AsyncIterator[IiflBroker]:
    """Open the broker on the running loop; on leaving, every connection is closed.

    Raises:
        BrokerFailureError: an address that we may not speak to, or no readable TLS trust.
    """
    try:
        address = check_address(settings.base_url, simulator=settings.simulator)
        check_address(settings.login_url.partition("?")[0], simulator=settings.simulator)
    except AddressRefusedError as error:
        raise BrokerFailureError(str(error), code="address") from error
    if settings.ca_file is not None and not settings.simulator:
        raise BrokerFailureError("A CA file of our own is for the simulator only.", code="address")
    tls = tls_context(settings.ca_file)

    def http_call(source_address: str | None) -> HttpxCall:
        return HttpxCall(address, clock, tls=tls, orders_path=ORDERS, source_address=source_address)

    pool = Pool(address, clock, tls=tls, keep_alive_s=settings.keep_alive_s)

    def channel(needs: ChannelNeeds) -> Channel:
        return WarmChannel(needs, pool) if settings.fast_orders else HttpxChannel(needs, clock)

    broker = IiflBroker(
        login_url=settings.login_url,
        clock=clock,
        http_call_factory=http_call,
        channel_factory=channel,
        cache_dir=settings.cache_dir,
        redirect_url=settings.redirect_url,
        source_address=settings.source_address,
    )
    try:
        yield broker
    finally:
        await broker.aclose()
        pool.close()
