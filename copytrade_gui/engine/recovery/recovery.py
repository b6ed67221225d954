"""After a start: what is proven, what is not, and who may resume (docs/safety.md 7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.events import RecoveryReport, Severity, TradingStateChanged
from copytrade_gui.domain.guard import AWAITS_PRICE
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import AS_IT_LEFT, OrderView, Plan
from copytrade_gui.domain.trading_state import StateChange, TradingState, to_begin_with
from copytrade_gui.engine.books.comparison import Compared, Comparison
from copytrade_gui.engine.books.resolver import Resolver
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.recovery.findings import Findings
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.fan_out import FanOutRule
from copytrade_gui.engine.stops.stops import Stops
from copytrade_gui.ports import OpenWork

_AWAITED_PRICE = (
    "It waited for a better price when the program stopped, and is not sent after a start."
)
_SLEPT = "The machine slept before it left; it was not sent."


class Recovery:
    """Restores the book, asks the broker, reports, and lets a person (or nobody) resume."""

    def __init__(
        self,
        core: Core,
        stops: Stops,
        fan_out: FanOutRule,
        dispatcher: Dispatcher,
        resolver: Resolver,
        comparison: Comparison,
    ) -> None:
        self._book = core.book
        self._bus = core.bus
        self._gate = core.gate
        self._lanes = core.lanes
        self._stops = stops
        self._fan_out = fan_out
        self._dispatcher = dispatcher
        self._resolver = resolver
        self._clock = core.clock
        self._settings = core.settings
        self._hours = core.hours
        self._fault = core.fault
        self._news = core.news
        self._stop_files = core.stop_files
        self._stored: StateChange | None = None
        self._unread: dict[AccountId, None] = {}
        self._uncompared: dict[AccountId, None] = {}
        self._comparing: set[AccountId] = set()
        self._round = 0
        """Counts gaps: what was begun to be compared before the newest proves nothing after it."""
        self._blind = 0
        """Gaps whose end was noticed and after which the books are not looked at yet."""
        self._comparison = comparison
        self._findings = Findings(core.bus, core.work, unread=self._unchecked, asks=self._asks)
        self._last_event_ns = 0
        self._must_ask = False
        self._done = False

    def restore(self, work: OpenWork, *, lost_today: bool = False) -> None:
        """Bring the book back; SENDING becomes UNKNOWN, old PLANNED becomes STALE.

        ``lost_today``: our records were lost today, so nothing leaves in any account before its
        book was read and what it holds of ours was taken over.
        """
        wall, mono = self._clock.wall_ns(), self._clock.mono_ns()
        self._findings.started_ns, self._last_event_ns = wall, work.last_event_ns
        self._stored = work.trading
        gap = (wall - work.last_event_ns) / 1e9 if work.last_event_ns else 0.0
        for fill in work.fills:
            self._book.restore_fill(fill)
        views: defaultdict[PlanId, list[OrderView]] = defaultdict(list)
        for view in work.orders:
            views[view.plan_id].append(view)
        for plan in work.plans:
            called = mono - (wall - plan.made_ns)
            for order in self._book.restore(plan, views[plan.plan_id], called):
                self._restore_order(order)
            self._restore_plan(plan)
        for tag, intent in work.known_tags.items():
            self._book.know_tag(tag, intent)
        for amendment in work.amended:
            if (changed := self._book.get(amendment.intent_id)) is not None:
                if amendment.version == AS_IT_LEFT:
                    changed.cut = amendment.terms
                else:
                    changed.asked += (amendment.terms,)
        self._must_ask = gap > self._settings.gap_needs_resume and self._market_trades()
        today = [order for order in self._book if self._book.sent_today(order)]
        self._lanes.must_be_read(order.intent.account_id for order in today)
        for account, count in Counter(order.intent.account_id for order in today).items():
            if (lane := self._lanes.get(account)) is not None:
                lane.ordered = (indian_day(wall), count)
        if lost_today:
            everybody = [lane.account_id for lane in self._lanes]
            self._lanes.must_be_read(everybody)
            self._unread.update(dict.fromkeys(everybody))
        self._compare_again()
        self._restore_state()
        self._fault(faultpoints.IN_RECOVERY)
        self.refresh()

    def _market_trades(self) -> bool:
        """True while a market that was traded today is open; a gap then needs a person's eyes."""
        return self._hours.trade_now(one for one in self._book if self._book.sent_today(one))

    def _may_leave(self, order: Order) -> bool:
        """What docs/safety.md 5.11 still allows: what is unsent, again after rate or session."""
        if not order.may_attempt:
            return False
        tried = 0 if order.attempt is None else order.attempt.number
        if order.attempt_state is State.REFUSED:
            return tried == 1 and order.code in ("auth", "rate")
        return tried <= len(self._settings.resend_after)

    def _restore_plan(self, plan: Plan) -> None:
        orders = self._book.of_plan(plan.plan_id)
        waiting = [order for order in orders if self._may_leave(order)]
        if orders:
            self._dispatcher.enqueue(self._fan_out.restored(plan, waiting))

    def _restore_order(self, order: Order) -> None:
        account = order.intent.account_id
        if order.attempt_state is State.SENDING:
            order.doubt_ns = self._clock.mono_ns()
            self._book.move(
                order, State.UNKNOWN, code="crash", reason="The program stopped while it was sent."
            )
        elif self._may_leave(order):
            age_ms = (self._clock.mono_ns() - order.called_ns) / 1e6
            if age_ms > order.intent.signal_age_ms:
                self._dispatcher.end_stale(
                    order, "Planned before the program stopped and too old now; it was not sent."
                )
                self._findings.stale.append(order)
            elif order.code == AWAITS_PRICE or self._waited_long(order):
                self._dispatcher.end_stale(order, _AWAITED_PRICE)
                self._findings.stale.append(order)
        state = order.attempt_state
        if state is not None and not state.ended:
            self._findings.add(order)
            self._unread[account] = None
            order.doubt_ns = order.doubt_ns or self._clock.mono_ns()
            if state is State.UNKNOWN:
                self._news.live(order)
            elif state is State.REVIEW:
                self._resolver.restore_review(order)
            else:
                self._news.live(order)
        elif state is State.NOT_PLACED:
            self._news.live(order)

    def _waited_long(self, order: Order) -> bool:
        """True if it may be older than any order that waits for no price."""
        return order.intent.signal_age_ms > self._settings.signal_age_resting_ms

    def _restore_state(self) -> None:
        now = self._findings.started_ns
        stored = self._stored = to_begin_with(self._stored, self._stop_files.newest())
        if self._gate.kill_flagged() and (stored is None or stored.state is not TradingState.KILL):
            stored = self._stored = StateChange(
                TradingState.KILL, "kill flag", "The kill flag's file is set.", now
            )
        if stored is not None:
            self._stops.stored = stored.state
        if stored is not None and stored.state in (TradingState.HALT, TradingState.KILL):
            self._stops.restore(stored)

    # ------------------------------------------------------------ reads come in

    def after_read(self, lane: Lane, absorbed: Absorbed) -> None:
        """One account's book was read; list what happened while we were down."""
        account = lane.account_id
        if absorbed.complete and lane.status.unread:
            self._lanes.was_read(lane)
            self._dispatcher.kick()
        self.compare_if_due(lane)
        if self._done:
            return
        if absorbed.complete:
            self._unread.pop(account, None)
            if lane.account.master and self._last_event_ns:
                for row in absorbed.strangers:
                    if row.placed_ns is not None and row.placed_ns > self._last_event_ns:
                        self._findings.missed[
                            f"{lane.account.name}: {row.side} {row.quantity} {row.key} "
                            f"({row.broker_order_id}, {row.status_text})"
                        ] = None
        self.refresh()

    def compare_if_due(self, lane: Lane) -> bool:
        """Begin to compare an account that must be; True if that reads its books, now or soon."""
        account = lane.account_id
        if account not in self._uncompared:
            return False
        if account not in self._comparing:
            self._comparing.add(account)
            self._comparison.begin(lane, partial(self._compared, self._round))
        return True

    def _compare_again(self) -> None:
        """Who has orders of today must be compared before anything leaves by itself."""
        self._round += 1
        self._comparing.clear()
        self._uncompared = {
            lane.account_id: None
            for lane in self._lanes
            if (lane.account.active or lane.account.master)
            and any(self._book.sent_today(one) for one in self._book.of_account(lane.account_id))
        }

    def _compared(self, begun_in: int, lane: Lane, result: Compared) -> None:
        account = lane.account_id
        if begun_in != self._round:
            return  # of before the gap: the next read begins it again
        if result.gone and lane.session is not None:
            # Logged in again meanwhile.
            self._comparison.begin(lane, partial(self._compared, begun_in))
            return
        self._comparing.discard(account)
        if result.gone:
            return  # the first read after the next login begins it again
        self._uncompared.pop(account, None)
        for sentence in result.differences:
            self.difference(sentence)
        if result.unread:
            # It proves nothing, so it keeps nobody waiting; the end of the day asks again.
            self._book.alarm(
                "unread",
                f"The books of {lane.account.name} could not be compared: {result.unread}. They "
                "are compared again when the day is closed.",
                account=account,
                severity=Severity.WARNING,
            )
        self.refresh()

    def difference(self, sentence: str) -> None:
        """Something does not add up; a person must see it."""
        self._findings.differences[sentence] = None
        if self._done:  # somebody resumed before it was found: the report asks nobody any more
            self._book.alarm("difference", sentence, severity=Severity.WARNING)

    @property
    def report(self) -> RecoveryReport:
        """What is known now; of a recovery that is done, what was known at its end."""
        return self._findings.report

    @property
    def reads(self) -> bool:
        """True while the books of accounts that are logged in are read after a start or a gap."""
        return not self._done and any(
            lane is not None and lane.session is not None
            for lane in map(self._lanes.get, self._unchecked())
        )

    def refresh(self) -> None:
        """Resume by itself if nothing is in doubt; else tell what was found, now and then."""
        if self._done:
            return
        recovering = self._gate.change.state is TradingState.RECOVERING
        if recovering and not self._blind and not self._asks():
            self._end()
            self._leave()
        else:
            self._findings.changed()

    def _asks(self) -> bool:
        """True while a person must look; asked after every read, so it looks at no order."""
        found = self._findings
        return (
            bool(self._unread or found.differences or found.missed or self._must_ask)
            or self._book.has_doubts
            or any(self._lanes.get(account) for account in self._uncompared)
        )

    def _unchecked(self) -> list[AccountId]:
        waiting = [account for account in self._uncompared if self._lanes.get(account)]
        return list({**self._unread, **dict.fromkeys(waiting)})

    def _end(self) -> None:
        self._done = True
        self._findings.end()

    def _leave(self) -> None:
        stored = self._stored
        if stored is not None and stored.state in (TradingState.PAUSE, TradingState.REDUCE):
            self._stops.restore(stored)
        elif self._gate.pressed is None and self._stops.lacks_arming(stored):
            self._stops.restore_unarmed()
        else:
            self._stops.restore(
                StateChange(TradingState.ACTIVE, "program", "Books checked.", self._clock.wall_ns())
            )
        self._dispatcher.kick()

    def lose_sight(self) -> None:
        """The machine slept: until ``again`` is called no read ends a recovery."""
        self._blind += 1

    def again(self, before: StateChange, gap_ns: int) -> None:
        """The machine slept: the books are looked at as after a start (docs/safety.md 9.34)."""
        self._blind -= 1
        self._findings.stale = [
            order for order in self._book.recent if order.state is State.PLANNED
        ]
        self._dispatcher.drop_queue("slept", _SLEPT)
        for order in self._findings.stale:
            self._dispatcher.end_stale(order, _SLEPT)
        self.look_again(before, gap_ns)

    def network_back(self, gap_ns: int) -> None:
        """This machine had no network for so long (docs/safety.md 9.35)."""
        words = f"This machine had no network for {gap_ns / 1e9:.0f} s."
        before = self._gate.recover("network", words)
        self.tell_state()
        self.look_again(before, gap_ns)

    def tell_state(self) -> None:
        """Tell that the books are being checked, if they are."""
        if self._gate.change.state is TradingState.RECOVERING:
            self._bus.publish(TradingStateChanged(self._gate.change, 0.0))

    def look_again(self, before: StateChange, gap_ns: int) -> None:
        """The books were out of sight for ``gap_ns``: nothing leaves until they were checked.

        ``before`` is the trading state to go back to. What waits stays and grows old. A recovery
        that is not done begins anew, and asks whatever it would have asked.
        """
        recovering = before.state is TradingState.RECOVERING and not self._done
        if not recovering and not before.state.allows_sending:
            return  # a stop holds anyway
        wall = self._clock.wall_ns()
        if not recovering:
            self._stored, self._done, self._must_ask = before, False, False
            self._last_event_ns = wall - gap_ns
            self._findings.begin(wall)
            self._unread.clear()
        long = gap_ns / 1e9 > self._settings.gap_needs_resume
        self._must_ask = self._must_ask or (long and self._market_trades())
        for lane in self._lanes:
            for order in self._book.open_of(lane.account_id):
                self._findings.add(order)
        self._unread.update(dict.fromkeys(order.intent.account_id for order in self._findings.open))
        for lane in self._lanes:
            # A master's book tells what was missed.
            if lane.session is not None and lane.account.master:
                self._unread[lane.account_id] = None
        self._compare_again()
        self.refresh()

    def resumed(self) -> None:
        """A person resumed: the report stays readable, nothing more is asked."""
        if not self._done:
            self._end()

    def close(self) -> None:
        """The program ends; what was found so far is stored, if nobody resumed."""
        self.resumed()
