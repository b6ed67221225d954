"""Rules that bound what an order loses if its stop is hit: rupees, or part of the capital."""

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
from copytrade_gui.domain.sizing.value import MAX_RUPEES

_PER_CENT_OF_PAISE = Decimal(10_000)
_NO_STOP = Sized(
    0,
    "no_stop",
    "The master's order names no stop, so the risk of a unit is not known. Name it on the ticket, "
    "or give the follower another rule.",
)
_STOP_AT_PRICE = Sized(
    0, "no_stop", "The stop stands at the price itself, so there is no distance to size by."
)


def _distance(order: MasterOrder) -> Decimal | Sized:
    """Rupees a unit loses between price and stop."""
    if order.stop is None:
        return _NO_STOP
    if order.price is None or order.price <= 0:
        return NO_PRICE
    return EXACT.abs(EXACT.subtract(order.price, order.stop)) or _STOP_AT_PRICE


def _rupees(value: Decimal, order: MasterOrder, _capital: Paise | None) -> Share | Sized:
    distance = _distance(order)
    return distance if isinstance(distance, Sized) else (value, distance)


def _percent(value: Decimal, order: MasterOrder, capital: Paise | None) -> Share | Sized:
    distance = _distance(order)
    if isinstance(distance, Sized):
        return distance
    if capital is None:
        return NO_CAPITAL
    return EXACT.multiply(value, max(0, capital)), EXACT.multiply(distance, _PER_CENT_OF_PAISE)


RISK_RUPEES = Kind(
    label="Rupees at risk",
    hint="Rupees lost if the order's stop is hit, e.g. 5000",
    words="₹{} at risk",
    short="₹{} risk",
    share=_rupees,
    asks_stop=True,
    bounds=Bounds(
        MAX_RUPEES,
        "the most an exchange takes in one order",
        unit="rupees",
        example="5000",
        rupees=True,
    ),
)
RISK_PERCENT = Kind(
    label="% at risk",
    hint="Per cent of free margin lost if the order's stop is hit, e.g. 1",
    words="{} % of capital at risk",
    short="{} % risk",
    share=_percent,
    asks_stop=True,
    bounds=Bounds(100, "all of the capital", unit="%", example="1"),
    asks_capital=True,
)
