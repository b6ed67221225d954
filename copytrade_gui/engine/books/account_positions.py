"""What accounts hold at the broker, for whoever looks: the position book as it was last read.

A follower's is read a while after his copies filled, and seldom while they hold something, a few
accounts at a time, because nothing waits for it. Masters are read by ``master_positions``, and
whoever is compared by ``comparison``; what these read is kept here too, and not read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.schedule import Schedule
from copytrade_gui.ports import BrokerFailureError, BrokerPosition

log = logging.getLogger(__name__)

Part = tuple[InstrumentKey, Product]
"""An instrument, and as what it is held."""

_LATE_NS = 8 * 1_000_000_000
"""By then a fill is in the book of positions, however busy the broker is."""


@dataclass(frozen=True, slots=True)
class PositionsRead:
    """An account's position book as it was last read whole; ``at_ns`` is UTC ns, 0: not today.

    ``problem`` says why a later read failed, in one sentence. The read was asked for at
    ``began_ns`` and had ended at ``ended_ns``, monotonic. ``day`` is the Indian day it shows,
    ``nets`` are signed units; of a product that we have no word for they may be of any.
    """

    rows: tuple[BrokerPosition, ...] = ()
    at_ns: int = 0
    problem: str = ""
    began_ns: int = 0
    ended_ns: int = 0
    day: int = 0
    nets: Mapping[Part, int] = field(default_factory=dict)


class AccountPositions:
    """Keeps them, and keeps the followers' young. Sends nothing but reads.

    ``version`` rises with every read, whatever came of it.
    """

    def __init__(self, core: Core, copies: Copies) -> None:
        self._book = core.book
        self._copies = copies
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._news = core.news
        self._filled_ns: dict[AccountId, int] = {}
        """When an account's copies last filled, monotonic."""
        self._books: dict[AccountId, PositionsRead] = {}
        self._sure: dict[AccountId, PositionsRead] = {}
        """The newest read that shows all that had been filled by then."""
        self._since: defaultdict[AccountId, Counter[Part]] = defaultdict(Counter)
        """What our copies filled since, signed units."""
        self._untold: dict[AccountId, dict[Part, int]] = {}
        """What ``_sure`` shows of fills that nobody had told when it was read, signed units."""
        self._few = asyncio.Semaphore(core.settings.positions_at_once)
        self._schedule = Schedule(core.clock, self._run_due)
        self.close = self._schedule.close
        self.version = 0

    def book(self, account: AccountId) -> PositionsRead:
        """What the broker showed of an account's positions today."""
        read = self._books.get(account, _UNREAD)
        today = indian_day(self._clock.wall_ns())
        return read if read.day == today else PositionsRead(problem=read.problem)

    def logged_in(self, lane: Lane) -> None:
        """An account has a session."""
        if not lane.account.master:
            self._schedule.look(lane.account_id, self._settings.positions_after_fill)

    def look(self, account: AccountId) -> None:
        """Something says that they are not what was last read: read them soon."""
        self._schedule.look(account, 0.0)

    def tell(self, account: AccountId, called_ns: int) -> bool:
        """True if the last read was asked for after monotonic ``called_ns``, and may be believed.

        The broker's book of positions may come seconds after its book of orders. Where the read may
        not be believed yet, one is made as soon as it may.
        """
        began_ns, shown_ns = self.book(account).began_ns, self._shown_ns(account)
        if began_ns > called_ns and began_ns >= shown_ns:
            return True
        sure_ns = max(called_ns, shown_ns)
        self._schedule.look(account, max(0.0, (sure_ns - self._clock.mono_ns()) / 1e9))
        return False

    def nets(self, account: AccountId, part: Part, today: int) -> list[int]:
        """What the account's position may be, signed units; none where it was not read ``today``.

        It is what the last read shows that may be believed, with what our copies filled since; and
        what a later one shows, which may not tell the last fills yet.
        """
        found = []
        sure, newest = self._sure.get(account, _UNREAD), self._books.get(account, _UNREAD)
        if sure.day == today:
            net, since = sure.nets.get(part, 0), self._since.get(account)
            found.append(net + since.get(part, 0) if since else net)
        later = newest is not sure and newest.began_ns >= self._filled_ns.get(account, 0)
        if later and newest.day == today:
            found.append(newest.nets.get(part, 0))
        return found

    def shows_fills(self, account: AccountId, part: Part, copied: int) -> bool:
        """True if the last read may be compared with the units, signed, that copies hold.

        It shows all that they filled: because it is late enough for that, or because it says what
        is to be expected, by our orders or by the read before it with what was filled since.
        """
        read, since = self._books.get(account, _UNREAD), self._since.get(account)
        if read.began_ns >= self._shown_ns(account):
            return True
        if read.began_ns < self.filled_ns(account):
            return False
        net, sure = read.nets.get(part, 0), self._sure.get(account, _UNREAD)
        filled = since.get(part, 0) if since else 0
        return net == copied or (sure.day == read.day and net == sure.nets.get(part, 0) + filled)

    def filled(self, order: Order, units: int) -> None:
        """So many more units of an order of ours were filled."""
        if order.is_copy:
            account, terms = order.intent.account_id, order.intent.terms
            signed = units if terms.side is Side.BUY else -units
            part = (order.key, terms.product)
            self._since[account][part] += signed - self._shown_of(account, part, signed)
            self._filled_ns[account] = self._clock.mono_ns()
            self._schedule.look(account, self._settings.positions_after_fill)

    def filled_ns(self, account: AccountId) -> int:
        """When a copy in the account was last filled, monotonic; 0: not in this life."""
        return self._filled_ns.get(account, 0)

    def _shown_ns(self, account: AccountId) -> int:
        """From when on, monotonic, a read shows everything that our copies filled."""
        filled_ns = self.filled_ns(account)
        return filled_ns + _LATE_NS if filled_ns else 0

    async def read(self, lane: Lane) -> tuple[BrokerPosition, ...]:
        """Ask the broker for an account's positions now, inside its limits, and keep them.

        Raises BrokerFailureError; what was known stays then.
        """
        account, window = lane.account_id, lane.position_reads
        while not window.take(now := self._clock.mono_ns()):
            await self._clock.sleep(max(0.001, (window.free_at(now) - now) / 1e9))
        began_ns, session = self._clock.mono_ns(), lane.session
        if session is None:
            raise BrokerFailureError("It is not logged in. Log it in.")
        try:
            rows = await session.positions()
        except BrokerFailureError as failure:
            self.failed(account, str(failure))
            raise
        if lane.session is not session:
            raise BrokerFailureError("Its session changed during the read.")
        self.shown(account, rows, began_ns)
        if not lane.account.master:
            if self._filled_ns.get(account, 0) <= began_ns:
                self._schedule.forget(account)  # what was planned has been done
            early_ns = self._shown_ns(account) - began_ns
            again = early_ns / 1e9 if early_ns > 0 else self._settings.positions_copied
            self._schedule.look(account, again)
        return rows

    def shown(self, account: AccountId, rows: tuple[BrokerPosition, ...], began_ns: int) -> None:
        """An account's positions were read by a call of ``began_ns``, monotonic."""
        nets: Counter[Part] = Counter()
        for row in rows:
            for product in Product if row.product is None else (row.product,):
                nets[row.key, product] += row.net_quantity
        wall_ns, ended_ns = self._clock.wall_ns(), self._clock.mono_ns()
        read = PositionsRead(rows, wall_ns, "", began_ns, ended_ns, indian_day(wall_ns), nets)
        if began_ns >= self._shown_ns(account):
            self._untold[account] = self._untold_in(account, read)
            self._sure[account] = read
            self._since[account].clear()
        self._books[account] = read
        self.version += 1
        self._news.positions_read()

    def failed(self, account: AccountId, problem: str) -> None:
        """An account's positions could not be read; what was known stays."""
        self._books[account] = replace(self.book(account), problem=problem)
        self.version += 1

    # ------------------------------------------------------------ inside

    def _untold_in(self, account: AccountId, read: PositionsRead) -> dict[Part, int]:
        """What a read shows more than the one before it, of orders of ours that are still open.

        Nothing was told between the two, so they filled it unheard, as far as they could have
        filled so much; where the position changed by more, or the other way, its owner traded.
        """
        before, found = self.book(account), dict[Part, int]()
        if not before.at_ns or before.began_ns < self.filled_ns(account):
            return found
        for order in self._book.open_of(account):
            if not order.is_copy:
                continue  # ``filled`` counts copies alone
            terms = order.intent.terms
            part, left = (order.key, terms.product), order.ordered - order.filled
            more = read.nets.get(part, 0) - before.nets.get(part, 0)
            if 0 < (more if terms.side is Side.BUY else -more) <= left:
                found[part] = more
        return found

    def _shown_of(self, account: AccountId, part: Part, signed: int) -> int:
        """How much of a fill that is told now ``_sure`` has shown before, signed units.

        None of it where an order book that was asked for after that read did not tell it: then it
        was the owner who traded.
        """
        untold, lane = self._untold.get(account), self._lanes.get(account)
        if not untold or lane is None or lane.read_ns > self._sure[account].ended_ns:
            return 0
        shown = untold.get(part, 0)
        if shown * signed <= 0:
            return 0
        used = signed if abs(signed) < abs(shown) else shown
        untold[part] = shown - used
        return used

    def _run_due(self, account: AccountId) -> None:
        lane = self._lanes.get(account)
        if lane is not None and lane.session is not None and account in self._copies.accounts:
            self._work.start(self._visit(lane), f"read the positions of {account}")

    async def _visit(self, lane: Lane) -> None:
        async with self._few:
            try:
                await self.read(lane)
            except BrokerFailureError as failure:
                log.info("no positions for %s: %s", lane.account_id, failure)
                self._schedule.look(lane.account_id, self._settings.positions_again)


_UNREAD = PositionsRead()
