"""Rules by which copies of one link are left: a stop-loss, a target, a time of the day.

Nothing rests at the broker for them: this program watches the price, and closes what copies hold
when a rule is met. So they need it running, and never can two orders of theirs fill.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from copytrade_gui.domain.calendar import EQUITY, SESSIONS
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product

AFTER_EXIT = "after_exit_time"
"""Why a link does not copy an intraday entry: it would be left at once."""
EXIT_RULE = "exit_rule"
"""Code of the alarm, and of orders that a rule has sent."""
_EQUITY_ENDS = time(15, 15)
"""Brokers end intraday positions in shares and their derivatives by themselves from then on."""
_BEFORE_CLOSE = timedelta(minutes=15)
"""How long before the close of another exchange they begin to, by a cautious reckoning."""


@dataclass(frozen=True, slots=True)
class ExitRules:
    """Of one link; None is no rule. ``stop`` and ``target`` count from what its copies cost.

    ``at`` is a time in India for what is held INTRADAY.
    """

    stop: Offset | None = None
    target: Offset | None = None
    at: time | None = None

    @property
    def in_words(self) -> str:
        """``stop-loss 1 %, target ₹5, exit at 15:10``."""
        parts = []
        if self.stop is not None:
            parts.append(f"stop-loss {self.stop.in_words}")
        if self.target is not None:
            parts.append(f"target {self.target.in_words}")
        if self.at is not None:
            parts.append(f"exit at {self.at:%H:%M}")
        return ", ".join(parts)

    def ends(self, product: Product, moment: time) -> bool:
        """True if what is held as this product is to be left at this time (IST)."""
        return self.at is not None and product is Product.INTRADAY and moment >= self.at


def latest_exit(exchanges: Collection[Exchange]) -> tuple[Exchange, time]:
    """Which of these exchanges (all where none is named) is the first at which brokers end intraday
    positions by themselves, and when (IST), on the day of the year with the earliest close.
    """
    ends = {one: _broker_ends(one) for one in sorted(exchanges or Exchange)}
    first = min(ends, key=ends.__getitem__)
    return first, ends[first]


def _broker_ends(exchange: Exchange) -> time:
    if exchange in EQUITY:
        return _EQUITY_ENDS
    closes = min(row.closes for row in SESSIONS if exchange in row.exchanges)
    return (datetime.combine(date.min, closes) - _BEFORE_CLOSE).time()


class Levels(Struct, frozen=True, gc=False):
    """Prices in rupees at which a position is left: at ``low`` or below, at ``high`` or above."""

    low: Decimal | None
    high: Decimal | None
    is_long: bool

    def passed(self, last: Decimal) -> bool:
        """True if this price meets a rule."""
        low, high = self.low, self.high
        return (low is not None and last <= low) or (high is not None and last >= high)

    def in_words(self, last: Decimal, average: Decimal) -> str:
        """Which rule this price meets, with its numbers."""
        below = self.low is not None and last <= self.low
        level = self.low if below else self.high
        what = "stop-loss" if below is self.is_long else "target"
        return (
            f"the last price is {grouped(last)}, and its {what} stands at "
            f"{_told(level or last)}, by an average of {_told(average)}"
        )

    @property
    def told(self) -> str:
        """``stop-loss at 99, target at 102``."""
        stop, target = (self.low, self.high) if self.is_long else (self.high, self.low)
        named = (("stop-loss", stop), ("target", target))
        return ", ".join(f"{name} at {_told(at)}" for name, at in named if at is not None)


def _told(price: Decimal) -> str:
    return grouped(price.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def levels(rules: ExitRules, average: Decimal, *, is_long: bool) -> Levels:
    """Where a position that cost ``average`` rupees a unit is left."""
    loss = None if rules.stop is None else rules.stop.of(average)
    gain = None if rules.target is None else rules.target.of(average)
    below, above = (loss, gain) if is_long else (gain, loss)
    return Levels(
        None if below is None else average - below,
        None if above is None else average + above,
        is_long,
    )
