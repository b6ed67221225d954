"""What our followers' orders bought and sold: what copies hold, what it cost, what it brought.

Quantities follow the orders, prices their trades. Until an order's trades are read, what it filled
counts at the average its row in the order book says; then the trades say it to the paisa.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import Event, FillSeen
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import Position, PositionKey, Positions
from copytrade_gui.domain.records import Fill
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import OpenWork

_ZERO = Decimal(0)


class Copy(Struct, frozen=True):
    """One copied position. ``priced`` is False while the price of a part of it is not known."""

    position: Position
    priced: bool = True


class Copies:
    """Listens only; ``version`` rises with every change."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._clock = core.clock
        self._traded = Positions()
        self._untraded: dict[AccountId, dict[IntentId, Order]] = {}
        """Orders that filled more than the trades that were read of them."""
        self._keys: dict[AccountId, dict[PositionKey, None]] = {}
        self._unpriced: set[PositionKey] = set()
        """Carried in at a price that nobody knows."""
        self._day = indian_day(core.clock.wall_ns())
        self.instruments: dict[InstrumentKey, Instrument] = {}
        """Whatever was copied, as it was ordered."""
        self.accounts: set[AccountId] = set()
        """Accounts whose copies hold something or were filled today."""
        self.version = 0

    def restore(self, work: OpenWork) -> None:
        """Take in what was carried in, and today's trades of the orders in the book."""
        copied = [one for one in work.copied if one.role is Role.FOLLOWER]
        self._traded = Positions(
            {
                PositionKey(one.account_id, one.key, one.product): Position(
                    net=one.net, cost=one.cost or _ZERO,
                    carried=one.net, carried_cost=one.cost or _ZERO,
                )
                for one in copied
            }
        )  # fmt: skip
        for one in copied:
            key = PositionKey(one.account_id, one.key, one.product)
            self.accounts.add(one.account_id)
            self._keys.setdefault(one.account_id, {})[key] = None
            self.instruments[one.key] = one.instrument
            if one.cost is None:
                self._unpriced.add(key)
        for fill in work.fills:
            self._take(fill)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        self._turn_day()
        if order.intent.role is Role.FOLLOWER and not self._squared_off(order):
            waiting = self._untraded.setdefault(order.intent.account_id, {})
            waiting[order.intent.intent_id] = order
            self._concerns(order)

    def hear(self, event: Event) -> None:
        """A trade was read: from the bus."""
        if isinstance(event, FillSeen):
            self._turn_day()
            self._take(event.fill)

    def held(self) -> dict[PositionKey, Copy]:
        """What copies hold, and what they traded today, as known now."""
        self._turn_day()
        found: dict[PositionKey, Copy] = {}
        for account in list(self._keys):
            found |= self._of(account)
        return found

    def of(self, account: AccountId) -> dict[PositionKey, Copy]:
        """The same of one account."""
        self._turn_day()
        return self._of(account)

    # ------------------------------------------------------------ inside

    def _of(self, account: AccountId) -> dict[PositionKey, Copy]:
        found = {
            key: Copy(self._traded.of(key), key not in self._unpriced)
            for key in self._keys.get(account, ())
            if key in self._traded
        }
        for order in self._waiting(account):
            key = _key(order)
            found[key] = self._with_missing(order, found.get(key) or Copy(Position()))
        return found

    def _take(self, fill: Fill) -> None:
        order = self._book.by_broker(fill.account_id, fill.broker_order_id)
        if order is None or order.intent.role is not Role.FOLLOWER:
            return
        self._traded.trade(_key(order), order.intent.terms.side, fill.quantity, fill.price)
        self._concerns(order)
        if not self._missing(order):
            self._untraded.get(order.intent.account_id, {}).pop(order.intent.intent_id, None)

    def _concerns(self, order: Order) -> None:
        self.version += 1
        self.accounts.add(order.intent.account_id)
        self._keys.setdefault(order.intent.account_id, {})[_key(order)] = None
        self.instruments[order.key] = order.intent.terms.instrument

    def _missing(self, order: Order) -> int:
        """Units that filled and whose trades were not read."""
        number = order.broker_order_id
        account = order.intent.account_id
        return order.filled - (0 if number is None else self._book.traded_of(account, number))

    def _waiting(self, account: AccountId) -> list[Order]:
        untraded = self._untraded.get(account)
        if not untraded:
            return []
        for name, order in list(untraded.items()):
            if self._squared_off(order) or self._missing(order) <= 0:
                del untraded[name]
        return list(untraded.values())

    def _squared_off(self, order: Order) -> bool:
        """True for an INTRADAY order of an earlier day: the broker closed what it made."""
        marked = order.changed_ns if order.attempt is None else order.attempt.marked_ns
        return order.intent.terms.product is Product.INTRADAY and indian_day(marked) != self._day

    def _with_missing(self, order: Order, copy: Copy) -> Copy:
        average = order.average_price
        side, price = order.intent.terms.side, _ZERO if average is None else average
        return Copy(
            copy.position.traded(side, self._missing(order), price),
            copy.priced and average is not None,
        )

    def _turn_day(self) -> None:
        day = indian_day(self._clock.wall_ns())
        if day == self._day:
            return
        self._day = day
        self.version += 1
        waiting = [order for account in self._untraded for order in self._waiting(account)]
        for order in waiting:  # a trade book shows one day: these trades are told no more
            key, average = _key(order), order.average_price
            side, missing = order.intent.terms.side, self._missing(order)
            self._traded.trade(key, side, missing, _ZERO if average is None else average)
            if average is None:
                self._unpriced.add(key)
        self._untraded.clear()
        self._traded.next_day()
        open_keys = {key for key, one in self._traded if one.net}
        self._unpriced &= open_keys
        self.accounts = {key.account_id for key in open_keys}
        self._keys = {}
        for key, _ in self._traded:
            self._keys.setdefault(key.account_id, {})[key] = None


def _key(order: Order) -> PositionKey:
    return PositionKey(order.intent.account_id, order.key, order.intent.terms.product)
