"""What owners order by themselves in accounts that are copied to: rows that are none of ours."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.last_read import is_open

Part = tuple[InstrumentKey, Product | None]


class OwnersDay(Struct, frozen=True):
    """An account's own orders as the last complete order book showed them.

    ``filled`` are today's signed units, ``working`` those that may still fill. The read was asked
    for at ``began_ns``; at ``changed_ns`` it was seen that more had been filled. Monotonic.
    """

    filled: Mapping[Part, int]
    working: Mapping[Part, int]
    day: int
    began_ns: int
    changed_ns: int


class OwnerOrders:
    """Listens, and has positions read that an owner changed.

    ``version`` rises when what it knows of any account has changed, ``reads`` with every complete
    read.
    """

    def __init__(self, core: Core, positions: AccountPositions) -> None:
        self._clock = core.clock
        self._positions = positions
        self._days: dict[AccountId, OwnersDay] = {}
        self.version = 0
        self.reads = 0

    def of(self, account: AccountId) -> OwnersDay | None:
        """What is known of today; None before the first complete read."""
        known = self._days.get(account)
        return known if known and known.day == indian_day(self._clock.wall_ns()) else None

    def after_read(self, lane: Lane, read: Absorbed) -> None:
        """An account's order book was read, and its orders of ours were told apart."""
        if not read.complete:
            return
        filled: dict[Part, int] = {}
        working: dict[Part, int] = {}
        for row in read.strangers:
            part, sign = (row.key, row.product), 1 if row.side is Side.BUY else -1
            if row.filled_quantity:
                filled[part] = filled.get(part, 0) + sign * row.filled_quantity
            if is_open(row) and row.quantity > row.filled_quantity:
                left = row.quantity - row.filled_quantity
                working[part] = working.get(part, 0) + sign * left
        before, today = self._days.get(lane.account_id), indian_day(self._clock.wall_ns())
        if before is not None and before.day != today:
            before = None
        changed = 0 if before is None else before.changed_ns
        if before is not None and before.filled != filled:
            changed = self._clock.mono_ns()
            self._positions.look(lane.account_id)
        same = before is not None and (before.filled, before.working) == (filled, working)
        self._days[lane.account_id] = OwnersDay(filled, working, today, read.began_ns, changed)
        self.version += not same
        self.reads += 1
