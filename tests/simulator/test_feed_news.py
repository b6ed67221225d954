"""What the feed tells: every change of every order once, in order, and what the market does."""

import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed.feed import Message
from tests.simulator.stand import FIRST, MASTER, Json, Stand


def heard_by(stand: Stand, client: str = MASTER, *, kind: str = "order") -> list[Json]:
    """What is told of a client from now on."""
    told: list[Json] = []

    def listen(message: Message) -> None:
        told.append(msgspec.json.decode(message.payload))

    stand.broker.feed.subscribe(f"prod/updates/{kind}/v1/{client.lower()}", listen)
    return told


actions = st.lists(
    st.tuples(
        st.sampled_from(["place", "stop", "modify", "cancel", "price"]),
        st.integers(-30, 30),
        st.floats(0.0, 3.0),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40)
@given(actions)
def test_what_is_told_is_the_history_of_each_order(wanted: list[tuple[str, int, float]]) -> None:
    """However an order goes, and however late it is looked at."""
    stand = Stand(partial_rate=0.5, rate_limits=False, reject_rate=0.1)
    updates, trades = heard_by(stand), heard_by(stand, kind="trade")
    orders: list[str] = []
    for action, offset, pause in wanted:
        price = f"{1546.6 + offset:.1f}"
        if action == "place":
            side = "SELL" if offset % 2 else "BUY"
            orders.append(stand.accepted(price=price, transactionType=side))
        elif action == "stop":
            orders.append(
                stand.accepted(orderType="SL", price="1600", slTriggerPrice=f"{1550 + offset}")
            )
        elif action == "price":
            stand.price(1546.6 + offset)
        elif orders and action == "modify":
            stand.json("PUT", f"/orders/{orders[offset % len(orders)]}", {"quantity": "20"})
        elif orders:
            stand.json("DELETE", f"/orders/{orders[offset % len(orders)]}")
        stand.wait(pause)
    stand.wait(30)
    stand.broker.advance()
    for order in orders:
        history = stand.json("GET", f"/orders/{order}")["result"]
        told = [row for row in updates if row["brokerOrderId"] == order]
        same = ("orderStatus", "quantity", "filledQuantity", "pendingQuantity", "cancelledQuantity",
                "price", "slTriggerPrice", "averageTradedPrice", "rejectionReason", "orderType",
                "brokerUpdateTime", "transactionType", "instrumentId", "product")  # fmt: skip
        assert [[r[k] for k in same] for r in told] == [[r[k] for k in same] for r in history]
    book = stand.rows("trades", pause=0)
    assert [t["exchangeTradeId"] for t in trades] == [t["exchangeTradeId"] for t in book]
    assert [t["tradedPrice"] for t in trades] == [t["tradedPrice"] for t in book]


def test_an_order_update_as_documented(stand: Stand) -> None:
    updates = heard_by(stand)
    order = stand.accepted(orderTag="CT 1", price="1500")
    stand.wait()
    stand.broker.advance()
    last = updates[-1]
    app = stand.broker.desk.accounts[MASTER].app
    assert set(last) == {
        "clientId", "validity", "orderComplexity", "product", "orderType", "tradingSymbol",
        "transactionType", "instrumentId", "price", "slTriggerPrice", "quantity",
        "disclosedQuantity", "cancelledQuantity", "algoId", "marketProtectionPercent", "placedBy",
        "averageTradedPrice", "filledQuantity", "pendingQuantity", "brokerOrderId",
        "exchangeOrderId", "rejectionReason", "orderStatus", "exchangeTimestamp",
        "exchangeUpdateTime", "mainLegOrderId", "validityDate", "source", "comments",
        "brokerUpdateTime",
    }  # fmt: skip
    assert all(isinstance(value, str) for value in last.values())
    assert last["comments"] == f"CT 1~{app.key}~SELF"
    assert (last["brokerOrderId"], last["orderStatus"], last["price"]) == (order, "open", "1500.0")
    assert last["validityDate"] == "46350"  # 24 November 2026
    stand.broker.set_switches({"feed_tag": "remarks", "status_case": "upper"})
    stand.json("DELETE", f"/orders/{order}")
    assert updates[-1]["remarks"] == "CT 1"
    assert updates[-1]["comments"] == ""
    assert updates[-1]["orderStatus"] == "CANCEL PENDING"


def test_a_trade_update_as_documented(stand: Stand) -> None:
    trades = heard_by(stand, kind="trade")
    order = stand.accepted(orderTag="CT1")
    stand.wait()
    stand.broker.set_switches({"trade_side": "word"})
    stand.accepted()
    stand.wait()
    stand.broker.advance()
    one, two = trades
    assert set(one) == {
        "tradedPrice", "filledQuantity", "exchangeTradeId", "instrumentId", "exchange", "clientId",
        "orderComplexity", "product", "tradingSymbol", "fillDate", "fillTime", "brokerOrderId",
        "exchangeOrderId", "transactionType", "orderType", "placedBy", "algoId",
    }  # fmt: skip
    assert (one["brokerOrderId"], one["transactionType"], one["exchange"]) == (order, "B", "NSEEQ")
    assert (one["fillDate"], one["fillTime"]) == ("46350", "0.416666666666667")
    assert two["transactionType"] == "BUY"


@pytest.mark.parametrize(("first", "kinds"), [(True, "to"), (False, "ot")])
def test_which_comes_first_of_a_fill(first: bool, kinds: str) -> None:
    stand = Stand(trade_first=first, feed_statuses="exchange")
    told: list[str] = []
    for kind in ("order", "trade"):
        topic = f"prod/updates/{kind}/v1/{MASTER}"
        stand.broker.feed.subscribe(topic, lambda message: told.append(message.topic[13]))
    stand.accepted()
    stand.wait()
    stand.broker.advance()
    assert "".join(told) == "o" + kinds  # open, and then the fill's two


def test_only_what_the_exchange_says() -> None:
    stand = Stand(feed_statuses="exchange")
    updates = heard_by(stand)
    stand.accepted(orderType="SL", slTriggerPrice="1540", price="1600")
    stand.wait()
    stand.broker.advance()
    assert [row["orderStatus"] for row in updates] == ["trigger pending", "open", "complete"]


def test_what_no_book_shows_yet_is_not_told(stand: Stand) -> None:
    updates, trades = heard_by(stand), heard_by(stand, kind="trade")
    stand.broker.add_fault(Fault(action="show_late", seconds=60))
    order = stand.accepted()
    stand.wait(59)
    stand.broker.advance()
    assert (updates, trades) == ([], [])
    stand.wait(2)
    stand.broker.advance()
    assert updates[-1]["orderStatus"] == "complete"
    assert {row["brokerOrderId"] for row in updates + trades} == {order}


def test_the_end_of_the_day_is_told(stand: Stand) -> None:
    updates = heard_by(stand)
    stand.accepted(price="1500")
    stand.wait(24 * 3600)
    stand.broker.advance()
    assert (updates[-1]["orderStatus"], updates[-1]["cancelledQuantity"]) == ("cancelled", "10")


def test_each_hears_only_of_himself(stand: Stand) -> None:
    mine, other = heard_by(stand), heard_by(stand, FIRST)
    stand.accepted()
    stand.wait()
    stand.broker.advance()
    assert len(mine) == 5
    assert other == []


def test_what_comes_before_a_listener_is_lost_to_him(stand: Stand) -> None:
    stand.accepted(price="1500")
    stand.wait()
    stand.broker.advance()
    updates = heard_by(stand)
    stand.broker.advance()
    assert updates == []
    stand.price(1499)
    stand.wait()
    stand.broker.advance()
    assert [row["orderStatus"] for row in updates] == ["complete"]


# -- the market -------------------------------------------------------------------------------


def packets(stand: Stand, *topics: str) -> list[tuple[str, bytes]]:
    got: list[tuple[str, bytes]] = []
    for topic in topics:
        stand.broker.feed.subscribe(
            f"prod/marketfeed/{topic}", lambda m: got.append((m.topic[16:], m.payload))
        )
    return got


def tick(stand: Stand) -> None:
    stand.broker.feed.publish(stand.clock.now)


def test_prices_are_told_when_they_move(stand: Stand) -> None:
    got = packets(stand, "mw/v1/nseeq/2885", "index/v1/nseeq/999920000", "mw/v1/nseeq/999920000")
    tick(stand)
    quote = stand.json("POST", "/marketdata/marketquotes",
                       [{"exchange": "NSEEQ", "instrumentId": "2885"}])["result"][0]  # fmt: skip
    assert [name for name, _ in got] == ["mw/v1/nseeq/2885", "index/v1/nseeq/999920000"]
    head = struct.unpack_from("<iIIiiiiiHIiIiIIii", got[0][1])
    assert head[0] == 154_660 == round(quote["ltp"] * 100)
    assert head[2] == quote["tradedVolume"]
    assert (head[9], head[10]) == (quote["bestBidQuantity"], round(quote["bestBidPrice"] * 100))
    index = struct.unpack_from("<iIIiiiiiHIiIiIIii", got[1][1])
    assert index[:3] == (2_605_265, 0, 0)
    assert got[1][1][66:] == bytes(122)
    got.clear()
    tick(stand)
    assert got == []  # nothing has changed within the second
    stand.price(1500)
    assert [struct.unpack_from("<i", raw)[0] for _, raw in got] == [150_000]


def test_a_currency_has_its_own_divisor(stand: Stand) -> None:
    future = next(i for i in stand.broker.desk.instruments.live if i.exchange == "NSECURR")
    got = packets(stand, f"mw/v1/nsecurr/{future.id}")
    tick(stand)
    head = struct.unpack_from("<iIIiiiiiHIiIiIIii", got[0][1])
    assert head[15] == 10_000
    assert head[0] == stand.broker.last_price("NSECURR", str(future.id))


def test_status_interest_limits_circuits_and_marks(stand: Stand) -> None:
    option = next(i for i in stand.broker.desk.instruments.live if i.kind == "CE")
    got = packets(
        stand, "marketstatus/v1/nseeq", f"oi/v1/nsefo/{option.id}", f"lpp/v1/nsefo/{option.id}",
        "uppercircuit/v1/nseeq", "low52week/v1/nseeq",
    )  # fmt: skip
    tick(stand)
    sizes = {name.partition("/")[0]: len(raw) for name, raw in got}
    assert sizes == {"marketstatus": 2, "oi": 16, "lpp": 12}
    assert dict(got)["marketstatus/v1/nseeq"] == b"\x02\x00"
    got.clear()
    stand.price(1900)
    stand.price(1400)
    names = [(name, struct.unpack("<IIi", raw)[0]) for name, raw in got]
    assert names == [("uppercircuit/v1/nseeq", 2885), ("low52week/v1/nseeq", 2885)]
    got.clear()
    stand.broker.set_switches({"halted": ["NSEEQ"]})
    tick(stand)
    assert ("marketstatus/v1/nseeq", b"\x0a\x00") in got
    got.clear()
    stand.broker.set_switches({"trading_hours": True, "halted": []})
    stand.wait(6 * 3600)
    tick(stand)
    assert ("marketstatus/v1/nseeq", b"\x07\x00") in got
