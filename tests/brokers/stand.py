"""The simulated broker served over real sockets, with our adapter logged in to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.factory import FeedSettings, IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import Declared
from copytrade_gui.domain.calendar import IST
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument
from copytrade_gui.domain.route import DIRECT, Route
from copytrade_gui.ports import (
    BrokerFailureError,
    PlaceReply,
    PreparedOrder,
    SessionToken,
)
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.certificates import Authority, make_certificates, server_context
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.control import ControlledBroker
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed.server import FeedServer
from copytrade_gui.simulator.server import SimulatorServer
from tests.brokers.rig import CALM_MS, SystemClock

NOON = datetime(2026, 11, 24, 12, tzinfo=IST)
TODAY = NOON.date()
QUICK = {
    "market": "still",
    "partial_rate": 0.0,
    "walk_ms": (0.0, 0.0, 0.0),
    "fill_ms": 0.0,
    "change_ms": 0.0,
}


class NoonClock(SystemClock):
    """The machine's clock as it would go had it been noon of a Tuesday when the stand came up.

    The broker's day ends at midnight, with its sessions and books: no test may meet that by chance.
    """

    def __init__(self) -> None:
        self._ahead_ns = int(NOON.timestamp()) * 10**9 - time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.monotonic_ns() + self._ahead_ns


def fault(**fields: object) -> Fault:
    return msgspec.convert(fields, Fault)


def naming(one: Fault) -> str:
    kind = one.wire.kind if one.wire else ""
    return f"{one.action}-{one.form or kind or one.code}-{one.how}-{one.http_status}"


async def place_order(session: IiflSession, order: PreparedOrder) -> PlaceReply:
    heard: asyncio.Future[PlaceReply] = asyncio.get_running_loop().create_future()
    session.orders.place(order, CALM_MS, heard.set_result)
    return await heard


class Stand:
    """The simulated broker, our adapter on it, and one account logged in the real way."""

    def __init__(self, simulated: SimulatedBroker, broker: IiflBroker, root: str) -> None:
        self.simulated = simulated
        self.broker = broker
        self.root = root

    def account(self, index: int = 0, route: Route = DIRECT, algo_id: str = "") -> Account:
        theirs = self.simulated.accounts[index]
        name = AccountId(f"acc{index}")
        declared = Declared(algo_id=algo_id)
        return Account(
            name, "Ravi", theirs.client_id, theirs.app.key, declared=declared, route=route
        )

    async def login(self, index: int = 0, route: Route = DIRECT, algo_id: str = "") -> IiflSession:
        account, theirs = self.account(index, route, algo_id), self.simulated.accounts[index]
        code = self.simulated.issue_code(theirs.client_id)
        pasted = f"http://127.0.0.1:1/back?authcode={code}&clientid={theirs.client_id}"
        token = await self.broker.exchange_code(account, theirs.app.secret, pasted)
        return self.broker.session(account, token)

    def token(self, session: IiflSession) -> SessionToken:
        """The token of a session, as it is stored."""
        said = session._caller.headers["Authorization"]
        return SessionToken(said.removeprefix("Bearer "), 1)

    async def refused_login(self, route: Route) -> str:
        """Why a login by this route is refused."""
        try:
            await self.login(0, route)
        except BrokerFailureError as failure:
            return str(failure)
        raise AssertionError("it was let in")

    async def instrument(self, exchange: Exchange, symbol: str) -> Instrument:
        found = (await self.broker.contracts(exchange, TODAY)).instruments
        return next(one for one in found if one.symbol.startswith(symbol))


@asynccontextmanager
async def standing(
    cache: Path,
    *,
    fast: bool = True,
    tls_folder: Path | None = None,
    switches: Mapping[str, object] | None = None,
    accounts: int = 3,
    feed_folder: Path | None = None,
    proxy_login: str = "",
) -> AsyncIterator[Stand]:
    """``feed_folder``: the broker has a feed, and keeps its certificates there. ``proxy_login`` is
    what is stored for every account's proxy.
    """

    async def stored_login() -> str:
        return proxy_login

    chosen = msgspec.convert(QUICK | dict(switches or {}), Switches)
    clock = NoonClock()
    simulated = SimulatedBroker(SimulatorConfig(accounts=accounts, switches=chosen), clock.wall_ns)
    server = SimulatorServer(ControlledBroker(simulated, "control"))
    ca_file, tls = None, None
    if tls_folder is not None:
        ca_file, certificate, key = make_certificates(tls_folder, "good")
        tls = server_context(certificate, key)
    port = await server.start("127.0.0.1", 0, tls)
    root = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    feed, feed_settings = None, None
    if feed_folder is not None:
        feed = FeedServer(simulated.feed, Authority(feed_folder))
        feed_settings = FeedSettings("127.0.0.1", await feed.start(), feed.ca_file)
    settings = IiflSettings(
        cache_dir=cache,
        base_url=f"{root}/v1",
        login_url=f"{root}/login",
        simulator=True,
        ca_file=ca_file,
        fast_orders=fast,
        feed=feed_settings,
        proxy_login=lambda _account: stored_login,
    )
    try:
        async with iifl_broker(settings, clock) as broker:
            yield Stand(simulated, broker, root)
    finally:
        if feed is not None:
            await feed.close()
        await server.close()


# ---------------------------------------------------------------- the whole way
