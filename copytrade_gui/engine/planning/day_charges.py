"""What the day's copies of an account have cost beside their prices, by the dated table.

An estimate before the contract note: each order by what it filled so far, at its average price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import ChargeTable, charges, segment_of
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.money import Paise, rupees
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order


class Cost(Struct, frozen=True):
    """Charges in rupees; ``unrated`` are the segments of which no rates are known: they are in no
    sum.
    """

    total: Decimal = Decimal(0)
    unrated: tuple[str, ...] = ()


class _Sum:
    """Of several orders: paise, and how many there are in each segment without rates."""

    def __init__(self) -> None:
        self.total = 0
        self.unrated: Counter[str] = Counter()

    def add(self, order: Order, cost: Paise | None, times: int = 1) -> None:
        if cost is None:
            terms = order.intent.terms
            segment = segment_of(terms.instrument, terms.product)
            self.unrated[segment.replace("_", " ")] += times
        else:
            self.total += cost * times


class DayCharges:
    """Counts them. Without a table there are none."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._clock = core.clock
        self._table = ChargeTable()
        self._known: dict[IntentId, tuple[int, Decimal, Paise | None]] = {}
        """Of an order: units and average that its charges are of; None: no rates are known."""
        self._packed: dict[AccountId, _Sum] = {}
        """Of the packed orders of those accounts that were asked for."""

    def put(self, table: ChargeTable) -> None:
        """Go by these rates from now on, for what was traded today as well."""
        self._table = table
        self.begin_day()

    def begin_day(self) -> None:
        """What was traded before costs nothing any more."""
        self._known.clear()
        self._packed.clear()

    def packed(self, order: Order, packed: bool) -> None:
        """What a packed order cost stays in a sum; one that is whole again is asked each time."""
        known = self._packed.get(order.intent.account_id)
        if known is not None and _costs(order):
            known.add(order, self._of_order(order), 1 if packed else -1)
        self._known.pop(order.intent.intent_id, None)

    def of(self, account: AccountId) -> Cost:
        """What today's copies of the account have cost."""
        if not self._table.rows:
            return Cost()
        packed = self._packed.get(account)
        if packed is None:
            packed = self._packed[account] = self._sum(self._book.index.packed_of(account))
        recent = self._sum(self._book.recent_of(account))
        unrated = dict.fromkeys([*+packed.unrated, *recent.unrated])
        return Cost(rupees(Paise(packed.total + recent.total)), tuple(unrated))

    def _sum(self, orders: Iterable[Order]) -> _Sum:
        found = _Sum()
        for order in orders:
            if _costs(order):
                found.add(order, self._of_order(order))
        return found

    def _of_order(self, order: Order) -> Paise | None:
        filled, average = order.filled, order.average_price
        if average is None or not self._book.is_today(_left_ns(order)):
            return Paise(0)
        known = self._known.get(order.intent.intent_id)
        if known is not None and known[:2] == (filled, average):
            return known[2]
        terms = order.intent.terms
        day = ist(self._clock.wall_ns()).date()
        rates = self._table.of(segment_of(terms.instrument, terms.product), day)
        cost = None
        if rates is not None:
            exchange = terms.instrument.key.exchange
            cost = charges(rates, exchange, terms.side, filled * average).total
        self._known[order.intent.intent_id] = (filled, average, cost)
        return cost


def _costs(order: Order) -> bool:
    return order.intent.role is Role.FOLLOWER and order.filled > 0


def _left_ns(order: Order) -> int:
    return order.changed_ns if order.attempt is None else order.attempt.marked_ns
