"""What the day's copies of an account, and of each master in it, have cost beside their prices.

An estimate before the contract note, by the dated table: each order by what it filled so far, at
its average price.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from copytrade_gui.domain.calendar import indian_day, ist
from copytrade_gui.domain.charges import ChargeTable, Cost, Rates, charges, segment_of
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.money import Paise, rupees
from copytrade_gui.domain.order import OrderTerms
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
    """Counts them. Without a table there are none. ``master_of`` says whom a copy follows.

    An account is counted whole when it is first asked for; from then on only what filled since.
    """

    def __init__(self, core: Core, master_of: Callable[[Order], AccountId]) -> None:
        self._book = core.book
        self._master_of = master_of
        self._clock = core.clock
        self._table = ChargeTable()
        self._sums: dict[AccountId, _Sums] = {}
        """Of those accounts that were asked for."""
        self._known: dict[IntentId, tuple[AccountId, Paise | None]] = {}
        """What is in those sums of an order that is not packed, and whom it follows; None: no
        rates are known.
        """
        self._due: dict[AccountId, dict[IntentId, Order]] = {}
        """What filled since they were counted."""
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
        self._sums.clear()
        self._known.clear()
        self._due.clear()

    @property
    def rated(self) -> bool:
        """True if there is a table."""
        return bool(self._table.rows)

    def rates_of(self, terms: OrderTerms) -> Rates | None:
        """What an order with these terms pays today; None: no rates are known."""
        day = ist(self._clock.wall_ns()).date()
        return self._table.of(segment_of(terms.instrument, terms.product), day)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order were filled; at which average is known in a moment only."""
        account = order.intent.account_id
        if account in self._sums:
            self._due.setdefault(account, {})[order.intent.intent_id] = order

    def packed(self, order: Order, packed: bool) -> None:
        """What a packed order cost stays in its sum; one that is whole again may fill more."""
        account, name = order.intent.account_id, order.intent.intent_id
        if account not in self._sums:
            return
        if not packed and _costs(order):
            self._known[name] = self._of_order(order)
        elif packed:
            if self._due.get(account, {}).pop(name, None) is not None:
                self._take(order)
            self._known.pop(name, None)

    def of(self, account: AccountId) -> Cost:
        """What today's copies of the account have cost."""
        return sum(self.by_master(account).values(), Cost())

    def by_master(self, account: AccountId) -> Mapping[AccountId, Cost]:
        """The same of each master whose orders they copy (``Copies.master_of``)."""
        if not self._table.rows:
            return {}
        if indian_day(self._clock.wall_ns()) != self._day:
            self.begin_day()
        sums = self._sums.get(account)
        if sums is None:
            sums = self._sums[account] = self._packed_of(account)
            changed = self._book.recent_of(account)
        else:
            changed = self._due.pop(account, {}).values()
        for order in changed:
            self._take(order)
        return {
            master: Cost(rupees(Paise(one.total)), tuple(+one.unrated))
            for master, one in sums.items()
        }

    # ------------------------------------------------------------ inside

    def _packed_of(self, account: AccountId) -> _Sums:
        found: _Sums = defaultdict(_Sum)
        for order in self._book.index.packed_of(account):
            if _costs(order):
                master, cost = self._of_order(order)
                found[master].add(order, cost)
        return found

    def _take(self, order: Order) -> None:
        """Count an order with what it filled by now."""
        if not _costs(order):
            return
        name, sums = order.intent.intent_id, self._sums[order.intent.account_id]
        if name in self._known:
            master, cost = self._known[name]
            sums[master].add(order, cost, -1)
        master, cost = self._known[name] = self._of_order(order)
        sums[master].add(order, cost)

    def _of_order(self, order: Order) -> tuple[AccountId, Paise | None]:
        """Whom it follows, and what it cost; None: no rates are known."""
        master, filled, average = self._master_of(order), order.filled, order.average_price
        if average is None or not self._book.is_today(_left_ns(order)):
            return master, Paise(0)
        terms = order.intent.terms
        rates = self.rates_of(terms)
        if rates is None:
            return master, None
        exchange = terms.instrument.key.exchange
        return master, charges(rates, exchange, terms.side, filled * average).total


def _costs(order: Order) -> bool:
    return order.is_copy and order.filled > 0


def _left_ns(order: Order) -> int:
    return order.changed_ns if order.attempt is None else order.attempt.marked_ns
