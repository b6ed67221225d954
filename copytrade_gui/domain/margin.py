"""What an order needs of an account's funds, and what becomes of an entry that needs too much.

Both figures are the broker's and were fetched beforehand (docs/safety.md 10.13): what one order of
this instrument needs (its pre-order margin), and what an account had free. Neither is of now, so
each sentence says how old they are. Only what opens is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise, in_rupees, rupees

MOST_PERCENT = 90
"""Of what is free; peak margins are looked at several times a day, and prices move."""
NO_MARGIN = "no_margin"
CUT_TO_MARGIN = "cut_to_margin"


class WhenShort(StrEnum):
    """What a link does with an entry that needs more margin than the account has."""

    WARN = "warn"
    """It is told, and left to the broker's own check."""
    SKIP = "skip"
    """It is not sent."""
    SHRINK = "shrink"
    """It is cut to the whole lots that fit, and not sent where none does."""


class Margin(Struct, frozen=True, gc=False):
    """What one account has free, in paise, and what ``units`` of this order need, at ``price``.

    Ages in seconds. ``price`` is in rupees, None where the order had none.
    """

    free: Paise
    free_age_s: int
    needed: Paise
    units: int
    price: Decimal | None
    needed_age_s: int

    def of(self, quantity: int, price: Decimal | None) -> Paise:
        """What so many units at so many rupees need, rounded up to a paisa."""
        if price is None or not self.price or price == self.price:  # as good as always
            return Paise(-(-self.needed * quantity // self.units))
        needed = Decimal(self.needed) * quantity / self.units * price / self.price
        return Paise(int(needed.to_integral_value(ROUND_CEILING)))

    def is_short(self, quantity: int, price: Decimal | None) -> bool:
        """True if it needs more than the most of what is free."""
        return self.of(quantity, price) * 100 > self.free * MOST_PERCENT

    def fitting(self, quantity: int, lot: int, price: Decimal | None) -> int:
        """The most whole lots, in units, up to ``quantity`` that fit."""
        needed = self.of(quantity, price)
        if needed <= 0:
            return quantity
        fits = max(0, self.free) * MOST_PERCENT * quantity // (needed * 100)
        return min(quantity, fits - fits % lot)

    def in_words(self, quantity: int, price: Decimal | None) -> str:
        """``It needs ₹1,20,000 of margin (asked 12 s ago), above 90 % of ...``."""
        return (
            f"It needs {in_rupees(rupees(self.of(quantity, price)))} of margin (asked "
            f"{age_words(self.needed_age_s)} ago), above {MOST_PERCENT} % of the "
            f"{in_rupees(rupees(self.free))} that was free {age_words(self.free_age_s)} ago."
        )


class Margins(Struct, frozen=True, gc=False):
    """The same for all accounts of a plan: by account what is free and how old that is."""

    free: Mapping[AccountId, tuple[Paise, int]]
    needed: Paise
    units: int
    price: Decimal | None
    age_s: int

    def of_units(self, quantity: int, price: Decimal | None) -> Paise:
        """What so many units at so many rupees need, whoever orders them, up to a paisa."""
        return self._margin((Paise(0), 0)).of(quantity, price)

    @property
    def least(self) -> Margin | None:
        """That of whoever has least free; None where nobody's funds were read."""
        free = min(self.free.values(), default=None)
        return None if free is None else self._margin(free)

    def _margin(self, free: tuple[Paise, int]) -> Margin:
        return Margin(*free, self.needed, self.units, self.price, self.age_s)

    def of(self, account: AccountId) -> Margin | None:
        """What is known of one account; None where its funds were not read."""
        known = self.free.get(account)
        return None if known is None else self._margin(known)


def age_words(seconds: int) -> str:
    """How old something is: ``12 s``, ``5 minutes``, ``2 hours``."""
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
