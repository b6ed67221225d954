"""What each master holds: the broker's position book as last read, and our fills of him since.

A master also trades by phone, so his own orders here are not enough to tell an exit from an entry.
His positions are read at login, after each of his fills, and every ``positions_every`` seconds.
"""

from __future__ import annotations

import logging
from collections import deque
from functools import partial

from msgspec import Struct

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

Part = tuple[InstrumentKey, Product | None]


_PUSHED_NS = 300_000_000
"""What was traded so long ago has been pushed by now."""
_KEPT_NS = 600 * 1_000_000_000
_PLANNED_NS = 3_000_000_000
"""What follows from a trade of his has been planned by then; fills are copied once a second."""
_READS_MISSED = 3


class _Trade(Struct, frozen=True):
    """Signed units that a master traded, as we heard of them.

    ``source_ns`` is the place of its order among his orders; at ``absent_ns`` the order was not
    there yet, so that no read which had ended by then shows it; at ``told_ns`` we heard of it. All
    monotonic. ``copy`` is an order that copied another master's.
    """

    part: Part
    signed: int
    source_ns: int
    absent_ns: int
    told_ns: int
    copy: bool = False


class _Known(Struct):
    """A read of an account's positions in signed units; ``heard`` is how many trades of it we knew
    when the read began, which it shows; of the others it may show the first, or some, or none.
    """

    nets: dict[Part, int]
    heard: int
    began_ns: int
    ended_ns: int
    day: int


class MasterPositions:
    """Reads the masters' positions and keeps them young. Sends nothing but reads."""

    def __init__(self, core: Core, at_broker: AccountPositions) -> None:
        self._at_broker = at_broker
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._known: dict[AccountId, _Known] = {}
        self._trades: dict[AccountId, deque[_Trade]] = {}
        """The newest trades of each account, oldest first."""
        self._dropped: dict[AccountId, int] = {}
        """How many older ones are not kept any more."""
        self._news = core.news
        self._due: dict[AccountId, int] = {}
        self._reading: set[AccountId] = set()

    def of(self, master: AccountId, key: InstrumentKey, product: Product) -> tuple[int, ...] | None:
        """What a master's position may be, signed units; None: it was not read today."""
        known = self._known.get(master)
        if known is None or known.day != indian_day(self._clock.wall_ns()):
            if master not in self._reading:
                self.look(master, 0.0)
            return None
        part = (key, product)
        # A product that we have no word for may be the one.
        net = known.nets.get(part, 0) + known.nets.get((key, None), 0)
        trades = self._trades.get(master, ())
        newer = list(trades)[max(0, known.heard - self._dropped.get(master, 0)) :]
        newer = [one for one in newer if one.part == part]
        net += sum(one.signed for one in newer if one.absent_ns > known.ended_ns)
        # The read shows a beginning of the others; what it does not show comes on top.
        perhaps = [one.signed for one in newer if one.absent_ns <= known.ended_ns]
        rest = [sum(perhaps[number:]) for number in range(len(perhaps) + 1)]
        return tuple(sorted({net + one for one in rest}))

    def filled(self, order: Order, units: int) -> None:
        """So many more units of an order in a master's account were filled: his own, or a copy."""
        account, terms = order.intent.account_id, order.intent.terms
        signed = units if terms.side is Side.BUY else -units
        called_ns, copy = order.called_ns, order.is_copy
        part = (order.key, terms.product)
        self.traded(account, part, signed, called_ns, called_ns, copy=copy)

    def traded(
        self,
        account: AccountId,
        part: Part,
        signed: int,
        absent_ns: int,
        source_ns: int,
        *,
        copy: bool = False,
    ) -> None:
        """A master traded so many signed units by an order that was not there at ``absent_ns``.

        ``source_ns`` is when the order was called or seen: its place among his orders. Monotonic.
        """
        trades, known = self._trades.setdefault(account, deque()), self._known.get(account)
        now = self._clock.mono_ns()
        trades.append(_Trade(part, signed, source_ns, absent_ns, now, copy))
        dropped = self._dropped.get(account, 0)
        shown = 0 if known is None else known.heard
        while dropped < shown and trades[0].told_ns < now - _KEPT_NS:
            trades.popleft()
            dropped += 1
        self._dropped[account] = dropped
        self.look(account, 0.0)

    def settled(self, master: AccountId) -> bool:
        """True if the newest read shows no trade of his elsewhere that we have not heard of.

        It may, until his order book was read after it, or what is pushed had its time to come.
        """
        known, lane = self._known.get(master), self._lanes.get(master)
        if known is None or lane is None:
            return False
        if lane.read_ns >= known.ended_ns:
            return True
        return lane.pushed and self._clock.mono_ns() - known.ended_ns >= _PUSHED_NS

    def read_since(self, master: AccountId, at_ns: int) -> bool:
        """True if the newest read of his positions was asked for after that, monotonic."""
        known = self._known.get(master)
        return known is not None and known.began_ns >= at_ns

    def certain(self, master: AccountId, part: Part) -> bool:
        """True if a young read shows it all, and what follows from his last trade is planned."""
        known, now = self._known.get(master), self._clock.mono_ns()
        if known is None or not self.settled(master):
            return False
        if now - known.ended_ns > _READS_MISSED * self._settings.positions_every * 1e9:
            return False
        trades = self._trades.get(master, ())
        return not any(one.part == part and now - one.told_ns < _PLANNED_NS for one in trades)

    def since(self, master: AccountId, part: Part, source_ns: int) -> int:
        """Signed units of his own by the order of ``source_ns`` and those after it."""
        return sum(
            one.signed
            for one in self._trades.get(master, ())
            if one.part == part and one.source_ns >= source_ns and not one.copy
        )

    def told_last(
        self, account: AccountId, part: Part, source_ns: int, signed: int
    ) -> tuple[int, int]:
        """Which trade begins the last ``signed`` units of the order of ``source_ns``, by its number
        among all that were told; and signed units of them of which no trade was told, of the other
        sign where that trade told more.
        """
        number = first = self._heard(account)
        buys = signed > 0
        for one in reversed(self._trades.get(account, ())):
            if signed == 0 or (signed > 0) is not buys:
                break
            number -= 1
            if one.part == part and one.source_ns == source_ns and not one.copy:
                signed, first = signed - one.signed, number
        return first, signed

    def told_from(self, master: AccountId, part: Part, number: int) -> int:
        """Signed units of his own by this trade and those that were told after it."""
        skipped = max(0, number - self._dropped.get(master, 0))
        newer = list(self._trades.get(master, ()))[skipped:]
        return sum(one.signed for one in newer if one.part == part and not one.copy)

    def look(self, account: AccountId, seconds: float) -> None:
        """Read a master's positions in so many seconds, or earlier if that was planned."""
        due = self._clock.mono_ns() + int(seconds * 1e9)
        planned = self._due.get(account)
        if planned is None or due < planned:
            self._due[account] = due
            self._work.later(seconds, partial(self._run, account, due))

    def _run(self, account: AccountId, due: int) -> None:
        if self._due.get(account) != due:
            return  # an earlier one was asked for since
        del self._due[account]
        lane = self._lanes.get(account)
        if lane is None or lane.session is None or not lane.account.master:
            return  # the next login begins it again
        if account in self._reading:
            self.look(account, self._settings.poll_first)
            return
        self._work.start(self.read(lane), f"read the positions of {account}")

    async def read(self, lane: Lane) -> None:
        """Read one account's positions now; what was known stays if they cannot be read."""
        account, session = lane.account_id, lane.session
        if session is None or account in self._reading:
            return
        self._reading.add(account)
        again = self._settings.positions_every
        try:
            await self._slot(lane)
            heard, began_ns = self._heard(account), self._clock.mono_ns()
            rows = await session.positions()
            if lane.session is not session:
                return
            nets: dict[Part, int] = {}
            for row in rows:
                part = (row.key, row.product)
                nets[part] = nets.get(part, 0) + row.net_quantity
            day = indian_day(self._clock.wall_ns())
            self._at_broker.shown(account, rows, began_ns)
            self._known[account] = _Known(nets, heard, began_ns, self._clock.mono_ns(), day)
            if heard != self._heard(account):
                again = 0.0
            self._news.positions_read()
            if lane.pushed:
                self._work.later(_PUSHED_NS / 1e9, self._news.positions_read)
        except BrokerFailureError as failure:
            log.info("no positions for %s: %s", account, failure)
            self._at_broker.failed(account, str(failure))
            again = self._settings.poll_active
        finally:
            self._reading.discard(account)
            if lane.session is not None:
                self.look(account, again)

    def _heard(self, account: AccountId) -> int:
        return self._dropped.get(account, 0) + len(self._trades.get(account, ()))

    async def _slot(self, lane: Lane) -> None:
        window = lane.position_reads
        while not window.take(now := self._clock.mono_ns()):
            await self._clock.sleep(max(0.001, (window.free_at(now) - now) / 1e9))
