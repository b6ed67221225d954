"""Rules that spend an amount of money on an order: part of the capital, or fixed rupees."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import Bounds
from copytrade_gui.domain.sizing.kind import (
    EXACT,
    NO_CAPITAL,
    NO_PRICE,
    Kind,
    MasterOrder,
    Share,
    Sized,
)

MAX_RUPEES = 100_000_000
"""₹10 crore: the exchange blocks a single order above it (SEBI CIR/MRD/DP/34/2012)."""
_PER_CENT_OF_PAISE = Decimal(10_000)


def _percent(value: Decimal, order: MasterOrder, capital: Paise | None) -> Share | Sized:
    if capital is None:
        return NO_CAPITAL
    if order.price is None or order.price <= 0:
        return NO_PRICE
    return EXACT.multiply(value, max(0, capital)), EXACT.multiply(order.price, _PER_CENT_OF_PAISE)


def _rupees(value: Decimal, order: MasterOrder, _capital: Paise | None) -> Share | Sized:
    if order.price is None or order.price <= 0:
        return NO_PRICE
    return value, order.price


CAPITAL_PERCENT = Kind(
    label="% of capital",
    hint="Per cent of free margin for one order, e.g. 10",
    words="{} % of capital",
    short="{} %",
    share=_percent,
    bounds=Bounds(100, "all of the capital", unit="%", example="10"),
    asks_capital=True,
)
RUPEES = Kind(
    label="Rupee value",
    hint="Rupees for one order, e.g. 50000",
    words="₹{} an order",
    short="₹{}",
    share=_rupees,
    bounds=Bounds(
        MAX_RUPEES,
        "the most an exchange takes in one order",
        unit="rupees",
        example="50000",
        rupees=True,
    ),
)
