"""How far from a price: so many rupees a unit, or so many per cent of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.number import Bounds, NotANumber, grouped, plain, read_number

_RUPEES = Bounds(
    1_00_000, "the most rupees a unit", example="2.50, or 0.5%", from_zero=True, rupees=True
)


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
        """``0.5 %`` or ``Rs 2``."""
        return f"{grouped(self.amount)} %" if self.percent else f"Rs {grouped(self.amount)}"

    @property
    def text(self) -> str:
        """``0.5%`` or ``2``: as a file or a field spells it."""
        return f"{plain(self.amount)}{'%' if self.percent else ''}"


def read_offset(
    text: str, label: str, most_percent: int, *, from_zero: bool = False
) -> Offset | NotANumber | None:
    """Read an offset as typed or imported; None for an empty text."""
    if not text:
        return None
    percent = text.endswith("%")
    bounds = Bounds(most_percent, "the most per cent", example="0.5%", from_zero=from_zero)
    if not percent:
        bounds = _RUPEES if from_zero else _ABOVE_ZERO
    read = read_number(text[:-1].rstrip() if percent else text, bounds, label)
    return read if isinstance(read, NotANumber) else Offset(read.value, percent)


_ABOVE_ZERO = Bounds(1_00_000, "the most rupees a unit", example="2.50, or 1%", rupees=True)
