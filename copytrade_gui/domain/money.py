"""Prices in ticks and money in paise; no floating point anywhere."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NewType

Paise = NewType("Paise", int)
"""Money as whole paise; 100 paise are one rupee."""


def paise(rupees: Decimal) -> Paise:
    """Convert rupees to whole paise, rounding towards minus infinity."""
    return Paise(int((rupees * 100).to_integral_value(ROUND_FLOOR)))


def rupees(amount: Paise) -> Decimal:
    """Convert paise to rupees with two decimals."""
    return Decimal(amount).scaleb(-2)


def order_value(price: Decimal, quantity: int) -> Paise:
    """Value in paise of ``quantity`` units at ``price`` rupees a unit."""
    return paise(price * quantity)


def on_tick(price: Decimal, tick: Decimal) -> bool:
    """Tell whether ``price`` is a whole number of ticks."""
    return price % tick == 0


def tick_below(price: Decimal, tick: Decimal) -> Decimal:
    """Nearest tick at or below ``price``."""
    return (price / tick).to_integral_value(ROUND_FLOOR) * tick


def tick_above(price: Decimal, tick: Decimal) -> Decimal:
    """Nearest tick at or above ``price``."""
    return (price / tick).to_integral_value(ROUND_CEILING) * tick
