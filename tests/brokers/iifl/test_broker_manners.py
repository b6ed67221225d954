"""The broker as others know it, each manner in every form its switch knows, over real sockets."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from copytrade_gui.brokers.iifl.instruments import read_contracts
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKind
from copytrade_gui.domain.order import OrderType, State
from copytrade_gui.ports import Accepted, BrokerPosition, ChangeDone
from copytrade_gui.simulator.ist import date_of
from copytrade_gui.simulator.wire import Reply, Request
from tests.brokers.rig import place, tag, terms
from tests.brokers.stand import TODAY, Stand, place_order, standing


def ask(stand: Stand, method: str, path: str, body: object) -> Reply:
    """A call as another program makes it, in the name of the first account."""
    token = stand.simulated.open_session(stand.simulated.accounts[0].client_id)
    headers = {"authorization": f"Bearer {token}"}
    raw = msgspec.json.encode(body)
    return stand.simulated.handle(Request(method, f"/v1{path}", "", headers, raw, "127.0.0.1"))


# ---------------------------------------------------------------- contract files


@pytest.mark.parametrize("writing", ["named", "named_time", "iso", "iso_time", "digits"])
async def test_an_expiry_is_the_same_day_in_every_writing(cache: Path, writing: str) -> None:
    async with standing(cache, switches={"expiry_text": writing}) as stand:
        for exchange in (Exchange.NSEFO, Exchange.BSEFO, Exchange.MCXCOMM):
            found = (await stand.broker.contracts(exchange, TODAY)).instruments
            theirs = {
                str(one.id): one for one in stand.simulated.desk.instruments.segment(exchange)
            }
            assert len(found) == len(theirs)
            for one in found:
                assert one.expiry == date_of(theirs[one.key.instrument_id].expiry)


@pytest.mark.parametrize("dressed", [True, False])
async def test_an_equity_is_a_share_also_when_its_row_has_an_expiry(
    cache: Path, dressed: bool
) -> None:
    async with standing(cache, switches={"dressed_equities": dressed}) as stand:
        served = stand.simulated.desk.files.read("NSEEQ.csv")
        assert served is not None
        assert (b"01-Jan-1980" in served) is dressed
        for exchange in (Exchange.NSEEQ, Exchange.BSEEQ):
            found = (await stand.broker.contracts(exchange, TODAY)).instruments
            assert {one.kind for one in found} == {InstrumentKind.EQUITY, InstrumentKind.INDEX}
            assert {one.expiry for one in found} == {None}


@pytest.mark.parametrize("series", [True, False])
@pytest.mark.parametrize("exchange", list(Exchange))
async def test_both_forms_of_a_contract_file_say_the_same(
    cache: Path, exchange: Exchange, series: bool
) -> None:
    async with standing(cache, switches={"contract_series": series}) as stand:
        files = stand.simulated.desk.files
        as_csv, as_json = files.read(f"{exchange}.csv"), files.read(f"{exchange}.json")
        if as_csv is None or as_json is None:
            return  # the broker has no such file
        both = [read_contracts(form.decode(), exchange) for form in (as_csv, as_json)]
        assert both[0] == both[1]
        rows = msgspec.json.decode(as_json, type=list[dict[str, str]])
        assert {len(row) for row in rows} <= {13 if series else 12}


async def test_ticks_come_from_the_file(cache: Path) -> None:
    async with standing(cache) as stand:
        shares = (await stand.broker.contracts(Exchange.NSEEQ, TODAY)).instruments
        contracts = (await stand.broker.contracts(Exchange.NSEFO, TODAY)).instruments
        ticks = {one.symbol: one.tick for one in shares if one.kind is InstrumentKind.EQUITY}
        assert (ticks["RELIANCE-EQ"], ticks["INFY-EQ"]) == (Decimal("0.1"), Decimal("0.05"))
        futures = {
            one.underlying: one.tick for one in contracts if one.kind is InstrumentKind.FUTURE
        }
        assert futures == {"NIFTY": Decimal("0.1"), "BANKNIFTY": Decimal("0.2")}
        session = await stand.login()
        reliance = next(one for one in shares if one.symbol == "RELIANCE-EQ")
        for price, state in (("1540.10", State.WORKING), ("1540.05", State.REJECTED)):
            order = session.orders.prepare(
                terms(reliance, price=Decimal(price)), tag(int(price[-2:]))
            )
            outcome = (await place_order(session, order)).outcome
            assert isinstance(outcome, Accepted)
            stand.simulated.advance()
            (row,) = [
                one
                for one in (await session.order_book()).rows
                if one.broker_order_id == outcome.broker_order_id
            ]
            assert row.state is state


# ---------------------------------------------------------------- orders


@pytest.mark.parametrize("manner", ["reject", "accept", "convert"])
async def test_a_bare_market_order_of_the_owner_in_the_book(cache: Path, manner: str) -> None:
    """Turned into a LIMIT order it is the same order still: one row, one id, its type changed."""
    async with standing(cache, switches={"bare_market": manner}) as stand:
        session = await stand.login()
        leg = {
            "instrumentId": "1594", "exchange": "NSEEQ", "transactionType": "BUY",
            "quantity": "5", "orderComplexity": "REGULAR", "product": "INTRADAY",
            "orderType": "MARKET", "validity": "DAY",
        }  # fmt: skip
        assert b"Success" in ask(stand, "POST", "/orders", [leg]).body
        stand.simulated.advance()
        (row,) = (await session.order_book()).rows
        expected = {
            "reject": (State.REJECTED, OrderType.MARKET, False),
            "accept": (State.FILLED, OrderType.MARKET, False),
            "convert": (State.FILLED, OrderType.LIMIT, True),
        }[manner]
        assert (row.state, row.order_type, row.price > 0) == expected


@pytest.mark.parametrize("body", ["object", "any"])
async def test_a_modify_is_a_bare_object(cache: Path, body: str) -> None:
    async with standing(cache, switches={"modify_body": body}) as stand:
        session = await stand.login()
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        stand.simulated.set_price("NSEEQ", infy.key.instrument_id, 1600 * 10_000)
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Accepted)
        number = outcome.broker_order_id
        stand.simulated.advance()
        assert await session.modify(number, terms(infy, quantity=4)) == ChangeDone()
        stand.simulated.advance()
        answer = ask(stand, "PUT", f"/orders/{number}", [{"quantity": "3"}]).body
        assert (b"EC914" in answer) is (body == "object")


# ---------------------------------------------------------------- commodities


async def gold(stand: Stand) -> Instrument:
    found = (await stand.broker.contracts(Exchange.MCXCOMM, TODAY)).instruments
    return next(one for one in found if one.symbol.startswith("GOLD2") and one.expiry)


@pytest.mark.parametrize("lots", ["units", "one"])
async def test_a_commodity_position_tells_whether_the_files_lot_is_right(
    cache: Path, lots: str
) -> None:
    async with standing(cache, switches={"commodity_lots": lots}) as stand:
        session = await stand.login()
        contract = await gold(stand)
        assert contract.lot_size == (100 if lots == "units" else 1)
        leg = {
            "instrumentId": contract.key.instrument_id, "exchange": "MCXCOMM",
            "transactionType": "BUY", "quantity": "1", "orderComplexity": "REGULAR",
            "product": "NORMAL", "orderType": "MARKET", "validity": "DAY",
            "marketProtectionPercent": "1",
        }  # fmt: skip
        assert b"Success" in ask(stand, "POST", "/orders", [leg]).body
        stand.simulated.advance()
        (position,) = await session.positions()
        assert (position.multiplier, position.lot_in_file) == (100, contract.lot_size)
        assert position.net_quantity == contract.lot_size
        (share,) = await _share_position(stand)
        assert (share.multiplier, share.lot_in_file) == (1, None)


async def _share_position(stand: Stand) -> tuple[BrokerPosition, ...]:
    session = await stand.login(1)
    infy = await stand.instrument(Exchange.NSEEQ, "INFY")
    stand.simulated.set_price("NSEEQ", infy.key.instrument_id, 1500 * 10_000)
    assert isinstance((await place(session.orders, 1)).outcome, Accepted)
    stand.simulated.advance()
    return await session.positions()
