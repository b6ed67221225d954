"""How far from a price: so many rupees a unit, or so many per cent of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.money import in_rupees
from copytrade_gui.domain.number import Bounds, NotANumber, grouped, plain, read_number
from copytrade_gui.domain.typed import quoted

_RUPEES = Bounds(1_00_000, "the most rupees a unit", example="2.50 rupees, or 0.5%", from_zero=True)
_RUPEES_BEFORE = re.compile(r"(?:₹|rs\.?|inr)\s*", re.IGNORECASE)
_RUPEES_BEHIND = re.compile(r"\s*(?:₹|rs\.?|inr|rupees?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offset:
    """``amount`` rupees a unit, or per cent of a price."""

    amount: Decimal
    percent: bool

    def of(self, price: Decimal) -> Decimal:
        """Rupees a unit, for a price in rupees."""
        return price * self.amount / 100 if self.percent else self.amount

    @property
    def in_words(self) -> str:
        """``0.5 %`` or ``₹2.50``."""
        return f"{grouped(self.amount)} %" if self.percent else in_rupees(self.amount)

    @property
    def text(self) -> str:
        """``0.5%`` or ``2 rupees``: as a file or a field spells it."""
        return f"{plain(self.amount)}{'%' if self.percent else ' rupees'}"


def read_offset(
    text: str, label: str, most_percent: int, *, from_zero: bool = False
) -> Offset | NotANumber | None:
    """Read an offset as typed or imported; None for an empty text.

    It names its unit: one per cent and one rupee of a share at 1,500 are 15 rupees and 1.
    """
    text = text.strip()
    if not text:
        return None
    number, unit = _split(text)
    percent = unit == "%"
    bounds = Bounds(most_percent, "the most per cent", example="0.5%", from_zero=from_zero)
    if not percent:
        bounds = _RUPEES if from_zero else _ABOVE_ZERO
    read = read_number(number, bounds, label)
    if isinstance(read, NotANumber):
        if not read.suggestion:
            return read
        meant = _with_unit(read.suggestion, unit)
        return NotANumber(
            f"{label} {quoted(text)} is not a number; write {meant}.",
            meant if unit else "",
        )
    if not unit and read.value:
        meant = _with_unit(plain(read.value), "")
        return NotANumber(f"{label} {quoted(text)} does not say of what. Write {meant}.")
    return Offset(read.value, percent)


def _split(text: str) -> tuple[str, str]:
    """The number of a text and its unit: ``%``, ``rupees``, or empty where it names none."""
    if text.endswith("%"):
        return text[:-1].rstrip(), "%"
    number = _RUPEES_BEHIND.sub("", text, count=1)
    if before := _RUPEES_BEFORE.match(number):
        number = number[before.end() :]
    return number, "" if number == text else "rupees"


def _with_unit(number: str, unit: str) -> str:
    each = {"%": f"{number}%", "rupees": f"{number} rupees"}
    return each[unit] if unit else " or ".join(each.values())


_ABOVE_ZERO = Bounds(1_00_000, "the most rupees a unit", example="2.50 rupees, or 1%")
