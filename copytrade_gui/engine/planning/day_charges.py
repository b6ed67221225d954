"""What the day's copies of an account have cost beside their prices, by the dated table.

An estimate before the contract note: each order by what it filled so far, at its average price.
"""

from __future__ import annotations

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


class DayCharges:
    """Counts them. Without a table there are none."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._clock = core.clock
        self._table = ChargeTable()
        self._known: dict[IntentId, tuple[int, Decimal, Paise | None]] = {}
        """Of an order: units and average that its charges are of; None: no rates are known."""

    def put(self, table: ChargeTable) -> None:
        """Go by these rates from now on, for what was traded today as well."""
        self._table = table
        self._known.clear()

    def begin_day(self) -> None:
        """What was traded before costs nothing any more."""
        self._known.clear()

    def of(self, account: AccountId) -> Cost:
        """What today's copies of the account have cost."""
        if not self._table.rows:
            return Cost()
        total, unrated = 0, dict[str, None]()
        for order in self._book.of_account(account):
            if order.intent.role is not Role.FOLLOWER or not order.filled:
                continue
            cost = self._of_order(order)
            if cost is None:
                terms = order.intent.terms
                segment = segment_of(terms.instrument, terms.product)
                unrated[segment.replace("_", " ")] = None
            else:
                total += cost
        return Cost(rupees(Paise(total)), tuple(unrated))

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


def _left_ns(order: Order) -> int:
    return order.changed_ns if order.attempt is None else order.attempt.marked_ns
