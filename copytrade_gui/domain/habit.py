"""What a master usually orders, and what is unlike him: too large, something new, too many.

A password that was stolen, a finger that slipped and a program that repeats itself look alike: an
order that he never placed so before. It is compared with what his orders of the last four weeks,
twenty days of trading, were (docs/safety.md 10.7).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict, deque

from msgspec import Struct

from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderTerms

UNLIKE_HIM = frozenset({"unusual_size", "new_instrument", "cadence"})
"""Codes of the checks of it."""
DAYS = 28
TIMES = 10
"""So many times the middle one of his orders is too large."""
_FEWEST = 5
"""From so few orders nothing usual follows."""
_KNOWN_BY = 20
"""So many orders show in what he trades, and how often."""
_MINUTES = 10
_SPAN_NS = _MINUTES * 60 * 1_000_000_000
_FASTER = 3
_PAUSE = "If it is not his doing, pause copying."


class Ordered(Struct, frozen=True):
    """A master's order of the last weeks, in units, at UTC ns."""

    underlying: str
    quantity: int
    at_ns: int


class Unlike(Struct, frozen=True):
    """What of an order is unlike its master, in sentences; empty where it is like him."""

    size: str = ""
    instrument: str = ""
    cadence: str = ""
    orders: int = 0
    """Which order of his it is in the minutes that ``cadence`` is about."""


NOT_UNLIKE = Unlike()


class Habit:
    """What one master ordered, the oldest first."""

    def __init__(self) -> None:
        self._orders: deque[Ordered] = deque()
        self._sizes: defaultdict[str, list[int]] = defaultdict(list)
        self._busiest = self._running = 0
        """The most orders of ten minutes, in earlier runs of orders and in the present one."""
        self._lately: deque[int] = deque()

    def ordered(self, one: Ordered) -> None:
        """He ordered it; what is older than the weeks that count is forgotten."""
        oldest = one.at_ns - DAYS * 86_400 * 1_000_000_000
        while self._orders and self._orders[0].at_ns < oldest:
            gone = self._orders.popleft()
            sizes = self._sizes[gone.underlying]
            del sizes[bisect_left(sizes, gone.quantity)]
        self._orders.append(one)
        insort(self._sizes[one.underlying], one.quantity)
        self._forget(one.at_ns)
        self._lately.append(one.at_ns)
        self._running = max(self._running, len(self._lately))

    def unlike(self, terms: OrderTerms, now_ns: int) -> Unlike:
        """What of an order that he places now is unlike him."""
        if len(self._orders) < _FEWEST:
            return NOT_UNLIKE
        underlying = terms.instrument.underlying.upper()
        sizes = self._sizes.get(underlying, ())
        self._forget(now_ns)
        return Unlike(
            _size(terms, sizes, underlying),
            self._new(underlying) if not sizes else "",
            self._fast(),
            len(self._lately) + 1,
        )

    def _forget(self, now_ns: int) -> None:
        """Of a run of orders that is over, its most count as usual from then on."""
        while self._lately and self._lately[0] < now_ns - _SPAN_NS:
            self._lately.popleft()
        if not self._lately:
            self._busiest, self._running = max(self._busiest, self._running), 0

    def _new(self, underlying: str) -> str:
        if len(self._orders) < _KNOWN_BY:
            return ""
        return (
            f"The master has ordered nothing of {underlying} in the last {DAYS} days, and "
            f"{grouped(len(self._orders))} other orders. {_PAUSE}"
        )

    def _fast(self) -> str:
        now = len(self._lately) + 1
        if not self._busiest or len(self._orders) < _KNOWN_BY or now <= self._busiest * _FASTER:
            return ""
        return (
            f"It is the master's order number {grouped(now)} in {_MINUTES} minutes; "
            f"{grouped(self._busiest)} were the most before. {_PAUSE}"
        )


def _size(terms: OrderTerms, sizes: list[int] | tuple[int, ...], underlying: str) -> str:
    if len(sizes) < _FEWEST:
        return ""
    middle = sizes[len(sizes) // 2]
    if terms.quantity <= middle * TIMES:
        return ""
    return (
        f"{grouped(terms.quantity)} units are more than {TIMES} times what the master usually "
        f"orders in {underlying}: {grouped(middle)}, the middle one of {grouped(len(sizes))} "
        f"orders in {DAYS} days. {_PAUSE} If it is meant, type the quantity."
    )
