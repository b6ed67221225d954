"""How far from a price: rupees a unit or per cent, and never one taken for the other."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.offset import Offset, read_offset

TWO_AND_A_HALF = Offset(Decimal("2.5"), percent=False)
HALF = Offset(Decimal("0.5"), percent=True)


def read(text: str) -> Offset | NotANumber | None:
    return read_offset(text, "Stop-loss", 50)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("2.50 rupees", TWO_AND_A_HALF), ("Rs 2.50", TWO_AND_A_HALF), ("rs.2.5", TWO_AND_A_HALF),
        ("₹2.50", TWO_AND_A_HALF), ("2.5 Rs", TWO_AND_A_HALF), ("0.5%", HALF), (" 0.5 % ", HALF),
        ("", None),
    ],
)  # fmt: skip
def test_the_unit_is_named_before_or_behind(text: str, made: Offset | None) -> None:
    assert read(text) == made


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1", 'Stop-loss "1" does not say of what. Write 1% or 1 rupees.'),
        ("0,5", 'Stop-loss "0,5" is not a number; write 0.5% or 0.5 rupees.'),
        ("0,5%", 'Stop-loss "0,5%" is not a number; write 0.5%.'),
        ("0,5 Rs", 'Stop-loss "0,5 Rs" is not a number; write 0.5 rupees.'),
    ],
)
def test_a_number_without_a_unit_is_asked_for_it(text: str, sentence: str) -> None:
    refused = read(text)
    assert isinstance(refused, NotANumber)
    assert refused.sentence == sentence


@given(st.decimals("0.01", "50", places=2), st.booleans())
def test_what_is_written_is_read_as_the_same(amount: Decimal, percent: bool) -> None:
    made = Offset(amount, percent=percent)
    assert read(made.text) == made
    assert isinstance(read(f"{amount}"), NotANumber)


def test_nothing_at_all_is_the_same_in_either_unit() -> None:
    zero = read_offset("0", "Slippage", 50, from_zero=True)
    assert zero == Offset(Decimal(0), percent=False)
