"""What accounts hold in their demat, for whoever looks; no order is sized or bounded by it.

The broker shows what was there in the morning, less what was sold since. So it is read once an
account is logged in, again after shares held for delivery were sold by an order of ours, and
seldom otherwise; never while orders are about to leave, and two accounts at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import HoldingsSeen
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.schedule import Schedule
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

_AT_ONCE = 2
_AFTER_LOGIN_S = 20.0
_AFTER_SALE_S = 10.0
_BUSY_S = 2.0
_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class HoldingsRead:
    """An account's holdings as they were last read; ``at_ns`` is UTC ns, 0: not today.

    ``problem`` says why a later read failed, in one sentence.
    """

    rows: tuple[Holding, ...] = ()
    at_ns: int = 0
    problem: str = ""


class Holdings:
    """Keeps them. Sends nothing but reads; ``version`` rises with every read, whatever came."""

    def __init__(self, core: Core) -> None:
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._bus = core.bus
        self._every = core.settings.holdings_every
        self._books: dict[AccountId, HoldingsRead] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._schedule = Schedule(core.clock, self._run_due)
        self.close = self._schedule.close
        self.version = 0

    def of(self, account: AccountId) -> HoldingsRead:
        """What the broker showed of an account's holdings today."""
        read = self._books.get(account, _UNREAD)
        today = indian_day(self._clock.wall_ns())
        return read if indian_day(read.at_ns) == today else HoldingsRead(problem=read.problem)

    def logged_in(self, lane: Lane) -> None:
        """An account has a session."""
        if self._every:
            self._schedule.look(lane.account_id, _AFTER_LOGIN_S)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        terms = order.intent.terms
        if self._every and terms.side is Side.SELL and terms.product in OUT_OF_HOLDINGS:
            self._schedule.look(order.intent.account_id, _AFTER_SALE_S)

    def look(self, accounts: Iterable[AccountId]) -> None:
        """A person wants these read now."""
        for account in accounts:
            self._schedule.look(account, 0.0)

    # ------------------------------------------------------------ inside

    def _run_due(self, account: AccountId) -> None:
        lane = self._lanes.get(account)
        if lane is None or lane.session is None:
            return  # the next login begins it again
        if any(one.queue or one.leaving for one in self._lanes):
            self._schedule.look(account, _BUSY_S)
            return
        self._work.start(self._visit(lane), f"read the holdings of {account}")

    async def _visit(self, lane: Lane) -> None:
        async with self._few:
            again = self._every or _AGAIN_S
            try:
                await self._read(lane)
            except BrokerFailureError as failure:
                log.info("no holdings for %s: %s", lane.account_id, failure)
                known = self.of(lane.account_id)
                self._books[lane.account_id] = replace(known, problem=str(failure))
                self.version += 1
                again = _AGAIN_S
            if self._every:
                self._schedule.look(lane.account_id, again)

    async def _read(self, lane: Lane) -> None:
        account, window = lane.account_id, lane.position_reads
        while not window.take(now := self._clock.mono_ns()):
            await self._clock.sleep(max(0.001, (window.free_at(now) - now) / 1e9))
        session = lane.session
        if session is None:
            raise BrokerFailureError("It is not logged in. Log it in.")
        rows = await session.holdings()
        if lane.session is not session:
            raise BrokerFailureError("Its session changed during the read.")
        at_ns = self._clock.wall_ns()
        self._books[account] = HoldingsRead(rows, at_ns)
        self.version += 1
        self._bus.publish(HoldingsSeen(account, rows, at_ns))


_UNREAD = HoldingsRead()
