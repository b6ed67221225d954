"""News of orders and trades: what is read of it, and that nothing in it can make us fall over."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.brokers.iifl.feed_rows import (
    MOST_BYTES,
    is_on_its_way,
    order_in,
    order_news,
    trade_in,
)
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import OrderType, Product, Side, State
from copytrade_gui.ports import BrokerOrder, BrokerTrade
from tests.brokers.rig import GOLD

INFY = InstrumentKey(Exchange.NSEEQ, "1594")
ORDER = {
    "clientId": "AB1234", "validity": "DAY", "orderComplexity": "REGULAR", "product": "INTRADAY",
    "orderType": "LIMIT", "tradingSymbol": "INFY-EQ", "transactionType": "BUY",
    "instrumentId": "1594", "price": "1501.55", "slTriggerPrice": "0.0", "quantity": "10",
    "disclosedQuantity": "0", "cancelledQuantity": "0", "averageTradedPrice": "1501.5",
    "filledQuantity": "4", "pendingQuantity": "6", "brokerOrderId": "240920000000124",
    "exchangeOrderId": "1100000000089930", "rejectionReason": "", "orderStatus": "open",
    "exchangeTimestamp": "20-Sep-2024 16:05:33", "exchangeUpdateTime": "20-Sep-2024 16:05:40",
    "mainLegOrderId": "NA", "validityDate": "45555", "source": "API",
    "comments": "Strangle~dQcOimFMAvsXlum~SELF", "brokerUpdateTime": "20-Sep-2024 16:05:41",
}  # fmt: skip
TRADE = {
    "tradedPrice": "1501.5", "filledQuantity": "4", "exchangeTradeId": "T1",
    "instrumentId": "1594", "exchange": "NSEEQ", "clientId": "ab1234", "product": "INTRADAY",
    "tradingSymbol": "INFY-EQ", "fillDate": "45511", "fillTime": "0.676585648148148",
    "brokerOrderId": "240920000000124", "transactionType": "B", "orderType": "LIMIT",
}  # fmt: skip


def order(key: InstrumentKey | None = INFY, **changes: Any) -> BrokerOrder | None:
    return read(msgspec.json.encode(ORDER | changes), key)


def read(payload: bytes, key: InstrumentKey | None = INFY) -> BrokerOrder | None:
    news = order_news(payload, "ab1234")
    if news is None:
        return None
    return order_in(news, lambda *_: key, lambda one: 100 if one == GOLD.key else None)


def trade(**changes: Any) -> BrokerTrade | None:
    return trade_in(msgspec.json.encode(TRADE | changes), "AB1234", lambda _key: None)


def test_the_documented_order() -> None:
    row = order()
    assert row is not None
    assert (row.broker_order_id, row.tag, row.key) == ("240920000000124", "Strangle", INFY)
    assert (row.state, row.quantity, row.filled_quantity, row.pending_quantity) == (
        State.PARTIAL, 10, 4, 6,
    )  # fmt: skip
    assert (row.price, row.average_price) == (Decimal("1501.55"), Decimal("1501.5"))
    assert (row.side, row.product, row.order_type) == (Side.BUY, Product.INTRADAY, OrderType.LIMIT)
    assert row.placed_ns is not None
    assert row.updated_ns is not None
    assert (row.updated_ns - row.placed_ns) // 10**9 == 8


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({"comments": "NA~key~SELF"}, ""),
        ({"comments": ""}, ""),
        ({"comments": None, "orderTag": "One"}, "One"),
        ({"comments": "", "orderTag": "NA", "remarks": "Two"}, "Two"),
        ({"comments": "Three"}, "Three"),
    ],
)
def test_the_tag_is_taken_from_wherever_it_is(changes: dict[str, Any], tag: str) -> None:
    row = order(**changes)
    assert row is not None
    assert row.tag == tag


def test_an_order_whose_instrument_cannot_be_told_is_no_row() -> None:
    assert order(None) is None
    assert order(InstrumentKey(Exchange.NSEEQ, "2885")) is None  # ours, but of another instrument
    named = order(None, exchange="BSEEQ")
    assert named is not None
    assert named.key == InstrumentKey(Exchange.BSEEQ, "1594")
    lots = order(GOLD.key, instrumentId=GOLD.key.instrument_id, quantity="2", filledQuantity="1")
    assert lots is not None
    assert (lots.quantity, lots.filled_quantity) == (200, 100)


@pytest.mark.parametrize(
    ("status", "filled", "on_its_way"),
    [
        ("put order req received", "0", True),
        ("OPEN_PENDING", "0", True),
        ("open pending", "4", False),
        ("open", "0", False),
        ("trigger pending", "0", False),
        ("rejected", "0", False),
        ("a new word", "0", False),
    ],
)
def test_news_from_before_the_exchange_is_told_from_all_other(
    status: str, filled: str, on_its_way: bool
) -> None:
    changes = {"orderStatus": status, "filledQuantity": filled}
    news = order_news(msgspec.json.encode(ORDER | changes), "AB1234")
    assert news is not None
    assert is_on_its_way(news) is on_its_way


@pytest.mark.parametrize("client", ["another", "", None, "AB*234"])
def test_news_of_another_client_is_not_taken(client: str | None) -> None:
    assert order(clientId=client) is None
    assert trade(clientId=client) is None


def test_the_documented_trade() -> None:
    row = trade()
    assert row is not None
    assert (row.trade_id, row.broker_order_id, row.key) == ("T1", "240920000000124", INFY)
    assert (row.side, row.quantity, row.price) == (Side.BUY, 4, Decimal("1501.5"))
    assert row.at_text == "07-Aug-2024 16:14:17"


@pytest.mark.parametrize(
    ("changes", "stamp"),
    [
        ({"fillTime": "0"}, "07-Aug-2024 00:00:00"),
        ({"fillTime": "0.999999"}, "08-Aug-2024 00:00:00"),
        ({"fillTime": "1.5"}, ""),
        ({"fillDate": "NA"}, ""),
        ({"fillDate": "99999999"}, ""),
        ({"fillTimestamp": "07-Aug-2024 16:14:18"}, "07-Aug-2024 16:14:18"),
    ],
)
def test_when_a_trade_was_is_words_only(changes: dict[str, object], stamp: str) -> None:
    row = trade(**changes)
    assert row is not None
    assert row.at_text == stamp


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)


@given(st.sampled_from(sorted({*ORDER, *TRADE})), _JSON)
def test_any_value_in_any_field_is_read_or_refused(name: str, value: object) -> None:
    changes: dict[str, Any] = {name: value}
    try:
        order(**changes)
        trade(**changes)
    except msgspec.ValidationError:  # of our own encoder: what JSON cannot say
        pass


@given(st.binary(max_size=300) | _JSON.map(msgspec.json.encode))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    read(payload)
    trade_in(payload, "ab1234", lambda _key: None)


def test_endless_and_deep_news_is_refused() -> None:
    assert order(comments="x" * MOST_BYTES) is None
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    assert read(deep[:MOST_BYTES]) is None
    assert trade_in(deep[:MOST_BYTES], "ab1234", lambda _key: None) is None
