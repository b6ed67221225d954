"""What a follower gets when his master's order has filled more, and he copies fills.

It is what his rule gives for all that has filled, less what it gives for what had filled before. So
the remainder of rounding goes from one fill to the next, and all his copies together are never more
than the rule gives for the whole.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.sizing.kind import ONE, MasterOrder, Sized
from copytrade_gui.domain.sizing.rule import SizingRule
from copytrade_gui.domain.sizing.size import ZERO, size

FILL_ADDS_NONE = "fill_adds_none"


def size_growth(
    rule: SizingRule,
    growth: MasterOrder,
    before: int,
    capital: Paise | None = None,
    times: Decimal = ONE,
) -> Sized:
    """A follower's units for a ``growth`` that comes after ``before`` units of the same order.

    Nothing is carried from one order to the next: a remainder waits for this order's next fill.
    """
    filled = before + growth.quantity
    now = size(rule, structs.replace(growth, quantity=filled), capital, times=times)
    if not now.quantity and now.code != ZERO:
        return Sized(0, now.code, now.reason)
    was = 0
    if before:
        was = size(rule, structs.replace(growth, quantity=before), capital, times=times).quantity
    if now.quantity > was:
        return Sized(now.quantity - was, now.code, now.reason)
    why = now.reason or (
        f"The rule gives {grouped(now.quantity)} for all {grouped(filled)} that filled, as for the "
        f"{grouped(before)} before."
    )
    return Sized(0, FILL_ADDS_NONE, why)
