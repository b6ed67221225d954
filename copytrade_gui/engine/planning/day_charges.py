"""What the day's copies of an account, and of each master in it, have cost beside their prices.

An estimate before the contract note, by the dated table: each order by what it filled so far, at
its average price.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day, ist
from copytrade_gui.domain.charges import ChargeTable, Cost, charges, segment_of
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.money import Paise, rupees
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order


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


_Sums = defaultdict[AccountId, _Sum]
"""By master."""


class DayCharges:
    """Counts them. Without a table there are none. ``master_of`` says whom a copy follows."""

    def __init__(self, core: Core, master_of: Callable[[Order], AccountId]) -> None:
        self._book = core.book
        self._master_of = master_of
        self._clock = core.clock
        self._table = ChargeTable()
        self._known: dict[IntentId, tuple[int, Decimal, Paise | None]] = {}
        """Of an order: units and average that its charges are of; None: no rates are known."""
        self._packed: dict[AccountId, _Sums] = {}
        """Of the packed orders of those accounts that were asked for."""
        self._told: dict[AccountId, dict[AccountId, Cost]] = {}
        """What was answered and holds until more is filled."""
        self._day = indian_day(core.clock.wall_ns())
        self.version = 0
        """Rises with every other table."""

    def put(self, table: ChargeTable) -> None:
        """Go by these rates from now on, for what was traded today as well."""
        self._table = table
        self.version += 1
        self.begin_day()

    def begin_day(self) -> None:
        """What was traded before costs nothing any more."""
        self._day = indian_day(self._clock.wall_ns())
        self._known.clear()
        self._packed.clear()
        self._told.clear()

    @property
    def rated(self) -> bool:
        """True if there is a table."""
        return bool(self._table.rows)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order were filled."""
        self._told.pop(order.intent.account_id, None)

    def packed(self, order: Order, packed: bool) -> None:
        """What a packed order cost stays in a sum; one that is whole again is asked each time."""
        known = self._packed.get(order.intent.account_id)
        self._told.pop(order.intent.account_id, None)
        if known is not None and _costs(order):
            known[self._master_of(order)].add(order, self._of_order(order), 1 if packed else -1)
        self._known.pop(order.intent.intent_id, None)

    def of(self, account: AccountId) -> Cost:
        """What today's copies of the account have cost."""
        return sum(self.by_master(account).values(), Cost())

    def by_master(self, account: AccountId) -> Mapping[AccountId, Cost]:
        """The same of each master whose orders they copy (``Copies.master_of``)."""
        if not self._table.rows:
            return {}
        if indian_day(self._clock.wall_ns()) != self._day:
            self.begin_day()
        told = self._told.get(account)
        if told is None:
            told = self._told[account] = self._count(account)
        return told

    def _count(self, account: AccountId) -> dict[AccountId, Cost]:
        packed = self._packed.get(account)
        if packed is None:
            packed = self._packed[account] = self._sums(self._book.index.packed_of(account))
        found: defaultdict[AccountId, Cost] = defaultdict(Cost)
        for sums in (packed, self._sums(self._book.recent_of(account))):
            for master, one in sums.items():
                found[master] += Cost(rupees(Paise(one.total)), tuple(+one.unrated))
        return dict(found)

    def _sums(self, orders: Iterable[Order]) -> _Sums:
        found: _Sums = defaultdict(_Sum)
        for order in orders:
            if _costs(order):
                found[self._master_of(order)].add(order, self._of_order(order))
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
