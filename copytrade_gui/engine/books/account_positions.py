"""What accounts hold at the broker, for whoever looks: the position book as it was last read.

A follower's is read a while after his copies filled, and seldom while they hold something, a few
accounts at a time, because nothing waits for it. Masters are read by ``master_positions``, and
whoever is compared by ``comparison``; what these read is kept here too, and not read again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.schedule import Schedule
from copytrade_gui.ports import BrokerFailureError, BrokerPosition

log = logging.getLogger(__name__)

_LATE_NS = 8 * 1_000_000_000
"""By then a fill is in the book of positions, however busy the broker is."""


@dataclass(frozen=True, slots=True)
class PositionsRead:
    """An account's position book as it was last read whole; ``at_ns`` is UTC ns, 0: not today.

    ``problem`` says why a later read failed, in one sentence. The read was asked for at
    ``began_ns`` and had ended at ``ended_ns``, monotonic.
    """

    rows: tuple[BrokerPosition, ...] = ()
    at_ns: int = 0
    problem: str = ""
    began_ns: int = 0
    ended_ns: int = 0


class AccountPositions:
    """Keeps them, and keeps the followers' young. Sends nothing but reads.

    ``version`` rises with every read, whatever came of it.
    """

    def __init__(self, core: Core, copies: Copies) -> None:
        self._copies = copies
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._news = core.news
        self._filled_ns: dict[AccountId, int] = {}
        """When an account's copies last filled, monotonic."""
        self._books: dict[AccountId, PositionsRead] = {}
        self._few = asyncio.Semaphore(core.settings.positions_at_once)
        self._schedule = Schedule(core.clock, self._run_due)
        self.close = self._schedule.close
        self.version = 0

    def book(self, account: AccountId) -> PositionsRead:
        """What the broker showed of an account's positions today."""
        read = self._books.get(account, _UNREAD)
        today = indian_day(self._clock.wall_ns())
        return read if indian_day(read.at_ns) == today else PositionsRead(problem=read.problem)

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
        sure_ns = max(called_ns, self.filled_ns(account) + _LATE_NS)
        if self.book(account).began_ns > sure_ns:
            return True
        self._schedule.look(account, max(0.0, (sure_ns - self._clock.mono_ns()) / 1e9))
        return False

    def net(self, account: AccountId, key: InstrumentKey, product: Product) -> int | None:
        """The account's position as last read, signed units; None where that is not what it is.

        So it is as long as it was not read, or read before a copy was filled.
        """
        book = self.book(account)
        if not book.at_ns or book.began_ns < self.filled_ns(account):
            return None
        return sum(
            row.net_quantity
            for row in book.rows
            if row.key == key and row.product in (product, None)
        )

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        if order.intent.role is not Role.MASTER:
            account = order.intent.account_id
            self._filled_ns[account] = self._clock.mono_ns()
            self._schedule.look(account, self._settings.positions_after_fill)

    def filled_ns(self, account: AccountId) -> int:
        """When a copy in the account was last filled, monotonic; 0: not in this life."""
        return self._filled_ns.get(account, 0)

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
            self._schedule.look(account, self._settings.positions_copied)
        return rows

    def shown(self, account: AccountId, rows: tuple[BrokerPosition, ...], began_ns: int) -> None:
        """An account's positions were read by a call of ``began_ns``, monotonic."""
        now = self._clock.mono_ns()
        self._books[account] = PositionsRead(
            rows, self._clock.wall_ns(), began_ns=began_ns, ended_ns=now
        )
        self.version += 1
        self._news.positions_read()

    def failed(self, account: AccountId, problem: str) -> None:
        """An account's positions could not be read; what was known stays."""
        self._books[account] = replace(self.book(account), problem=problem)
        self.version += 1

    # ------------------------------------------------------------ inside

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
