"""What a sizing rule is made of: the facts it looks at, and the row that describes its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from msgspec import Struct

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import Bounds

EXACT = Context(prec=100, rounding=ROUND_FLOOR)
"""Exact for any typed number times any quantity and any fund; beyond that it never rounds up."""
ONE = Decimal(1)

Share = tuple[Decimal, Decimal]
"""A follower's exact share in units, as numerator and denominator: nothing is rounded twice."""


class MasterOrder(Struct, frozen=True, gc=False):
    """What followers' sizes follow from in a master's order, the same for all of them.

    ``quantity`` and ``lot_size`` are units, ``price`` and ``stop`` rupees a unit, ``capital`` the
    master's own free margin in paise; None is not known. ``names`` are what an override may call
    the instrument: its symbol, its underlying, its segment, in this order.
    """

    quantity: int
    lot_size: int
    price: Decimal | None = None
    stop: Decimal | None = None
    capital: Paise | None = None
    names: tuple[str, ...] = ()


class Sized(Struct, frozen=True, gc=False):
    """Result of sizing. ``quantity`` 0 comes with a reason code and a sentence.

    A quantity above 0 has a code where it is not simply what the rule gives. ``carry`` are units
    that rounding left over for the next order; None where nothing is kept of it.
    """

    quantity: int
    code: str = ""
    reason: str = ""
    carry: Fraction | None = None


ShareOf = Callable[[Decimal, MasterOrder, Paise | None], Share | Sized]
"""From a rule's value, the master's order and the follower's capital in paise to his share.

A fact that is missing is a verdict, never a guess.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule: a row of the table in ``strategy``.

    ``label`` names it in a list, ``hint`` says what its value means, ``words`` and ``short`` hold
    the value (``{}``) in a sentence and in a table. Without ``bounds`` it takes no value.
    """

    label: str
    hint: str
    words: str
    short: str
    share: ShareOf
    bounds: Bounds | None = None
    of_master: bool = False
    """True if the share grows with the master's quantity."""
    asks_stop: bool = False
    """True if it needs the stop of the master's order."""
    asks_capital: bool = False
    """True if it needs the follower's capital: any other kind is asked without it."""


NO_CAPITAL = Sized(0, "no_capital", "The account's free margin is not known yet; log it in.")
NO_PRICE = Sized(
    0, "no_price", "No price is known to size by. Use LIMIT, or wait for the instrument's quote."
)
