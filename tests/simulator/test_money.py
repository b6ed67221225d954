"""Money that adds up: limits, margins, positions, holdings, and what midnight does to them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator import rupees
from tests.simulator.stand import MASTER, RELIANCE, Json, Stand


def test_limits_block_margin_and_give_it_back(stand: Stand) -> None:
    def limits() -> Json:
        found: Json = stand.json("GET", "/limits")["result"]
        return found

    assert limits()["tradingLimit"] == 10_000_000
    order = stand.accepted(price="1500", product="NORMAL")
    stand.wait()
    assert limits()["utilizedMargin"] == 15_000
    stand.json("DELETE", f"/orders/{order}")
    stand.wait()
    assert limits()["utilizedMargin"] == 0
    stand.accepted(product="INTRADAY")
    stand.wait()
    assert limits()["utilizedMargin"] == pytest.approx(10 * 1546.7 * 0.2)
    assert limits() == stand.json("GET", "/limits/fno")["result"]


def test_a_closed_position_leaves_its_profit(stand: Stand) -> None:
    stand.accepted()
    stand.wait()
    stand.price(1600)
    stand.accepted(transactionType="SELL", price="1590")
    stand.wait()
    (row,) = stand.rows("positions")
    assert row["netQuantity"] == 0
    assert row["realizedPnl"] == pytest.approx(10 * (1599.9 - 1546.7))
    assert stand.json("GET", "/limits")["result"]["utilizedMargin"] == 0


def test_delivery_sold_out_of_holdings(stand: Stand) -> None:
    held = stand.rows("holdings")[0]
    last = stand.broker.last_price("NSEEQ", held["nseInstrumentId"]) / 10_000
    stand.accepted(
        instrumentId=held["nseInstrumentId"], transactionType="SELL", product="DELIVERY",
        quantity="5", price=f"{last * 0.95:.0f}",
    )  # fmt: skip
    stand.wait()
    after = next(h for h in stand.rows("holdings") if h["isin"] == held["isin"])
    assert after["totalQuantity"] == held["totalQuantity"] - 5
    assert after["totalQuantity"] == after["dpQuantity"] + after["t1Quantity"]
    (position,) = stand.rows("positions")
    assert position["netQuantity"] == -5
    assert stand.json("GET", "/limits")["result"]["creditForSell"] > 0


def test_midnight_empties_the_books_and_carries_positions() -> None:
    stand = Stand()
    stand.accepted(product="NORMAL")
    stand.accepted(product="DELIVERY", quantity="7")
    stand.accepted(product="INTRADAY", quantity="3")
    stand.accepted(price="1500")
    stand.wait()
    stand.clock.forward(24 * 3600)
    assert stand.send("GET", "/orders").status == 401
    stand.tokens[MASTER] = stand.broker.open_session(MASTER)
    assert stand.rows("orders") == []
    assert stand.rows("trades") == []
    (row,) = stand.rows("positions")
    assert (row["product"], row["overnightQuantity"], row["netQuantity"]) == ("NORMAL", 10, 10)
    bought = [h for h in stand.rows("holdings") if h["nseInstrumentId"] == RELIANCE]
    assert bought[0]["t1Quantity"] == 7
    assert len(stand.broker.ledger.accepted) == 4
    assert stand.broker.ledger.accepted[3].status == "cancelled"


orders = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 60),
        st.sampled_from(["INTRADAY", "NORMAL"]),
        st.integers(-40, 40),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(orders)
def test_positions_trades_and_limits_add_up(wanted: list[tuple[str, int, str, int, bool]]) -> None:
    stand = Stand(market="walk", partial_rate=0.4, rate_limits=False)
    for side, quantity, product, offset, cancelled in wanted:
        last = stand.broker.last_price("NSEEQ", RELIANCE) // 500
        price = f"{(last + offset) * 5 / 100:.2f}"
        order = stand.accepted(
            transactionType=side, quantity=quantity, product=product, price=price
        )
        stand.wait(7)
        if cancelled:
            stand.json("DELETE", f"/orders/{order}")
    stand.wait(30)
    book, trades = stand.rows("orders", pause=0), stand.rows("trades", pause=0)
    limits = stand.json("GET", "/limits")["result"]
    for row in book:
        own: list[Json] = [t for t in trades if t["brokerOrderId"] == row["brokerOrderId"]]
        filled = sum(int(t["filledQuantity"]) for t in own)
        assert filled == int(row["filledQuantity"])
        assert filled + int(row["pendingQuantity"]) == int(row["quantity"])
        if filled:
            prices = [Decimal(t["tradedPrice"]) * int(t["filledQuantity"]) for t in own]
            paid = sum(prices, Decimal(0))
            assert abs(paid / filled - Decimal(row["averageTradedPrice"])) <= Decimal("0.0001")
    for row in stand.rows("positions", pause=0):
        own = [t for t in trades if t["product"] == row["product"]]
        bought = sum(int(t["filledQuantity"]) for t in own if t["transactionType"] == "BUY")
        sold = sum(int(t["filledQuantity"]) for t in own if t["transactionType"] == "SELL")
        assert (row["dayBuyQuantity"], row["daySellQuantity"]) == (bought, sold)
        assert row["netQuantity"] == row["overnightQuantity"] + bought - sold
        if row["netQuantity"]:
            value = Decimal(str(row["dayBuyValue"])) - Decimal(str(row["daySellValue"]))
            average = value / row["netQuantity"]
            assert abs(average - Decimal(str(row["netAveragePrice"]))) <= Decimal("0.0001")
    account = stand.broker.desk.accounts[MASTER]
    open_orders = [o for o in account.orders.values() if o.live]
    blocked = sum((Decimal(o.blocked) for o in open_orders), Decimal(0))
    assert account.blocked_by_orders == blocked
    held = sum(p.margin for p in account.positions.values())
    lost = max(0, -sum(p.realised for p in account.positions.values()))
    assert limits["utilizedMargin"] == pytest.approx(float(blocked + held + lost) / 10_000)
    parts = (
        "openingCashLimit",
        "intradayPayin",
        "collateralMargin",
        "creditForSell",
        "adhocMargin",
    )
    total = sum(limits[name] for name in parts) - limits["blockedForPayout"]
    assert limits["tradingLimit"] == pytest.approx(total)


@pytest.mark.parametrize("price", ["1e9999999", "-1e9999999", "1e999999999", "nan", "inf"])
def test_a_price_beyond_all_bounds_is_none(price: str) -> None:
    assert rupees.parse(price) is None
