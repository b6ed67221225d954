"""Prices in ticks and money in paise; no floating point anywhere."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NewType

from copytrade_gui.domain.number import grouped

Paise = NewType("Paise", int)
"""Money as whole paise; 100 paise are one rupee."""
_PAISA = Decimal("0.01")


def paise(rupees: Decimal) -> Paise:
    """Convert rupees to whole paise, rounding towards minus infinity."""
    return Paise(int((rupees * 100).to_integral_value(ROUND_FLOOR)))


def rupees(amount: Paise) -> Decimal:
    """Convert paise to rupees with two decimals."""
    return Decimal(amount).scaleb(-2)


def in_rupees(amount: Decimal) -> str:
    """Rupees as every sentence says them: ``₹5,00,000``, ``₹1,72,413.60``, ``-₹250``.

    Indian groups, and two decimals where there are paise. What is less than a paisa is rounded.
    """
    exact = amount.quantize(_PAISA, ROUND_HALF_EVEN) if amount.is_finite() else amount
    whole = grouped(abs(exact))
    before, point, after = whole.partition(".")
    words = f"{before}.{after:0<2}" if point else whole
    return f"-₹{words}" if exact < 0 else f"₹{words}"


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
