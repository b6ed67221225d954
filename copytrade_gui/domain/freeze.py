"""Freeze quantities: the most units the exchange takes in one order, and an order cut to them.

The broker's contract file has no such column (docs/safety.md 10.6), so they are dated data that a
person keeps up: ``freeze.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKind
from copytrade_gui.domain.link import symbols_of
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER
from copytrade_gui.domain.sizing import Sized

MOST_SLICES = 10
"""Orders that one account's share of a plan may take (docs/safety.md 10.6)."""
HOLDS_FOR = timedelta(days=35)
"""Exchanges change the quantities often; after so long without a look they are told as old."""
TOO_MANY_SLICES = "too_many_slices"
FREEZE_BELOW_LOT = "freeze_below_lot"
_CASH = frozenset({Exchange.NSEEQ, Exchange.BSEEQ})


@dataclass(frozen=True, slots=True)
class FreezeTable:
    """Units by exchange and symbol; ``checked`` is the day they were last compared (IST).

    Of derivatives the symbol is the underlying's: all its futures and options have one quantity.
    """

    units: Mapping[tuple[Exchange, str], int] = field(default_factory=dict)
    checked: date | None = None

    def of(self, instrument: Instrument) -> int | None:
        """The most units of one order in this instrument; None: none is known."""
        exchange = instrument.key.exchange
        if instrument.kind is InstrumentKind.INDEX:
            return None
        if exchange not in _CASH:
            return self.units.get((exchange, instrument.underlying.upper()))
        found = (self.units.get((exchange, name)) for name in symbols_of(instrument))
        return next((units for units in found if units is not None), None)

    @property
    def as_of(self) -> str:
        """When the table was checked, to stand behind a figure of it."""
        return "(never checked)" if self.checked is None else f"(as of {self.checked:%d %b %Y})"

    def outdated(self, day: date) -> str:
        """One sentence when nobody has looked for long; empty while the table holds."""
        if self.checked is not None and timedelta(0) <= day - self.checked <= HOLDS_FOR:
            return ""
        when = "never" if self.checked is None else f"on {self.checked:%d %b %Y}"
        if self.checked is not None and self.checked > day:
            when += ", a day that is yet to come"
        return (
            f"The freeze quantities were last compared with the exchange {when}. Compare them, and "
            "write today's day as checked into freeze.toml in the data folder; it is read again "
            "within a minute."
        )


NOT_KNOWN = FreezeTable()


def slices(quantity: int, lot_size: int, freeze: int | None) -> tuple[int, ...] | Sized:
    """The quantities of the orders that ``quantity`` units take, in whole lots; their sum is it.

    ``freeze`` is the most units of one order (``FreezeTable.of``), None where none is known. A
    verdict where no lot fits, or where there would be more than ``MOST_SLICES`` orders.
    """
    known = MAX_QUANTITY if freeze is None else min(freeze, MAX_QUANTITY)
    if quantity <= known:
        return (quantity,)
    limit = PER_ORDER if freeze is None else "the exchange's freeze quantity"
    most = known - known % lot_size
    if not most:
        return Sized(
            0,
            FREEZE_BELOW_LOT,
            f"One lot of {grouped(lot_size)} is above {grouped(known)}, {limit}. Compare lot and "
            "freeze.toml with the exchange.",
        )
    whole, rest = divmod(quantity, most)
    count = whole + bool(rest)
    if count > MOST_SLICES:
        return Sized(
            0,
            TOO_MANY_SLICES,
            f"{grouped(quantity)} would take {grouped(count)} orders of at most {grouped(most)} "
            f"({limit} is {grouped(known)}), and {MOST_SLICES} are the most. Order at most "
            f"{grouped(most * MOST_SLICES)}.",
        )
    return (most,) * whole + ((rest,) if rest else ())
