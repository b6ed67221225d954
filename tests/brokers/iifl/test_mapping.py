"""Wire to domain: total, exact, and never a guess."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.mapping import (
    holding_of,
    limits_of,
    margin_of,
    order_of,
    position_of,
    quote_of,
    stamp_ns,
    trade_of,
)
from copytrade_gui.brokers.iifl.scalar import Value, decimal, whole
from copytrade_gui.brokers.iifl.statuses import STATES, state_of
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import OrderType, Product, Side, State, Validity
from tests.brokers.rig import GOLD

SAMPLE: dict[str, Value] = {
    "brokerOrderId": "240920000000124",
    "exchangeOrderId": "1100000000089930",
    "orderStatus": "open",
    "exchange": "NSEEQ",
    "instrumentId": "1594",
    "transactionType": "BUY",
    "quantity": "10",
    "filledQuantity": "0",
    "pendingQuantity": "10",
    "product": "INTRADAY",
    "orderType": "SL",
    "validity": "DAY",
    "price": "1501.55",
    "slTriggerPrice": "1500.0",
    "averageTradedPrice": "0.0",
    "disclosedQty": "0",
    "exchangeTimestamp": "20-Sep-2024 16:05:33",
    "rejectionReason": "",
    "source": "API",
    "orderTag": "NA",
}

TABLE = """
ACKED: put order req received, validation pending, open pending, new, pending, transit,
    amo req received, after market order req received
WORKING: open, modified, not modified, not cancelled, partially filled, partially executed, partial
TRIGGER_PENDING: trigger pending
MODIFY_PENDING: modify pending, modify validation pending, modify after market order req received
CANCEL_PENDING: cancel pending
FILLED: complete, completed, success, traded, filled, executed, fully executed
CANCELLED: cancelled, cancel, canceled, cancelled after market order
REJECTED: rejected, reject, fail, failed
EXPIRED: expired, lapsed
"""
EXPECTED = {
    text.strip(): State(name)
    for name, _, texts in (
        line.partition(":") for line in TABLE.replace("\n    ", " ").strip().splitlines()
    )
    for text in texts.split(",")
}


def no_lots(_key: InstrumentKey) -> int | None:
    return None


def row(**changes: Value) -> shapes.OrderRow:
    return msgspec.convert({**SAMPLE, **changes}, shapes.OrderRow)


# ---------------------------------------------------------------- statuses


def test_the_status_table_is_the_one_of_the_rules() -> None:
    assert dict(STATES) == EXPECTED


@pytest.mark.parametrize(("text", "state"), EXPECTED.items())
def test_status_texts_in_every_writing(text: str, state: State) -> None:
    for written in (text, text.upper(), text.title(), f"  {text}\t", text.replace(" ", "_")):
        assert state_of(written, 0) is state


def test_open_with_a_fill_is_partial_and_nothing_else_is() -> None:
    for text, state in EXPECTED.items():
        assert state_of(text, 1) is (State.PARTIAL if state is State.WORKING else state)


@given(st.text())
def test_an_unlisted_status_is_none(text: str) -> None:
    known = " ".join(text.replace("_", " ").split()).casefold() in EXPECTED
    assert (state_of(text, 0) is not None) is known


# ---------------------------------------------------------------- orders


def test_an_order_row() -> None:
    order = order_of(row(), no_lots)
    assert order is not None
    assert order.broker_order_id == "240920000000124"
    assert order.key == InstrumentKey(Exchange.NSEEQ, "1594")
    assert (order.side, order.quantity, order.filled_quantity, order.pending_quantity) == (
        Side.BUY,
        10,
        0,
        10,
    )
    assert (order.price, order.trigger) == (Decimal("1501.55"), Decimal(1500))
    assert (order.product, order.order_type, order.validity) == (
        Product.INTRADAY,
        OrderType.SL,
        Validity.DAY,
    )
    assert (order.tag, order.state, order.status_text) == ("", State.WORKING, "open")
    assert order.placed_ns == int(datetime(2024, 9, 20, 10, 35, 33, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("broker", "exchange", "second"),
    [("20-Sep-2024 16:05:40", "20-Sep-2024 16:05:39", 40), ("", "20-Sep-2024 16:05:39", 39),
     ("soon", "NA", None)],
)  # fmt: skip
def test_when_a_row_was_last_changed(broker: str, exchange: str, second: int | None) -> None:
    order = order_of(row(brokerUpdateTime=broker, exchangeUpdateTime=exchange), no_lots)
    assert order is not None
    assert order.placed_ns is not None
    expected = None if second is None else order.placed_ns + (second - 33) * 10**9
    assert order.updated_ns == expected


def test_numbers_may_be_numbers() -> None:
    as_numbers = row(quantity=10, filledQuantity=4.0, price=1501.55, instrumentId=1594)
    order = order_of(as_numbers, no_lots)
    assert order is not None
    assert (order.quantity, order.filled_quantity, order.price) == (10, 4, Decimal("1501.55"))
    assert order.key.instrument_id == "1594"
    assert order.state is State.PARTIAL


@pytest.mark.parametrize(
    "changes",
    [
        {"brokerOrderId": None},
        {"brokerOrderId": "a/b"},
        {"exchange": "NYSE"},
        {"instrumentId": ""},
        {"transactionType": "HOLD"},
        {"orderStatus": " "},
        {"quantity": "ten"},
        {"quantity": "0"},
        {"quantity": "-1"},
        {"quantity": "1.5"},
        {"quantity": "NaN"},
        {"quantity": "1e400"},
        {"quantity": "1_0"},
        {"quantity": "١٠"},
        {"filledQuantity": None},
        {"filledQuantity": "-1"},
        {"pendingQuantity": "some"},
        {"price": "1,501.55"},
        {"price": "Infinity"},
        {"averageTradedPrice": "?"},
    ],
)
def test_a_row_that_cannot_be_read_is_none(changes: dict[str, Value]) -> None:
    assert order_of(row(**changes), no_lots) is None


def test_words_we_do_not_have_keep_the_row() -> None:
    order = order_of(row(product="COVER", orderType="ICEBERG", validity="GTC"), no_lots)
    assert order is not None
    assert (order.product, order.order_type, order.validity) == (None, None, None)
    odd = order_of(row(orderStatus="frozen by exchange"), no_lots)
    assert odd is not None
    assert (odd.state, odd.status_text) == (None, "frozen by exchange")


@pytest.mark.parametrize("written", ["NA", "na", "", None])
def test_no_tag(written: Value) -> None:
    order = order_of(row(orderTag=written), no_lots)
    assert order is not None
    assert order.tag == ""


def test_sides_in_short() -> None:
    order = order_of(row(transactionType="s"), no_lots)
    assert order is not None
    assert order.side is Side.SELL


def test_disclosed_quantity_in_both_spellings() -> None:
    assert row(disclosedQty="5").disclosed == "5"
    without = {name: value for name, value in SAMPLE.items() if name != "disclosedQty"}
    both = msgspec.convert({**without, "disclosedQuantity": 7}, shapes.OrderRow)
    assert both.disclosed == 7


# ---------------------------------------------------------------- lots


def test_commodity_lots_become_units() -> None:
    lots = row(exchange="MCXCOMM", instrumentId="440939", quantity="3", filledQuantity="1")
    order = order_of(lots, lambda key: GOLD.lot_size if key == GOLD.key else None)
    assert order is not None
    assert (order.quantity, order.filled_quantity, order.pending_quantity) == (300, 100, 1000)
    assert order_of(lots, no_lots) is None


def test_a_position_brings_its_own_lot_size() -> None:
    position = {
        "exchange": "MCXCOMM",
        "instrumentId": "440939",
        "tradingSymbol": "GOLDM26DECFUT",
        "product": "NORMAL",
        "netQuantity": "-2",
        "netAveragePrice": "77000.5",
        "realizedPnl": "-12.345",
        "lotSize": "10",
    }
    mapped = position_of(msgspec.convert(position, shapes.PositionRow), lambda _key: 100)
    assert mapped is not None
    assert (mapped.net_quantity, mapped.realised) == (-20, -1235)
    assert (mapped.carried, mapped.bought, mapped.sold) == (None, None, None), "not told, not 0"
    del position["lotSize"]
    mapped = position_of(msgspec.convert(position, shapes.PositionRow), lambda _key: 100)
    assert mapped is not None
    assert mapped.net_quantity == -200


# ---------------------------------------------------------------- stamps


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_stamps_are_ist(moment: datetime) -> None:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    written = f"{moment.day:02d}-{months[moment.month - 1]}-{moment.year} {moment:%H:%M:%S}"
    in_utc = moment.replace(tzinfo=UTC) - timedelta(hours=5, minutes=30)
    assert stamp_ns(written) == int(in_utc.timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    "written",
    [
        "",
        "NA",
        "2024-09-20 16:05:33",
        "20-Sep-2024",
        "31-Feb-2024 10:00:00",
        "20-Sep-2024 25:00:00",
        "20-Sxp-2024 10:00:00",
        45511,
        "45511",
        "20-Sep-99999999 10:00:00",
        "20-Sep-2024 10:00:00.5",
    ],
)
def test_other_stamps_are_none(written: Value) -> None:
    assert stamp_ns(written) is None


@given(st.text() | st.integers() | st.floats() | st.none())
def test_stamps_and_numbers_are_total(value: Value) -> None:
    stamp_ns(value)
    number, count = decimal(value), whole(value)
    assert number is None or (number.is_finite() and abs(number) < 10**16)
    assert count is None or count == number


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_decimals_survive_as_text_exactly(value: Decimal) -> None:
    assert decimal(str(value)) == value
    assert decimal(f"{value:f}") == value


@given(st.dictionaries(st.sampled_from(sorted(SAMPLE)), st.text() | st.integers() | st.none()))
def test_any_row_maps_or_is_none(changes: dict[str, Value]) -> None:
    order = order_of(row(**changes), no_lots)
    if order is not None:
        assert order.quantity > 0
        assert order.filled_quantity >= 0


# ---------------------------------------------------------------- the other rows


def test_a_trade_row() -> None:
    fields = {
        "brokerOrderId": "1",
        "exchangeTradeId": 55,
        "exchange": "NSEFO",
        "instrumentId": "35005",
        "transactionType": "S",
        "tradedPrice": "24000.05",
        "filledQuantity": "65",
        "fillTimestamp": "07-Aug-2024 16:14:17",
        "orderTag": "CTX",
    }
    trade = trade_of(msgspec.convert(fields, shapes.TradeRow), no_lots)
    assert trade is not None
    assert (trade.trade_id, trade.side, trade.quantity) == ("55", Side.SELL, 65)
    assert (trade.price, trade.tag) == (Decimal("24000.05"), "CTX")
    for name in ("brokerOrderId", "exchangeTradeId", "tradedPrice", "filledQuantity", "exchange"):
        assert trade_of(msgspec.convert({**fields, name: ""}, shapes.TradeRow), no_lots) is None


def test_funds_holdings_quotes() -> None:
    funds = limits_of(
        shapes.LimitsRow(trading_limit=19990000, opening_cash_limit="0", utilized_margin=10.125)
    )
    assert funds is not None
    assert (funds.available, funds.utilised, funds.opening) == (1998998987, 1012, 0)
    assert limits_of(shapes.LimitsRow()) is None
    holding = holding_of(
        shapes.HoldingRow(
            isin="INE009A01021",
            nse_trading_symbol="INFY-EQ",
            total_quantity="12",
            average_traded_price="1400.5",
        )
    )
    assert holding is not None
    assert (holding.symbol, holding.quantity) == ("INFY-EQ", 12)
    assert (holding.in_demat, holding.unsettled, holding.pledged) == (None, None, None)
    quote = quote_of(
        shapes.QuoteRow(exchange="NSEEQ", instrument_id=1594, ltp=1500.1, bes_ask_price="1500.2"), 5
    )
    assert quote is not None
    assert (quote.last, quote.ask, quote.bid, quote.at_ns) == (
        Decimal("1500.1"),
        Decimal("1500.2"),
        Decimal(0),
        5,
    )
    assert quote_of(shapes.QuoteRow(exchange="Z", instrument_id=0, ltp=1), 5) is None
    assert quote_of(shapes.QuoteRow(exchange="NSEEQ", instrument_id=1, ltp=0), 5) is None


def test_margin_is_rounded_up() -> None:
    assert margin_of("10.001") == 1001
    assert margin_of("10.00") == 1000
    assert margin_of("") is None
