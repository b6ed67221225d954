"""What rounding to lots leaves over, kept so that in the long run a copy is what was agreed.

The carry of a copy is what it should hold less what it holds, in units, as far as rounding alone is
the cause: always less than one lot, above 0 where lots were withheld, below 0 where an exit left
more than its part. It is kept for each follower, instrument and product; an exit clears it in
proportion, and who is out of a position owes and is owed nothing.
"""

from __future__ import annotations

import math
from fractions import Fraction

from msgspec import Struct

from copytrade_gui.domain.sizing.rule import Rounding

NOTHING = Fraction(0)
_HALF = Fraction(1, 2)
_FINEST = 10**24
"""Largest denominator kept. A typed ratio stays below it and is exact; a quotient of two funds is
cut here, lest the figure grow with every order."""


class Rounded(Struct, frozen=True, gc=False):
    """Units in whole lots, and the carry after them."""

    quantity: int
    carry: Fraction


def round_entry(wanted: Fraction, lot_size: int, rounding: Rounding) -> Rounded:
    """Whole lots of an exact share (with what was carried); 0 where the share is not above 0."""
    if wanted <= 0:
        return Rounded(0, _kept(wanted))
    lots = wanted / lot_size
    whole = math.ceil(lots - _HALF) if rounding is Rounding.NEAREST else math.floor(lots)
    quantity = whole * lot_size
    return Rounded(quantity, _kept(wanted - quantity))


def round_exit(
    held: int,
    part: tuple[int, int],
    lot_size: int,
    carry: Fraction = NOTHING,
    rounding: Rounding = Rounding.DOWN,
) -> Rounded:
    """What a copy of ``held`` units gives up when its master gives up a part of his position.

    ``part`` are the units that he gives up, and those that he had. All of them close exactly what
    is held. A smaller part is rounded, and what it withheld is carried: many small exits add up to
    what one of their sum would be.
    """
    given, had = part
    if given >= had:
        return Rounded(held - held % lot_size, NOTHING)
    if carry or rounding is Rounding.NEAREST:
        left = Fraction(had - given, had)
        rounded = round_entry(held * (1 - left) - carry * left, lot_size, rounding)
        return Rounded(min(rounded.quantity, held - held % lot_size), -rounded.carry)
    exact = held * given
    quantity = exact // had
    quantity -= quantity % lot_size
    rest = exact - quantity * had
    return Rounded(quantity, Fraction(-rest, had) if rest else NOTHING)


def _kept(carry: Fraction) -> Fraction:
    if carry.denominator <= _FINEST:
        return carry
    return Fraction(math.floor(carry * _FINEST), _FINEST)
