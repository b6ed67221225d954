"""What our followers' orders bought and sold: what copies hold, what it cost, what it brought.

Of each account, and of each link of it apart. Quantities follow the orders, prices their trades.
Until an order's trades are read, what it filled counts at the average its row in the order book
says; then the trades say it to the paisa.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import Event, FillSeen
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import NOTHING, Position, PositionKey, Positions
from copytrade_gui.domain.records import Fill
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import Copied, OpenWork

WHOSE_UNKNOWN = AccountId("")
"""The master of copies of which nobody knows whom they follow."""


class Copy(Struct, frozen=True):
    """One copied position. ``priced`` is False while the price of a part of it is not known."""

    position: Position
    priced: bool = True


class LinkKey(PositionKey, frozen=True):
    """What copies of one master make of a position; see ``WHOSE_UNKNOWN``."""

    master_id: AccountId


Key = TypeVar("Key", bound=PositionKey)


class Copies:
    """Listens only; ``version`` rises with every change."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._clock = core.clock
        self._lanes = core.lanes
        self._together = _Kept(_key)
        self._by_link = _Kept(self._link_key)
        self._untraded: dict[AccountId, dict[IntentId, Order]] = {}
        """Orders that filled more than the trades that were read of them."""
        self._whose: dict[IntentId, AccountId] = {}
        """The masters of orders that do not say themselves whom they follow."""
        self._day = indian_day(core.clock.wall_ns())
        self.instruments: dict[InstrumentKey, Instrument] = {}
        """Whatever was copied, as it was ordered."""
        self.accounts: set[AccountId] = set()
        """Accounts whose copies hold something or were filled today."""
        self.version = 0

    def restore(self, work: OpenWork) -> None:
        """Take in what was carried in, and today's trades of the orders in the book."""
        for one in work.copied:
            if one.role is Role.FOLLOWER:
                self._together.carry_in(PositionKey(one.account_id, one.key, one.product), one)
                self.accounts.add(one.account_id)
                self.instruments[one.key] = one.instrument
        for part in work.carried:
            if part.role is Role.FOLLOWER:
                account, master = part.account_id, part.master_id
                master = master if master != account else self._only_master_of(account)
                self._by_link.carry_in(LinkKey(account, part.key, part.product, master), part)
                self.instruments[part.key] = part.instrument
        for fill in work.fills:
            self._take(fill)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        self._turn_day()
        if order.is_copy and not self._squared_off(order):
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
        for account in self._together.accounts:
            found |= self._of(account, self._together)
        return found

    def held_by_links(self) -> dict[LinkKey, Copy]:
        """The same of each link apart, of accounts whose copies are not all of one master."""
        self._turn_day()
        found: dict[LinkKey, Copy] = {}
        for account in self._by_link.accounts:
            if len(self._masters_of(account)) > 1:
                found |= self._of(account, self._by_link)
        return found

    def only_masters(self) -> dict[AccountId, AccountId]:
        """Whose the copies of an account are, of accounts where they are all of one master."""
        self._turn_day()
        masters = {account: self._masters_of(account) for account in self._by_link.accounts}
        return {account: found.pop() for account, found in masters.items() if len(found) == 1}

    def of(self, account: AccountId) -> dict[PositionKey, Copy]:
        """What ``held`` says of one account."""
        self._turn_day()
        return self._of(account, self._together)

    def master_of(self, order: Order) -> AccountId:
        """Whom a copy follows. One that was found in a book does not say it: it follows the only
        master of its account, or nobody knows whom.
        """
        master, account = order.master_id, order.intent.account_id
        if master != account:
            return master
        name = order.intent.intent_id
        if name not in self._whose:
            self._whose[name] = self._only_master_of(account)
        return self._whose[name]

    # ------------------------------------------------------------ inside

    def _masters_of(self, account: AccountId) -> set[AccountId]:
        return {key.master_id for key in self._by_link.keys_of(account)}

    def _only_master_of(self, account: AccountId) -> AccountId:
        return self._lanes.only_master_of(account) or WHOSE_UNKNOWN

    def _link_key(self, order: Order) -> LinkKey:
        intent = order.intent
        return LinkKey(intent.account_id, order.key, intent.terms.product, self.master_of(order))

    def _of(self, account: AccountId, kept: _Kept[Key]) -> dict[Key, Copy]:
        return kept.of(account, ((one, self._missing(one)) for one in self._waiting(account)))

    def _take(self, fill: Fill) -> None:
        order = self._book.by_broker(fill.account_id, fill.broker_order_id)
        if order is None or not order.is_copy:
            return
        self._trade(order, fill.quantity, fill.price)
        self._concerns(order)
        if not self._missing(order):
            self._untraded.get(order.intent.account_id, {}).pop(order.intent.intent_id, None)

    def _trade(self, order: Order, units: int, price: Decimal | None) -> None:
        self._together.trade(order, units, price)
        self._by_link.trade(order, units, price)

    def _concerns(self, order: Order) -> None:
        self.version += 1
        self.accounts.add(order.intent.account_id)
        self._together.concerns(order)
        self._by_link.concerns(order)
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

    def _turn_day(self) -> None:
        day = indian_day(self._clock.wall_ns())
        if day == self._day:
            return
        self._day = day
        self.version += 1
        waiting = [order for account in self._untraded for order in self._waiting(account)]
        for order in waiting:  # a trade book shows one day: these trades are told no more
            self._trade(order, self._missing(order), order.average_price)
        self._untraded.clear()
        self._together.next_day()
        self._by_link.next_day()
        self.accounts = self._together.open_accounts
        self._whose.clear()


class _Kept(Generic[Key]):
    """Positions of copies by one kind of key, which ``key_of`` makes of an order."""

    def __init__(self, key_of: Callable[[Order], Key]) -> None:
        self._key_of = key_of
        self._traded = Positions()
        self._keys: dict[AccountId, dict[Key, None]] = {}
        self._unpriced: set[Key] = set()
        """A part of it has a price that nobody knows."""

    @property
    def accounts(self) -> list[AccountId]:
        """Whose copies hold something or traded today."""
        return list(self._keys)

    @property
    def open_accounts(self) -> set[AccountId]:
        """Whose copies hold something by the trades that were read."""
        return {key.account_id for key, one in self._traded if one.net}

    def keys_of(self, account: AccountId) -> Iterable[Key]:
        """Of one account."""
        return self._keys.get(account, ())

    def carry_in(self, key: Key, one: Copied) -> None:
        """Earlier days left this open."""
        self._traded.carry_in(key, one.net, one.cost or NOTHING)
        self._keys.setdefault(key.account_id, {})[key] = None
        if one.cost is None:
            self._unpriced.add(key)

    def concerns(self, order: Order) -> None:
        """Something of this order filled."""
        self._keys.setdefault(order.intent.account_id, {})[self._key_of(order)] = None

    def trade(self, order: Order, units: int, price: Decimal | None) -> None:
        """So many units of the order, at rupees a unit; None: nobody knows."""
        key = self._key_of(order)
        self._traded.trade(key, order.intent.terms.side, units, price or NOTHING)
        if price is None:
            self._unpriced.add(key)

    def of(self, account: AccountId, missing: Iterable[tuple[Order, int]]) -> dict[Key, Copy]:
        """Of one account, with so many units of these orders whose trades were not read."""
        found = {
            key: Copy(self._traded.of(key), key not in self._unpriced)
            for key in self.keys_of(account)
            if key in self._traded
        }
        for order, units in missing:
            key, average = self._key_of(order), order.average_price
            copy = found.get(key) or Copy(Position())
            found[key] = Copy(
                copy.position.traded(order.intent.terms.side, units, average or NOTHING),
                copy.priced and average is not None,
            )
        return found

    def next_day(self) -> None:
        """What is open is carried in; the rest is over."""
        self._traded.next_day()
        left = {account: self._left(keys) for account, keys in self._keys.items()}
        self._keys = {account: keys for account, keys in left.items() if keys}
        self._unpriced = {key for key in self._unpriced if self._traded.of(key).net}

    def _left(self, keys: Iterable[Key]) -> dict[Key, None]:
        return {key: None for key in keys if key in self._traded}


def _key(order: Order) -> PositionKey:
    return PositionKey(order.intent.account_id, order.key, order.intent.terms.product)
