"""Positions and profit from trades: worked by hand, and adding up whatever is traded."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import Position, PositionKey, Positions, Profit

BUY, SELL = Side.BUY, Side.SELL
Trade = tuple[Side, int, str]


def after(*trades: Trade, begun: Position | None = None) -> Position:
    position = begun or Position()
    for side, quantity, price in trades:
        position = position.traded(side, quantity, Decimal(price))
    return position


@pytest.mark.parametrize(
    ("trades", "net", "average", "realised", "open_at_110"),
    [
        ([], 0, None, "0", "0"),
        ([(BUY, 10, "100")], 10, "100", "0", "100"),
        ([(BUY, 10, "100"), (BUY, 10, "105")], 20, "102.5", "0", "150"),
        ([(BUY, 10, "100"), (SELL, 4, "108")], 6, "100", "32", "60"),
        ([(BUY, 10, "100"), (SELL, 10, "108")], 0, None, "80", "0"),
        ([(SELL, 10, "100")], -10, "100", "0", "-100"),
        ([(SELL, 10, "100"), (BUY, 4, "95")], -6, "100", "20", "-60"),
        ([(SELL, 10, "100"), (BUY, 10, "112")], 0, None, "-120", "0"),
        # a reversal closes, and opens the rest at its own price
        ([(BUY, 10, "100"), (SELL, 15, "104")], -5, "104", "40", "-30"),
        ([(SELL, 10, "100"), (BUY, 15, "104")], 5, "104", "-40", "30"),
        # three at 100.00, 100.00 and 100.01: a third of 300.01 is 100.00, the rest keeps the paisa
        ([(BUY, 2, "100"), (BUY, 1, "100.01"), (SELL, 1, "101")], 2, "100.005", "1", "19.99"),
        (
            [(BUY, 2, "100"), (BUY, 1, "100.01"), (SELL, 1, "101"), (SELL, 2, "101")],
            0,
            None,
            "2.99",
            "0",
        ),
    ],
)
def test_worked_by_hand(
    trades: Iterable[Trade], net: int, average: str | None, realised: str, open_at_110: str
) -> None:
    position = after(*trades)
    assert position.net == net
    assert position.average == (None if average is None else Decimal(average))
    assert position.realised == Decimal(realised)
    assert position.open_profit(Decimal(110)) == Decimal(open_at_110)


def test_a_carried_position_splits_its_profit_into_days() -> None:
    monday = after((BUY, 10, "100"), (SELL, 4, "103"))
    assert monday.realised_today == 12
    tuesday = monday.next_day()
    assert (tuesday.carried, int(tuesday.carried_cost), int(tuesday.realised_today)) == (6, 600, 0)
    assert tuesday.realised == 12
    assert tuesday.day_profit(Decimal(105), Decimal(105)) == 0
    tuesday = after((SELL, 6, "109"), (BUY, 2, "108"), begun=tuesday)
    assert tuesday.realised_today == 54, "against what was paid"
    # 6 carried in at 105 and sold at 109 are 24, 2 bought at 108 and worth 110 are 4
    assert tuesday.day_profit(Decimal(110), Decimal(105)) == 28
    assert (tuesday.bought, tuesday.sold, int(tuesday.sold_value)) == (2, 6, 654)


PRICES = st.decimals("0.05", "100000", places=4)
TRADES = st.lists(
    st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 1_000_000), PRICES), max_size=30
)


@settings(max_examples=150)
@given(st.lists(TRADES, max_size=3), PRICES)
def test_realised_and_open_profit_are_cash_flow_and_value(
    days: list[list[tuple[Side, int, Decimal]]], last: Decimal
) -> None:
    position, flow, net = Position(), Decimal(0), 0
    for day in days:
        position, before = position.next_day(), position
        spent = Decimal(0)
        for side, quantity, price in day:
            direction = 1 if side is BUY else -1
            spent -= direction * quantity * price
            net += direction * quantity
            position = position.traded(side, quantity, price)
            assert (position.cost > 0) - (position.cost < 0) == (net > 0) - (net < 0)
        flow += spent
        assert position.net == net == before.net + position.bought - position.sold
        assert position.realised + position.open_profit(last) == flow + net * last
        assert position.day_profit(last, last) == spent + (net - before.net) * last
        assert position.realised_today == position.realised - before.realised
    if not net:
        assert position.cost == 0
        assert position.realised == flow


def test_profits_by_account_and_of_all_and_what_has_no_price() -> None:
    nifty, share = (InstrumentKey(Exchange.NSEFO, "1"), InstrumentKey(Exchange.NSEEQ, "2"))
    asha, ravi = AccountId("A"), AccountId("R")
    positions = Positions()
    positions.trade(PositionKey(asha, nifty, Product.NORMAL), BUY, 75, Decimal("101.55"))
    positions.trade(PositionKey(asha, share, Product.INTRADAY), SELL, 10, Decimal(50))
    positions.trade(PositionKey(asha, share, Product.INTRADAY), BUY, 10, Decimal("49.5"))
    positions.trade(PositionKey(ravi, nifty, Product.NORMAL), SELL, 75, Decimal("101.55"))
    positions.trade(PositionKey(ravi, share, Product.DELIVERY), BUY, 1, Decimal(50))
    prices = {nifty: Decimal("102.05")}
    assert positions.profits(prices, lambda key: key.account_id) == {
        asha: Profit(Decimal(5), Decimal("37.5")),
        ravi: Profit(Decimal(0), Decimal("-37.5"), unpriced=1),
    }
    (total,) = positions.profits(prices, lambda _: "all").values()
    assert (int(total.total), total.unpriced) == (5, 1)
    positions.next_day()
    held = {key: position.net for key, position in positions}
    assert held == {
        PositionKey(asha, nifty, Product.NORMAL): 75,
        PositionKey(ravi, nifty, Product.NORMAL): -75,
        PositionKey(ravi, share, Product.DELIVERY): 1,
    }
