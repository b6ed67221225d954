"""Paise and ticks: exact, and rounded to the side that is said."""

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.money import (
    Paise,
    in_rupees,
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


@given(amount=st.integers(-(10**16), 10**16))
def test_an_amount_in_words_is_exact_and_has_one_form(amount: int) -> None:
    words = in_rupees(rupees(Paise(amount)))
    assert re.fullmatch(r"-?₹[0-9]{1,3}(,[0-9]{2})*(,[0-9]{3})?(\.[0-9]{2})?", words)
    assert Decimal(words.replace("₹", "").replace(",", "")) == rupees(Paise(amount))
    assert words.endswith(".00") is False


def test_amounts_as_a_trader_writes_them() -> None:
    said = {"50000000": "₹5,00,00,000", "172413.6": "₹1,72,413.60", "-250": "-₹250", "0": "₹0",
            "0.5": "₹0.50", "-0.001": "₹0", "1459.005": "₹1,459"}  # fmt: skip
    assert {typed: in_rupees(Decimal(typed)) for typed in said} == said
