"""What copies are compared with, as it is known at one moment: our orders, and reads that come
anyway. Reads and sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.books.account_positions import AccountPositions, PositionsRead
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.books.owner_orders import OwnerOrders, OwnersDay
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.closable import position_of
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.other_orders import UNREAD
from copytrade_gui.engine.signals.drift_lines import Facts
from copytrade_gui.engine.signals.missed_whole import MissedWhole

Copied = tuple[AccountId, PositionKey, int]
"""A master, whose and what position copies him, and what it holds of that, signed units."""


class DriftFacts:
    """Gathers the facts.

    ``ignored`` are positions that a person lets be off by so many units until they are flat.
    """

    def __init__(
        self,
        core: Core,
        copies: Copies,
        positions: AccountPositions,
        owner_orders: OwnerOrders,
        exits: Exits,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._copies = copies
        self.positions = positions
        self.owner_orders = owner_orders
        self._exits = exits
        self._missed = MissedWhole(core, copies, positions, exits)
        self.ignored: dict[PositionKey, int] = {}

    def copied(self, of: PositionKey | None = None) -> list[Copied]:
        """What copies hold now, each with its master; of one position, or of all."""
        ledger = self._exits.ledger
        if of is None:
            return list(ledger.held_by_links())
        return [
            (master, of, net)
            for master, nets in ledger.masters_of(of.instrument, of.product)
            if (net := nets.get(of.account_id, 0)) and master not in ("", of.account_id)
        ]

    def now(self, only: Sequence[Copied] | None = None) -> Facts:
        """The facts of all positions that copies made, or should have; or of ``only`` these."""
        links = self.copied() if only is None else only
        if only is None:
            accounts: Collection[AccountId] = list(self._copies.accounts)
            copies = self._copies.held()
        else:
            keys = {key for _, key, _ in only}
            accounts = dict.fromkeys(key.account_id for key in keys)
            of_these = [one for account in accounts for one in self._copies.of(account).items()]
            copies = {key: copy for key, copy in of_these if key in keys}
        lanes = [lane for one in accounts if (lane := self._lanes.get(one)) is not None]
        doubtful: set[PositionKey] = set()
        on_the_way: dict[PositionKey, int] = {}
        for lane in lanes:
            for order in self._unended(lane):
                key = position_of(order)
                left = max(0, order.ordered - order.filled)
                signed = left if order.intent.terms.side is Side.BUY else -left
                on_the_way[key] = on_the_way.get(key, 0) + signed
                if order.attempt_state in UNREAD:
                    doubtful.add(key)
        books: dict[AccountId, PositionsRead] = {}
        owners: dict[AccountId, OwnersDay] = {}
        behind: set[AccountId] = set()
        for lane in lanes:
            account = lane.account_id
            book = books[account] = self.positions.book(account)
            if self.positions.filled_ns(account) > book.began_ns:
                behind.add(account)
            if (day := self.owner_orders.of(account)) is not None:
                owners[account] = day
        of = dict.fromkeys(master for master, _, _ in links)
        masters = [lane for one in of if (lane := self._lanes.get(one)) is not None]
        parts = {(master, (key.instrument, key.product)) for master, key, _ in links}
        return Facts(
            accounts={lane.account_id: lane.account for lane in [*lanes, *masters]},
            copies=copies,
            instruments={
                one.instrument: self._copies.instruments[one.instrument] for one in copies
            },
            books=books,
            owners=owners,
            why_not={
                lane.account_id: lane.status.session_reason or "It is not logged in. Log it in."
                for lane in lanes
                if not lane.logged_in
            },
            behind=frozenset(behind),
            doubtful=frozenset(doubtful),
            on_the_way=on_the_way,
            links=tuple(links),
            out=frozenset(
                (master, (key, product))
                for master, (key, product) in parts
                if self.is_out(master, key, product)
            ),
            ignored=dict(self.ignored),
            missed=tuple(self._missed.now(copies)) if only is None else (),
        )

    def is_out(self, master: AccountId, key: InstrumentKey, product: Product) -> bool:
        """True if a master holds none of it for certain, and no order of his may change that."""
        lane = self._lanes.get(master)
        if lane is None or product in OUT_OF_HOLDINGS:
            return False  # shares that were delivered stand in no position book
        if self._exits.masters.of(master, key, product) != (0,):
            return False
        if any(order.key == key for order in self._unended(lane)):
            return False
        day = self.owner_orders.of(master)
        return day is not None and all(part[0] != key for part in day.working)

    def holds_none(self, master: AccountId, key: InstrumentKey) -> bool:
        """True if a master holds none of it in any product: he may have converted what he had."""
        return all(self._exits.masters.of(master, key, product) == (0,) for product in Product)

    def copied_of(self, key: PositionKey) -> int:
        """What copies of all masters hold of one position, signed units."""
        return self._exits.ledger.copied_of(key)

    def name(self, key: PositionKey) -> str:
        """``Asha, RELIANCE-EQ``: whose and what a copied position is."""
        lane, instrument = self._lanes.get(key.account_id), self._copies.instruments[key.instrument]
        return f"{key.account_id if lane is None else lane.account.name}, {instrument.symbol}"

    def _unended(self, lane: Lane) -> list[Order]:
        """Orders of ours in the account that may still fill: at the broker, in doubt, waiting."""
        opened, waiting = self._book.open_of(lane.account_id), lane.queue
        return [*opened, *(order for order in waiting if order not in opened)]
