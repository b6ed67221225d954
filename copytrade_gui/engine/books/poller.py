"""Reads the broker's books when something is open or in doubt, each account at its own pace.

One timer for all accounts; a bounded number of reads at once, so that five hundred books never
stand before an order. Where the broker tells by itself reads are rarer, not unnecessary.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from copytrade_gui.domain.account import FeedState, SessionState
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.books.offline import Offline
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.books.resolver import Resolver
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.limiter import RollingWindow
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.schedule import Schedule
from copytrade_gui.ports import BrokerSession, BrokerTrade, Read

log = logging.getLogger(__name__)

_ASKED = frozenset({State.MODIFY_PENDING, State.CANCEL_PENDING})
_CHANGING = _ASKED | {State.ACKED}


class Poller:
    """Schedules reads and hands them to the reconciler and the resolver."""

    def __init__(self, core: Core, reconciler: Reconciler, resolver: Resolver) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._reconciler = reconciler
        self._resolver = resolver
        self._account_news = core.account_news
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._schedule = Schedule(core.clock, self._run_due, core.gate.notice_time)
        self.look = self._schedule.look
        """Read this account's books in so many seconds, or earlier if that was planned."""
        self._reading: set[AccountId] = set()
        self._left: set[AccountId] = set()
        self._slots = asyncio.Semaphore(core.settings.reads_at_once)
        self._slots_offline = asyncio.Semaphore(core.settings.offline_reads_at_once)
        self.offline = Offline(core, self.look)
        self._absent: set[AccountId] = set()

    # ------------------------------------------------------------ scheduling

    def soon(self, order: Order) -> None:
        """An order changed: look at its account when its state wants it."""
        if order.attempt_state is State.NOT_PLACED:
            self._absent.add(order.intent.account_id)
        self.look(order.intent.account_id, self._wants(order))

    def _wants(self, order: Order) -> float:
        settings = self._settings
        state = order.attempt_state
        if state is State.UNKNOWN:
            return self._resolver.next_read_in(order)
        if state is State.REVIEW or state is State.NOT_PLACED:
            return settings.late_find_every
        lane = self._lanes.get(order.intent.account_id)
        if lane is not None and lane.awaited_master is order:
            return settings.master_poll
        if lane is not None and lane.pushed and state not in _ASKED:
            return settings.poll_pushed
        quiet = (self._clock.wall_ns() - order.changed_ns) / 1e9
        if quiet < 2:
            return settings.poll_first
        if state in _CHANGING or quiet < 10:
            return settings.poll_active
        return settings.poll_idle

    def _cancelling(self, lane: Lane) -> bool:
        """True while its cancels leave one after another: a book read now is old when it comes."""
        since, now = lane.cancelling_ns, self._clock.mono_ns()
        return since > 0 and now - since < self._settings.cancel_moves * 1e9

    def _run_due(self, account: AccountId) -> None:
        lane = self._lanes.get(account)
        if lane is None:
            return
        if account in self._left:
            return  # planned again once that read was made
        # A read under way is perhaps of a session that is gone: it is not this one.
        if account in self._reading or self._cancelling(lane):
            self.look(account, self._settings.poll_first)
            return
        self._reading.add(account)
        self._work.start(self._visit(lane), f"read the books of {account}")

    @contextmanager
    def left_to_another(self, lane: Lane) -> Iterator[None]:
        """Whoever enters this reads the account's book himself, soon: it is not read twice."""
        self._left.add(lane.account_id)
        try:
            yield
        finally:
            self._left.discard(lane.account_id)
            self._schedule.forget(lane.account_id)
            self._plan_next(lane)

    # ------------------------------------------------------------ reading

    async def _visit(self, lane: Lane) -> None:
        account = lane.account_id
        try:
            if lane.session is None:
                # Nothing can be read, but 30 minutes in doubt end before a person all the same.
                self._resolver.judge(lane, Absorbed(complete=False), None)
            else:
                master = lane.awaited_master
                number = None if master is None else master.broker_order_id
                offline = lane.status.session is SessionState.OFFLINE
                whole = lane.status.unread or offline or self._missed(lane)
                if number is not None and not whole:
                    await self._read_history(lane, lane.session, number)
                else:
                    await self.read(lane)
        finally:
            # Also after a surprise: one bad read must not leave an account unread for good.
            self._reading.discard(account)
            self._plan_next(lane)

    async def read(self, lane: Lane, *, with_trades: bool = False) -> Absorbed:
        """Read an account's order book (and trades where they are needed) and act on it."""
        session = lane.session
        if session is None:
            return Absorbed(complete=False, why_not="not logged in")
        offline = lane.status.session is SessionState.OFFLINE
        async with self._slots_offline if offline else self._slots:
            await self._slot(lane.book_reads)
            began_ns = self._clock.mono_ns()
            read = await session.order_book()
            trades = await self._trades_if_needed(lane, session, anyway=with_trades)
        self._fault(faultpoints.AFTER_BOOK_READ)
        if lane.session is not session:
            return Absorbed(complete=False, why_not="the session changed during the read")
        self._note_session(lane, alive=read.whole, dead=read.session_dead, problem=read.problem)
        await self.offline.heard(lane, read, began_ns)
        if lane.session is not session:
            return Absorbed(complete=False, why_not="the session changed during the read")
        absorbed = self._reconciler.absorb_orders(lane, read)
        absorbed.rows, absorbed.trades, absorbed.began_ns = read.rows, trades, began_ns
        news = None if trades is None else self._reconciler.absorb_trades(lane, trades)
        self._resolver.judge(lane, absorbed, news, began_ns)
        if absorbed.complete:
            lane.read_ns = began_ns
        self._news.after_read(lane, absorbed)
        if absorbed.strangers:
            self._news.seen(lane, absorbed.strangers)
        if lane.status.unread:  # whoever asked for it, this read did not do
            self.look(lane.account_id, self._settings.poll_active)
        return absorbed

    async def _trades_if_needed(
        self, lane: Lane, session: BrokerSession, *, anyway: bool
    ) -> Read[BrokerTrade] | None:
        """Trades prove absence and complete the fills; a quiet account needs none."""
        wanted = (
            anyway
            or any(
                order.attempt_state in (State.UNKNOWN, State.PARTIAL) or order.filled
                for order in self._book.open_of(lane.account_id)
            )
            or self._fills_missing(lane)
        )
        if not wanted:
            return None
        await self._slot(lane.trade_reads)
        return await session.trade_book()

    def _fills_missing(self, lane: Lane) -> bool:
        account = lane.account_id
        return self._book.filled_by_orders(account) > self._book.filled_by_trades(account)

    async def _read_history(
        self, lane: Lane, session: BrokerSession, number: BrokerOrderId
    ) -> None:
        """One order's history is allowed ten times a second: the fast way to see it working."""
        await self._slot(lane.history_reads)
        read = await session.order_history(number)
        if lane.session is not session:
            return
        if read.silence is not None:
            self.offline.unanswered(lane.account_id, read.silence, read.problem)
            return
        self.offline.answered(lane)
        if read.whole:
            self._reconciler.absorb_history(lane, read)

    async def _slot(self, window: RollingWindow) -> None:
        while not window.take(now := self._clock.mono_ns()):
            await self._clock.sleep(max(0.001, (window.free_at(now) - now) / 1e9))

    def _note_session(self, lane: Lane, *, alive: bool, dead: bool, problem: str) -> None:
        state = lane.status.session
        if dead and state in (SessionState.READY, SessionState.OFFLINE):
            self._account_news.session(lane, SessionState.EXPIRED, problem)
        elif alive and state is SessionState.EXPIRED:
            self._account_news.session(lane, SessionState.READY)

    def _missed(self, lane: Lane) -> bool:
        """Its feed stands, and no book that was asked for since says what was told before it."""
        return lane.gap and lane.status.feed is FeedState.LIVE

    def _plan_next(self, lane: Lane) -> None:
        """The soonest that any open order of the account wants."""
        account = lane.account_id
        pace = self.offline.next_read_in(lane)
        if pace:
            self.look(account, pace)
            return
        wants = [self._wants(order) for order in self._book.open_of(account)]
        if account in self._absent:
            wants.append(self._settings.late_find_every)
        if (lane.status.unread or self._missed(lane)) and lane.session is not None:
            wants.append(self._settings.poll_active)
        every = self._settings.masters_every
        if every and lane.session is not None and lane.account.master:
            wants.append(self._settings.poll_pushed if lane.pushed else every)
        if wants:
            self.look(account, max(0.05, min(wants)))
        elif self._fills_missing(lane):
            self.look(account, self._settings.poll_active)

    def close(self) -> None:
        """Plan nothing more."""
        self._schedule.close()
