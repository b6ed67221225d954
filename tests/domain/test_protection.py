"""MARKET and SL-M get a limit price: on a tick, on the right side, as far away as the grid says."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.instrument import (
    DayBand,
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
)
from copytrade_gui.domain.money import on_tick
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.protection import margin_of_protection, protect

SHARE, CALL = InstrumentKind.EQUITY, InstrumentKind.CALL
GRID = [
    (SHARE, "99.99", "1.9998"),
    (SHARE, "100", "1.00"),
    (SHARE, "500", "5.00"),
    (SHARE, "500.05", "2.50025"),
    (CALL, "0.95", "0.10"),
    (CALL, "5", "0.50"),
    (CALL, "10", "0.50"),
    (CALL, "100", "3.00"),
    (CALL, "500", "10.00"),
    (CALL, "600", "6.00"),
]


def order(
    kind: OrderType, side: Side, trigger: str | None = None, tick: str = "0.05"
) -> OrderTerms:
    infosys = Instrument(
        InstrumentKey(Exchange.NSEEQ, "1594"), "INFY-EQ", "INFOSYS", "INFY", SHARE, 1, Decimal(tick)
    )
    return OrderTerms(
        infosys, side, 1, Product.INTRADAY, kind, Validity.DAY,
        trigger=None if trigger is None else Decimal(trigger),
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "reference", "distance"), GRID)
def test_the_grid(kind: InstrumentKind, reference: str, distance: str) -> None:
    assert margin_of_protection(kind, Decimal(reference)) == Decimal(distance)


@given(
    last=st.decimals("0.05", "100000", places=2),
    side=st.sampled_from(Side),
    tick=st.sampled_from(["0.05", "0.10", "0.20"]),
)
def test_a_market_order_leaves_as_a_limit_that_trades(last: Decimal, side: Side, tick: str) -> None:
    leaving = protect(order(OrderType.MARKET, side, tick=tick), last)
    assert leaving is not None
    assert leaving.price is not None
    assert leaving.order_type is OrderType.LIMIT
    assert on_tick(leaving.price, Decimal(tick))
    assert leaving.price > 0
    distance = margin_of_protection(SHARE, last) + Decimal(tick)
    if side is Side.BUY:
        assert last <= leaving.price < last + distance
    elif last >= Decimal(tick):
        assert last - distance < leaving.price <= last


def test_a_stop_is_protected_around_its_own_trigger() -> None:
    buy = protect(order(OrderType.SLM, Side.BUY, "100"), None)
    sell = protect(order(OrderType.SLM, Side.SELL, "100"), None)
    assert buy is not None
    assert sell is not None
    assert (buy.order_type, buy.price, buy.trigger) == (OrderType.SL, Decimal(101), Decimal(100))
    assert (sell.order_type, sell.price) == (OrderType.SL, Decimal(99))


def test_what_cannot_be_protected_does_not_leave() -> None:
    assert protect(order(OrderType.MARKET, Side.BUY), None) is None
    assert protect(order(OrderType.MARKET, Side.BUY), Decimal(0)) is None
    assert protect(order(OrderType.SLM, Side.SELL, "0.05"), Decimal(1)) is None


def test_an_order_with_a_price_stays_as_it_is() -> None:
    for kind in (OrderType.LIMIT, OrderType.SL):
        terms = order(kind, Side.BUY, "100")
        assert protect(terms, None) is terms


def test_a_protected_price_stays_inside_the_day_s_band() -> None:
    band = DayBand(Decimal("98.6"), Decimal("100.5"))
    buy = protect(order(OrderType.MARKET, Side.BUY), Decimal(100), band)
    sell = protect(order(OrderType.MARKET, Side.SELL), Decimal(99), band)
    assert buy is not None
    assert sell is not None
    assert (buy.price, sell.price) == (Decimal("100.5"), Decimal("98.6"))
    # A stop that is beyond the band by itself keeps its price on the right side of its trigger.
    stop = protect(order(OrderType.SLM, Side.BUY, "102"), None, band)
    assert stop is not None
    assert stop.price is not None
    assert stop.price >= 102
