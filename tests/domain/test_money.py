"""Paise and ticks: exact, and rounded to the side that is said."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.money import (
    Paise,
    on_tick,
    order_value,
    paise,
    rupees,
    tick_above,
    tick_below,
)

PRICES = st.decimals("0.01", "100000", places=2)


@given(price=PRICES, tick=st.sampled_from(["0.01", "0.05", "0.1", "0.2"]))
def test_ticks_enclose_a_price(price: Decimal, tick: str) -> None:
    step_of = Decimal(tick)
    low, high = tick_below(price, step_of), tick_above(price, step_of)
    assert low <= price <= high
    assert on_tick(low, step_of)
    assert on_tick(high, step_of)
    assert high - low == (0 if on_tick(price, step_of) else step_of)


@given(price=PRICES, quantity=st.integers(0, 50_000_000))
def test_a_value_is_exact_paise(price: Decimal, quantity: int) -> None:
    assert rupees(order_value(price, quantity)) == price * quantity


def test_parts_of_a_paisa_are_rounded_down() -> None:
    assert paise(Decimal("10.019")) == 1001
    assert paise(Decimal("-10.019")) == -1002
    assert rupees(Paise(-1002)) == Decimal("-10.02")
