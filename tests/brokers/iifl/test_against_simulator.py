"""Every call of the adapter against the simulated broker, over real sockets, judged by its ledger.

The two share no code: where they agree, two readings of the documentation agree.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.brokers.iifl.factory import IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.market import Interval
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, InstrumentKind
from copytrade_gui.domain.order import State
from copytrade_gui.ports import (
    Accepted,
    BrokerFailureError,
    ChangeDone,
    Refused,
    SessionToken,
)
from tests.brokers.rig import place, tag, terms
from tests.brokers.stand import TODAY, NoonClock, place_order, standing


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_an_order_from_login_to_trade(
    cache: Path, tmp_path: Path, fast: bool, tls: bool
) -> None:
    folder = tmp_path if tls else None
    async with standing(cache, fast=fast, tls_folder=folder) as stand:
        session = await stand.login()
        await session.open_channel()
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
        assert (position.carried, position.bought, position.sold) == (0, 1, 0)
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
        assert profile.client_id == stand.account().client_id
        assert await session.margin_needed(terms(infy)) > 0
        assert len(await session.holdings()) > 0
        depth = await session.market.depth(infy.key)
        assert depth.bids[0].price < depth.asks[0].price
        future = next(
            one
            for one in (await stand.broker.contracts(Exchange.NSEFO, TODAY)).instruments
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
        assert abs((await stand.broker.clock_offset()).seconds) < 60
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
        {"empty_books": "stub"},
        {"empty_books": "stub_row", "books": "listed"},
        {"status_row": True},
        {"status_row": True, "books": "keyed"},
        {"status_row": True, "books": "bare"},
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


@pytest.mark.parametrize("total", ["all", "free"])
@pytest.mark.parametrize("placeholder", [True, False])
async def test_what_can_be_sold_stands_apart_from_what_is_pledged(
    cache: Path, total: str, placeholder: bool
) -> None:
    switches = {"holdings_total": total, "placeholder_holdings": placeholder}
    async with standing(cache, switches=switches) as stand:
        holdings = await (await stand.login()).holdings()
        theirs = list(stand.simulated.accounts[0].holdings.values())
        assert len(holdings) == len(theirs)
        for ours, held in zip(holdings, theirs, strict=True):
            assert (ours.in_demat, ours.unsettled) == (held.settled, held.unsettled)
            assert ours.pledged == held.pledged
            beside = held.pledged if total == "all" else 0
            assert ours.quantity == held.settled + held.unsettled + beside
        assert any(one.pledged and one.unsettled for one in holdings)
        stand.simulated.accounts[0].holdings.clear()
        assert await (await stand.login()).holdings() == ()


@pytest.mark.parametrize("place", ["result", "outer", "mixed"])
async def test_a_refused_change_is_refused_wherever_its_code_stands(
    cache: Path, place: str
) -> None:
    async with standing(cache, switches={"error_place": place}) as stand:
        session = await stand.login()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        for _ in range(2):
            assert isinstance(await session.cancel(BrokerOrderId("99")), Refused)
            assert isinstance(await session.modify(BrokerOrderId("99"), terms(infy)), Refused)


async def test_commodities_are_counted_in_lots_and_come_back_in_units(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        gold = next(
            one
            for one in (await stand.broker.contracts(Exchange.MCXCOMM, TODAY)).instruments
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
            for one in (await stand.broker.contracts(Exchange.MCXCOMM, TODAY)).instruments
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
        async with iifl_broker(settings, NoonClock()) as fresh:
            token = stand.simulated.open_session(stand.simulated.accounts[0].client_id)
            book = await fresh.session(stand.account(), SessionToken(token, 1)).order_book()
        assert book.whole
        assert [row.quantity for row in book.rows] == [gold.lot_size]


# ---------------------------------------------------------------- what goes wrong
