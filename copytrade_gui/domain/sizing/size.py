"""From a rule and a master's order to a follower's quantity, or to the reason why there is none."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import LONGEST, grouped, outside
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER
from copytrade_gui.domain.sizing.kind import EXACT, ONE, MasterOrder, Share, Sized
from copytrade_gui.domain.sizing.ledger import NOTHING, round_entry
from copytrade_gui.domain.sizing.rule import Rounding, SizingRule

PARAMETER_LABEL = "Value"
ZERO = "zero"
ABOVE_LIMIT = "above_limit"
BAD_RULE = "bad_rule"
CLAMPS_APART = "no_lot_in_clamps"
CAPPED = "capped"
RAISED = "raised_to_min"
CARRIED = "carried"

# Python 3.11 takes longer to find a member in its enum than to size a follower.
_DOWN, _CARRY = Rounding.DOWN, Rounding.CARRY
_SHORT = Context(prec=4, rounding=ROUND_CEILING)
"""How exactly a remedy names a value."""
_MOST_LOTS = 10_000
"""More lots of the master's than this are no remedy."""


def size(
    rule: SizingRule,
    order: MasterOrder,
    capital: Paise | None = None,
    carry: Fraction = NOTHING,
    times: Decimal = ONE,
) -> Sized:
    """A follower's quantity in units, in whole lots and inside the rule's clamps.

    ``capital`` is his free margin in paise, ``carry`` what rounding left over so far (``ledger``),
    ``times`` what his group multiplies the rule's share by, before lots and clamps.
    A stored value that no field would take today is his verdict, and disturbs nobody else.
    """
    basis = rule.basis(order.names) if rule.overrides else rule
    kind = basis.strategy.kind
    if kind.bounds is not None and not _inside(basis.parameter, kind.bounds.most):
        above = basis.parameter.is_finite() and basis.parameter > 0
        sentence = f"{PARAMETER_LABEL} {outside(basis.parameter, kind.bounds)}"
        return Sized(0, ABOVE_LIMIT if above else BAD_RULE, sentence)
    share = kind.share(basis.parameter, order, capital)
    if isinstance(share, Sized):
        return share
    if times != ONE:
        share = EXACT.multiply(share[0], times), share[1]
    lot_size, left = order.lot_size, None
    numerator, denominator = share
    units = int(numerator if denominator is ONE else EXACT.divide_int(numerator, denominator))
    quantity = units - units % lot_size
    if rule.rounding is not _DOWN:
        owed = carry if rule.rounding is _CARRY else NOTHING
        rounded = round_entry(_fraction(share) + owed, lot_size, rule.rounding)
        quantity, left = rounded.quantity, rounded.carry if rule.rounding is _CARRY else None
    most = basis.max_quantity
    if most is None and basis.min_quantity is None and 0 < quantity <= MAX_QUANTITY:
        if left is None or quantity == units - units % lot_size:
            return Sized(quantity, carry=left)
        reason = _carried(_Basis(basis, times), units, quantity, carry)
        return Sized(quantity, CARRIED, reason, left)
    return _clamped(_Basis(basis, times), order, share, units, quantity, left)


class _Basis(NamedTuple):
    """The rule that counts for the instrument, and the multiplier of the follower's group."""

    rule: SizingRule
    times: Decimal

    def in_words(self) -> str:
        words = self.rule.value_in_words()
        return words if self.times == ONE else f"{words} times {grouped(self.times)} of the group"


def _clamped(
    basis: _Basis,
    order: MasterOrder,
    share: Share,
    units: int,
    quantity: int,
    left: Fraction | None,
) -> Sized:
    """What clamps make of a quantity in whole lots; ``units`` is the rule's own, not in lots."""
    words, lot_size = basis.in_words(), order.lot_size
    most, least = basis.rule.max_quantity, basis.rule.min_quantity
    settled = None if left is None else NOTHING
    code = reason = ""
    highest = MAX_QUANTITY if most is None else most
    if least is not None and quantity < least and share[0] > 0:
        quantity, left, code = least + -least % lot_size, settled, RAISED
        reason = f"{words} gives {grouped(units)}; raised to {grouped(quantity)}, the least agreed."
        if quantity > highest:
            return Sized(
                0,
                CLAMPS_APART,
                f"The least agreed makes {grouped(quantity)} in lots of {grouped(lot_size)}, above "
                f"the most agreed, {grouped(highest)}. Change one of them.",
            )
    if most is not None and quantity > most:
        quantity, left, code = most - most % lot_size, settled, CAPPED
        reason = (
            f"{words} gives {grouped(units)}; cut to {grouped(quantity)}, as at most "
            f"{grouped(most)} are agreed for one order."
        )
        if not quantity:
            return Sized(
                0,
                ZERO,
                f"At most {grouped(most)} are agreed, below one lot of {grouped(lot_size)}. "
                "Raise it, or leave it empty.",
            )
    if quantity > MAX_QUANTITY:
        return Sized(
            0,
            ABOVE_LIMIT,
            f"{words} gives {grouped(quantity)} units, above {grouped(MAX_QUANTITY)}, {PER_ORDER}. "
            "Lower the follower's value, or cap it.",
        )
    if quantity <= 0:
        return Sized(0, ZERO, _below_one_lot(basis, order, share, units, left), left)
    return Sized(quantity, code, reason, left)


def _inside(value: Decimal, most: int) -> bool:
    return value.is_finite() and 0 < value <= most


def _fraction(share: Share) -> Fraction:
    """A share as a fraction; one that is smaller than any typed number is nothing."""
    numerator, denominator = share
    if numerator.adjusted() < -LONGEST:
        return NOTHING
    return Fraction(numerator) / Fraction(denominator)


def _carried(basis: _Basis, units: int, quantity: int, carry: Fraction) -> str:
    beside = "are still owed" if carry > 0 else "were too many before"
    return (
        f"{basis.in_words()} gives {grouped(units)}, and {_rounded(abs(carry))} {beside}: "
        f"{grouped(quantity)}."
    )


def _rounded(units: Fraction) -> str:
    tenths = math.floor(units * 10)
    return grouped(Decimal(tenths).scaleb(-1))


def _below_one_lot(
    basis: _Basis, order: MasterOrder, share: Share, units: int, left: Fraction | None
) -> str:
    """Its numbers, and what would make it a lot."""
    lot = grouped(order.lot_size)
    said = f"{basis.in_words()} gives {grouped(units)}, below one lot of {lot}"
    if left and left > 0:
        return f"{said}; {_rounded(left)} are carried to the next order."
    remedy = _remedy(basis.rule, order, share)
    return f"{said}; {remedy}." if remedy else f"{said}."


def _remedy(basis: SizingRule, order: MasterOrder, share: Share) -> str:
    if share[0] <= 0 or share[0].adjusted() < -LONGEST:
        return ""
    factor = Fraction(order.lot_size) / _fraction(share)
    """So many times the share is one lot."""
    kind = basis.strategy.kind
    if kind.of_master:
        lots = math.ceil(factor * Fraction(order.quantity, order.lot_size))
        if lots > _MOST_LOTS:
            return ""
        unit = "lots" if order.lot_size > 1 else "units"
        return f"{grouped(lots)} {unit} of the master's would reach it"
    bounds = kind.bounds
    if bounds is None:
        return ""
    needed = Fraction(basis.parameter) * factor
    if needed > bounds.most:
        return f"even {grouped(bounds.most)} would not reach it"
    if bounds.whole:
        value = Decimal(math.ceil(needed))
    else:
        value = _SHORT.divide(Decimal(needed.numerator), Decimal(needed.denominator))
    return f"a value of {grouped(value)} would reach it"
