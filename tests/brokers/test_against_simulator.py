"""Every call of the adapter against the simulated broker, over real sockets, judged by its ledger.

The two share no code: where they agree, two readings of the documentation agree.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.factory import IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.mapping import IST
from copytrade_gui.brokers.iifl.market import Interval
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKind
from copytrade_gui.domain.order import OrderType, State
from copytrade_gui.ports import (
    Accepted,
    BrokerFailureError,
    ChangeDone,
    Doubt,
    PlaceReply,
    PreparedOrder,
    Refused,
    SessionToken,
    Unknown,
)
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.certificates import make_certificates, server_context
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.control import ControlledBroker
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.server import SimulatorServer
from tests.brokers.rig import CALM_MS, SystemClock, place, tag, terms

TODAY = datetime.now(UTC).astimezone(IST).date()
QUICK = {
    "market": "still",
    "partial_rate": 0.0,
    "walk_ms": (0.0, 0.0, 0.0),
    "fill_ms": 0.0,
    "change_ms": 0.0,
}


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

    def account(self, index: int = 0) -> Account:
        theirs = self.simulated.accounts[index]
        return Account(
            AccountId(f"acc{index}"), Role.FOLLOWER, "Ravi", theirs.client_id, theirs.app.key
        )

    async def login(self, index: int = 0) -> IiflSession:
        account, theirs = self.account(index), self.simulated.accounts[index]
        code = self.simulated.issue_code(theirs.client_id)
        pasted = f"http://127.0.0.1:1/back?authcode={code}&clientid={theirs.client_id}"
        token = await self.broker.exchange_code(account, theirs.app.secret, pasted)
        return self.broker.session(account, token)

    async def instrument(self, exchange: Exchange, symbol: str) -> Instrument:
        found = await self.broker.instruments(exchange, TODAY)
        return next(one for one in found if one.symbol.startswith(symbol))


@asynccontextmanager
async def standing(
    cache: Path,
    *,
    fast: bool = True,
    tls_folder: Path | None = None,
    switches: Mapping[str, object] | None = None,
) -> AsyncIterator[Stand]:
    chosen = msgspec.convert(QUICK | dict(switches or {}), Switches)
    simulated = SimulatedBroker(SimulatorConfig(accounts=3, switches=chosen), time.time_ns)
    server = SimulatorServer(ControlledBroker(simulated, "control"))
    ca_file, tls = None, None
    if tls_folder is not None:
        ca_file, certificate, key = make_certificates(tls_folder, "good")
        tls = server_context(certificate, key)
    port = await server.start("127.0.0.1", 0, tls)
    root = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    settings = IiflSettings(
        cache_dir=cache,
        base_url=f"{root}/v1",
        login_url=f"{root}/login",
        simulator=True,
        ca_file=ca_file,
        fast_orders=fast,
    )
    try:
        async with iifl_broker(settings, SystemClock()) as broker:
            yield Stand(simulated, broker, root)
    finally:
        await server.close()


# ---------------------------------------------------------------- the whole way


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_an_order_from_login_to_trade(
    cache: Path, tmp_path: Path, fast: bool, tls: bool
) -> None:
    folder = tmp_path if tls else None
    async with standing(cache, fast=fast, tls_folder=folder) as stand:
        session = await stand.login()
        await session.open_road()
        reliance = await stand.instrument(Exchange.NSEEQ, "RELIANCE")
        (quote,) = await session.quotes([reliance.key])
        assert quote.last > 0
        order = session.orders.prepare(terms(reliance, quantity=3, price=quote.last), tag(1))
        outcome = (await place_order(session, order)).outcome
        assert isinstance(outcome, Accepted)
        ledger = stand.simulated.ledger.accepted
        assert [(one.order_id, one.terms.tag) for one in ledger] == [
            (outcome.broker_order_id, tag(1))
        ]
        stand.simulated.advance()
        book = await session.order_book()
        assert book.whole
        (row,) = book.rows
        assert (row.broker_order_id, row.tag) == (outcome.broker_order_id, tag(1))
        assert row.state in (State.WORKING, State.FILLED, State.ACKED)
        history = await session.order_history(outcome.broker_order_id)
        assert history.whole
        assert {one.broker_order_id for one in history.rows} == {outcome.broker_order_id}
        trades = await session.trade_book()
        assert trades.whole
        assert all(one.broker_order_id == outcome.broker_order_id for one in trades.rows)


async def test_a_fill_moves_trades_positions_and_funds(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        before = await session.limits()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        stand.simulated.set_price("NSEEQ", infy.key.instrument_id, 1500 * 10_000)
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Accepted)
        stand.simulated.advance()
        (row,) = (await session.order_book()).rows
        assert (row.state, row.filled_quantity) == (State.FILLED, 1)
        (trade,) = (await session.trade_book()).rows
        assert (trade.broker_order_id, trade.quantity) == (outcome.broker_order_id, 1)
        assert trade.price == row.average_price
        (position,) = await session.positions()
        assert (position.key, position.net_quantity) == (infy.key, 1)
        after = await session.limits()
        assert after.utilised > before.utilised
        assert after.available < before.available


async def test_cancel_and_modify_a_resting_order(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        stand.simulated.set_price("NSEEQ", infy.key.instrument_id, 1600 * 10_000)
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Accepted)
        number = outcome.broker_order_id
        changed = terms(infy, quantity=4, price=Decimal("1490.05"))
        assert await session.modify(number, changed) == ChangeDone()
        (row,) = (await session.order_book()).rows
        assert (row.quantity, row.price) == (4, Decimal("1490.05"))
        assert await session.cancel(number) == ChangeDone()
        (row,) = (await session.order_book()).rows
        assert row.state is State.CANCELLED
        assert isinstance(await session.cancel(number), Refused)
        assert isinstance(await session.modify(number, changed), Refused)
        assert isinstance(await session.cancel(BrokerOrderId("99")), Refused)


async def test_every_other_read(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        profile = await session.profile()
        assert "NSEEQ" in profile.exchanges
        assert await session.margin_needed(terms(infy)) > 0
        assert len(await session.holdings()) > 0
        depth = await session.market.depth(infy.key)
        assert depth.bids[0].price < depth.asks[0].price
        future = next(
            one
            for one in await stand.broker.instruments(Exchange.NSEFO, TODAY)
            if one.kind is InstrumentKind.FUTURE
        )
        assert (await session.market.open_interest(future.key)).now > 0
        margin = await session.market.span_margin([terms(future, quantity=future.lot_size)])
        assert margin.total >= margin.span > 0
        candles = await session.market.candles(
            infy.key, Interval.DAY, TODAY - timedelta(days=14), TODAY
        )
        assert candles
        assert all(one.low <= one.open <= one.high for one in candles)
        assert abs(await stand.broker.clock_offset_ms()) < 60_000
        await session.logout()
        read = await session.order_book()
        assert (read.whole, read.session_dead) == (False, True)
        with pytest.raises(BrokerFailureError, match="Log the account in again") as caught:
            await session.limits()
        assert caught.value.session_dead


# ---------------------------------------------------------------- every way the broker may write


@pytest.mark.parametrize(
    "switches",
    [
        {"books": "bare", "status_case": "upper", "disclosed_name": "disclosedQuantity"},
        {"books": "keyed", "status_case": "snake", "candles_as_text": True},
        {"books": "enveloped", "status_case": "title", "bare_margin": False},
        {"empty_books": "object", "error_place": "outer"},
        {"empty_books": "array"},
        {"empty_books": "list"},
    ],
)
async def test_shapes(cache: Path, switches: dict[str, object]) -> None:
    async with standing(cache, switches=switches) as stand:
        session = await stand.login()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        for book in (await session.order_book(), await session.trade_book()):
            assert (book.rows, book.whole) == ((), True)
        assert await session.positions() == ()
        stand.simulated.set_price("NSEEQ", infy.key.instrument_id, 1500 * 10_000)
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        stand.simulated.advance()
        book_now = await session.order_book()
        assert book_now.whole
        assert [row.state for row in book_now.rows] == [State.FILLED]
        assert len((await session.trade_book()).rows) == 1
        assert len(await session.positions()) == 1
        assert await session.margin_needed(terms(infy)) > 0
        assert await session.market.candles(
            infy.key, Interval.HOUR, TODAY - timedelta(days=7), TODAY
        )
        assert isinstance(await session.cancel(BrokerOrderId("99")), Refused)


async def test_commodities_are_counted_in_lots_and_come_back_in_units(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        gold = next(
            one
            for one in await stand.broker.instruments(Exchange.MCXCOMM, TODAY)
            if one.lot_size > 1
        )
        last = stand.simulated.last_price("MCXCOMM", gold.key.instrument_id)
        price = Decimal(last) / 10_000 // gold.tick * gold.tick
        wanted = terms(gold, quantity=2 * gold.lot_size, price=price)
        order = session.orders.prepare(wanted, tag(1))
        assert b'"quantity":"2"' in order.payload
        assert isinstance((await place_order(session, order)).outcome, Accepted)
        assert stand.simulated.ledger.accepted[0].terms.tag == tag(1)
        (row,) = (await session.order_book()).rows
        assert (row.quantity, row.tag) == (2 * gold.lot_size, tag(1))


async def test_a_book_with_lots_loads_the_contract_file_by_itself(
    cache: Path, tmp_path: Path
) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        gold = next(
            one
            for one in await stand.broker.instruments(Exchange.MCXCOMM, TODAY)
            if one.lot_size > 1
        )
        order = session.orders.prepare(terms(gold, quantity=gold.lot_size, price=gold.tick), tag(1))
        await place_order(session, order)
        settings = IiflSettings(
            cache_dir=tmp_path / "another",
            base_url=f"{stand.root}/v1",
            login_url=f"{stand.root}/login",
            simulator=True,
        )
        async with iifl_broker(settings, SystemClock()) as fresh:
            token = stand.simulated.open_session(stand.simulated.accounts[0].client_id)
            book = await fresh.session(stand.account(), SessionToken(token, 1)).order_book()
        assert book.whole
        assert [row.quantity for row in book.rows] == [gold.lot_size]


# ---------------------------------------------------------------- what goes wrong


async def test_wrong_secret_wrong_code_wrong_client(cache: Path) -> None:
    async with standing(cache) as stand:
        account, theirs = stand.account(), stand.simulated.accounts[0]
        code = stand.simulated.issue_code(theirs.client_id)
        with pytest.raises(BrokerFailureError, match="refused the login of Ravi") as caught:
            await stand.broker.exchange_code(account, "not the secret", code)
        assert "not the secret" not in str(caught.value)
        with pytest.raises(BrokerFailureError, match="refused the login of Ravi"):
            await stand.broker.exchange_code(account, theirs.app.secret, "NOSUCHCODE0000000000")
        with pytest.raises(BrokerFailureError, match="another client"):
            await stand.broker.exchange_code(
                account, theirs.app.secret, f"http://x/?authCode={code}&clientId=other"
            )
        with pytest.raises(BrokerFailureError, match="Paste the whole address"):
            await stand.broker.exchange_code(account, theirs.app.secret, "http://x/nothing")


@pytest.mark.parametrize("form", ["401", "EC044", "EC055", "EC075"])
async def test_a_dead_session_in_every_form(cache: Path, form: str) -> None:
    async with standing(cache, switches={"dead_session": form}) as stand:
        session = await stand.login()
        stand.simulated.expire_sessions()
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Unknown)
        assert outcome.doubt is Doubt.AUTH
        read = await session.order_book()
        assert (read.whole, read.session_dead) == (False, True)
        with pytest.raises(BrokerFailureError) as caught:
            await session.profile()
        assert caught.value.session_dead
        assert stand.simulated.ledger.accepted == []


async def test_unregistered_address(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        stand.simulated.accounts[0].app.addresses = ["203.0.113.7"]
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Refused)
        assert outcome.blocks_account
        read = await session.order_book()
        assert not read.whole
        assert "network address" in read.problem


async def test_over_the_limit(cache: Path) -> None:
    async with standing(cache, switches={"retry_after": 2.0}) as stand:
        session = await stand.login()
        outcomes = [(await place(session.orders, number)).outcome for number in range(12)]
        late = [one for one in outcomes if isinstance(one, Unknown)]
        assert len(late) == 2
        assert {(one.doubt, one.retry_after_ms) for one in late} == {(Doubt.RATE, 2000)}
        assert len(stand.simulated.ledger.accepted) == 10


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
@pytest.mark.parametrize(
    "misfortune",
    [
        fault(action="drop_reply", how="close", call="place"),
        fault(action="drop_reply", how="reset", call="place"),
        fault(action="drop_reply", how="silence", call="place"),
        fault(action="answer", form="html", call="place"),
        fault(action="answer", form="empty", http_status=200, call="place"),
        fault(action="answer", form="truncated", http_status=200, call="place"),
        fault(action="answer", form="huge", http_status=200, call="place"),
        fault(action="answer", form="deep", http_status=200, call="place"),
        fault(action="timed_out", call="place"),
        fault(action="code", code="EC003", placed=True, call="place"),
        fault(action="code", code="EC912", placed=True, call="place"),
        fault(action="wire", wire={"kind": "endless", "chunk": 4096, "pause_ms": 0}, call="place"),
        fault(action="wire", wire={"kind": "headers", "size": 1_000_000}, call="place"),
        fault(action="wire", wire={"kind": "cut", "at": 60}, call="place"),
        fault(action="wire", wire={"kind": "length", "delta": 20}, call="place"),
    ],
    ids=naming,
)
async def test_an_order_whose_reply_is_lost_is_found_by_its_tag(
    cache: Path, misfortune: Fault, fast: bool
) -> None:
    """Accepted by the broker, Unknown to us, sent once, and in the book under its tag."""
    async with standing(cache, fast=fast) as stand:
        session = await stand.login()
        await session.open_road()
        stand.simulated.add_fault(misfortune)
        outcome = (await place(session.orders, 1, deadline_ms=400)).outcome
        assert isinstance(outcome, Unknown)
        stand.simulated.clear_faults()
        assert stand.simulated.ledger.tags[tag(1)] == 1
        (order,) = stand.simulated.ledger.accepted
        book = await session.order_book()
        assert book.whole
        assert [(row.tag, row.broker_order_id) for row in book.rows] == [(tag(1), order.order_id)]
        # The road is usable again, by itself.
        assert isinstance((await place(session.orders, 2)).outcome, Accepted)


@pytest.mark.parametrize(
    "misfortune",
    [
        fault(action="book_failed", call="orders"),
        fault(action="book_garble", rows=1, form="text", call="orders"),
        fault(action="book_garble", rows=1, form="null", call="orders"),
        fault(action="book_garble", rows=1, form="missing", call="orders"),
        fault(action="book_garble", rows=1, form="list", call="orders"),
        fault(action="answer", form="html", http_status=200, call="orders"),
        fault(action="answer", form="truncated", http_status=200, call="orders"),
        fault(action="answer", http_status=503, call="orders"),
        fault(action="answer", form="deep", http_status=200, call="orders"),
        fault(action="too_many", call="orders"),
        fault(action="drop_reply", how="close", call="orders"),
    ],
    ids=naming,
)
async def test_a_bad_book_is_never_whole(cache: Path, misfortune: Fault) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        stand.simulated.add_fault(misfortune)
        read = await session.order_book()
        assert not read.whole
        assert read.problem.endswith(".")
        assert not read.session_dead


async def test_a_status_we_do_not_know_keeps_its_row(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        stand.simulated.add_fault(fault(action="status", text="frozen by exchange", call="place"))
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        read = await session.order_book()
        assert read.whole
        assert [(row.state, row.status_text) for row in read.rows] == [(None, "frozen by exchange")]


async def test_markets_orders_carry_protection(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        order = session.orders.prepare(terms(order_type=OrderType.MARKET, price=None), tag(1))
        assert isinstance((await place_order(session, order)).outcome, Accepted)
        stand.simulated.advance()
        (row,) = (await session.order_book()).rows
        assert row.state is State.FILLED, row.rejection_reason
