"""Rules that follow the master's quantity: a fixed ratio, one to one, and by funds."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import Bounds
from copytrade_gui.domain.sizing.kind import (
    EXACT,
    NO_CAPITAL,
    ONE,
    Kind,
    MasterOrder,
    Share,
    Sized,
)

MAX_RATIO = 1_000_000_000
"""Largest multiple a rule may name. What it makes of an order is bounded by ``MAX_QUANTITY``."""
_NO_MASTER_CAPITAL = Sized(
    0, "no_master_capital", "The master's free margin is not known yet; log the master in."
)
_NO_MASTER_FUNDS = Sized(
    0,
    "no_master_capital",
    "The master has no free margin, so there is nothing to be proportional to. Use a ratio.",
)


def _ratio(value: Decimal, order: MasterOrder, _capital: Paise | None) -> Share:
    return EXACT.multiply(value, order.quantity), ONE


def _mirror(_value: Decimal, order: MasterOrder, _capital: Paise | None) -> Share:
    return Decimal(order.quantity), ONE


def _equity(value: Decimal, order: MasterOrder, capital: Paise | None) -> Share | Sized:
    if capital is None:
        return NO_CAPITAL
    if order.capital is None:
        return _NO_MASTER_CAPITAL
    if order.capital <= 0:
        return _NO_MASTER_FUNDS
    funds = max(0, capital)
    return EXACT.multiply(value, order.quantity * funds), Decimal(order.capital)


RATIO = Kind(
    label="Ratio",
    hint="Multiple of the master's quantity, e.g. 0.5",
    words="{} x",
    short="{} x",
    share=_ratio,
    bounds=Bounds(MAX_RATIO, "the largest multiple of a master's order", unit="x"),
    of_master=True,
)
MIRROR = Kind(
    label="Mirror 1:1",
    hint="The master's own quantity; takes no value",
    words="1:1",
    short="1:1",
    share=_mirror,
    of_master=True,
)
EQUITY = Kind(
    label="By funds",
    hint="Multiple of follower's funds / master's funds (free margin), usually 1",
    words="{} x funds",
    short="{} x",
    share=_equity,
    bounds=Bounds(1_000, "the largest multiple of the funds' ratio", unit="x", example="1"),
    of_master=True,
    asks_capital=True,
)
