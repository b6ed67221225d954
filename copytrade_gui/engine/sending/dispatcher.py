"""The queues: orders that are planned and wait, and who leaves when (docs/safety.md 4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from copytrade_gui.domain.exits import AWAITS_COPY
from copytrade_gui.domain.guard import AWAITS_PRICE
from copytrade_gui.domain.ids import IntentId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import AS_IT_LEFT, Amendment
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.left import Ruling
from copytrade_gui.engine.planning.planner import unplanned
from copytrade_gui.engine.sending.wave import Waves, bodies_hash
from copytrade_gui.ports import Journal, JournalFailureError, NotSent, Timer

log = logging.getLogger(__name__)

_TOGETHER_S = 0.02


class Dispatcher:
    """Keeps orders until their lanes let them leave, a wave at a time."""

    def __init__(self, core: Core, waves: Waves, exits: Exits, journal: Journal) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._progress = core.progress
        self._waves = waves
        self._exits = exits
        self._journal = journal
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._hours = core.hours
        self._fault = core.fault
        self._undisturbed = core.undisturbed
        self._news = core.news
        self._put_off: dict[IntentId, Order] = {}
        self._pumping = False
        self._pump_again = False
        self._judging_soon = False
        self._timer: Timer | None = None
        self._timer_ns = 0

    def enqueue(self, orders: Iterable[Order]) -> None:
        """Let orders leave as soon as their lanes allow; starts the pump."""
        for order in orders:
            lane = self._lanes.get(order.intent.account_id)
            if lane is None:
                self._progress.give_up(order, State.SKIPPED, "removed", "The account was removed.")
            else:
                lane.queue.append(order)
        self.kick()

    def kick(self) -> None:
        """Look at the queues again: a slot, a session, a hold or a stop changed."""
        self._pump_again = True
        if not self._pumping:
            self._pumping = True
            self._work.start(self._pump(), "dispatcher pump")

    def more_is_known(self, _order: Order | None = None) -> None:
        """More is known of an account's orders or positions: an exit may have waited for that.

        Five hundred books are read one after the other, and all that waits is judged each time: so
        what comes within a few milliseconds is judged together.
        """
        if self._exits.awaiting and not self._judging_soon:
            self._judging_soon = True
            self._work.later(_TOGETHER_S, self._judge)

    def _judge(self) -> None:
        self._judging_soon = False
        self.kick()

    async def _pump(self) -> None:
        try:
            while self._pump_again:
                self._pump_again = False
                await self._send_queued()
        except Exception:
            self._plan_wake()  # what still waits must not depend on the next reply
            raise
        finally:
            self._pumping = False
        self._plan_wake()

    async def _send_queued(self) -> None:
        waiting: list[Order] = []
        for lane in self._lanes:
            waiting.extend(lane.queue)
            lane.queue.clear()
        if waiting:
            with self._undisturbed():
                await self._send(waiting)

    async def _send(self, waiting: list[Order]) -> None:
        waiting.sort(key=_longest_waiting)
        wave = self._waves.select(
            self._covered(self._in_session([one for one in waiting if one.may_attempt]))
        )
        if not wave:
            return
        self._fault(faultpoints.BEFORE_MARK)
        marks = [item.attempt for item in wave]
        cuts = [
            Amendment(one.order.intent.intent_id, AS_IT_LEFT, one.order.cut)
            for one in wave
            if one.order.cut is not None
        ]
        try:
            if cuts:
                await self._journal.commit_amendments(cuts)
            await self._journal.commit_attempts(marks, bodies_hash(wave))
        except JournalFailureError as failure:
            self._news.storage_failed(str(failure))
            self._waves.release(wave)
            for item in wave:
                if not item.order.may_attempt:  # found meanwhile, which nobody was told yet
                    self._book.announce(item.order, State.REFUSED)
                self._progress.give_up(item.order, State.SKIPPED, "not_recorded", str(failure))
            return
        except (Exception, asyncio.CancelledError):
            self._waves.break_off(wave)
            raise
        self._fault(faultpoints.AFTER_MARK)
        self._waves.write(wave)
        self._waves.announce(wave)

    def _in_session(self, orders: list[Order]) -> list[Order]:
        """Those whose market trades; the others end here, whatever they waited for."""
        closed = {
            instrument.key: why
            for instrument in {one.key: one.intent.terms.instrument for one in orders}.values()
            if (why := self._hours.why_closed(instrument))
        }
        if not closed:
            return orders
        for order in reversed(orders):  # followers first: their reason is their own
            if why := closed.get(order.key, ""):
                self._progress.give_up(order, State.BLOCKED, "session", why)
        return [order for order in orders if order.key not in closed]

    def _covered(self, orders: list[Order]) -> list[Order]:
        """Those that open nothing by an exit; the others wait on, or end here."""
        rulings = self._exits.judge(orders)
        go_on = []
        ended: list[tuple[Order, Ruling]] = []
        for order in orders:
            ruling = rulings.get(order.intent.intent_id)
            lane = self._lanes.get(order.intent.account_id)
            if lane is None or order.stale_at(self._clock.mono_ns()):
                go_on.append(order)
            elif ruling is None:
                _waits_no_more(order)
                go_on.append(order)
            elif ruling.code == AWAITS_COPY:
                lane.queue.append(order)
            elif ruling.code == AWAITS_PRICE and ruling.limit is not None:
                lane.queue.append(order)
                self._news.awaits_price(order, ruling.reason, ruling.limit)
            elif ruling.units:
                _waits_no_more(order)
                self._cut(order, ruling)
                go_on.append(order)
            else:
                ended.append((order, ruling))
        for order, ruling in reversed(ended):  # followers first: their reason is their own
            why = f"{ruling.reason} It was not sent."
            self._progress.give_up(order, unplanned(ruling.code), ruling.code, why)
        return go_on

    def _cut(self, order: Order, ruling: Ruling) -> None:
        """It leaves with fewer units than were planned, or another limit.

        That is stored before the order's mark is.
        """
        planned, sent = order.intent.terms, order.sent_terms
        limit = sent.price if ruling.limit is None else ruling.limit
        order.cut = replace(planned, quantity=ruling.units, price=limit)
        self._waves.forget_ready([order])
        log.info("%s leaves with %d of %d at %s: %s", order.intent.intent_id, ruling.units,
                 planned.quantity, limit, ruling.reason)  # fmt: skip

    def shrink(self, order: Order, quantity: int) -> None:
        """An order that waits leaves with so many units: its master made his smaller meanwhile."""
        planned = order.intent.terms
        order.shrunk = quantity < planned.quantity
        order.cut = replace(planned, quantity=quantity) if order.shrunk else None
        self._waves.forget_ready([order])

    def _plan_wake(self) -> None:
        """Wake when the earliest queued order gets a slot or grows too old."""
        wake_ns = 0
        now = self._clock.mono_ns()
        waiting = [(lane, order) for lane in self._lanes for order in lane.queue]
        may_send = bool(waiting) and self._gate.may_send
        for lane, order in waiting:
            due = order.called_ns + order.intent.signal_age_ms * 1_000_000 + 1_000_000
            if may_send and lane.ready:
                held = self._book.in_doubt(lane.account_id, order.key, but=order)
                if not held and order.intent.intent_id not in self._exits.awaiting:
                    due = min(due, max(lane.slots.free_at(now), lane.wait_until_ns))
            wake_ns = min(wake_ns, due) if wake_ns else due
        if self._timer is not None:
            if wake_ns and self._timer_ns <= wake_ns and self._timer_ns > now:
                return
            self._timer.cancel()
            self._timer = None
        if wake_ns:
            self._timer_ns = wake_ns
            delay = max(0.001, (wake_ns - now) / 1e9)
            self._timer = self._clock.call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.kick()

    def drop_queue(self, code: str, reason: str) -> None:
        """Skip everything that waits, also for its next try; nothing of it left."""
        waiting: list[Order] = []
        for lane in self._lanes:
            waiting.extend(lane.queue)
            lane.queue.clear()
        waiting += self._put_off.values()
        self._put_off.clear()
        for order in waiting:
            # An attempt that was refused may be found after all: it is cancelled then.
            order.cancel_requested = order.attempt is not None
            self._progress.give_up(order, State.SKIPPED, code, reason)

    def drop_what_opens(self) -> None:
        """While only exits leave: whatever has not left and opens something never leaves."""
        # Followers first: their reason is the stop, not their master.
        for order in reversed(list(self._book.recent)):
            if order.may_attempt and not order.state.ended:
                code, reason = self._exits.why_opens(order)
                if code:
                    why = f"{reason} It was not sent."
                    self._progress.give_up(order, State.BLOCKED, code, why)

    def skip(self, order: Order, code: str, reason: str) -> None:
        """Skip one order that has not left, wherever it waits."""
        self._progress.give_up(order, State.SKIPPED, code, reason)

    def end_stale(self, order: Order, reason: str) -> None:
        """End one unsent order as too old; a person may place it again as a new one."""
        self._progress.give_up(order, State.STALE, "too_old", reason)

    def close(self) -> None:
        """Forget the wake-up timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def not_sent_again(self, order: Order, outcome: NotSent) -> None:
        """Repeat a NOT_SENT order at most twice inside its age; otherwise it stays NOT_SENT."""
        after = self._settings.resend_after
        stale = order.stale_at(self._clock.mono_ns())
        if not order.may_attempt:
            self._progress.settled(order)
            return
        if order.cancel_requested:
            self._progress.give_up(order, State.SKIPPED, "cancelled", "Cancelled before it left.")
            return
        if order.resends >= len(after) or stale:
            self._progress.settled(order)
            self._news.never_left(order)
            return
        if self._gate.state is TradingState.KILL:
            self._progress.give_up(order, State.SKIPPED, "killed", "Killed before it left.")
            return
        delay = after[order.resends] + self._work.jitter(self._settings.resend_jitter)
        order.resends += 1
        log.info("no byte of %s left (%s); again", order.intent.intent_id, outcome.reason)
        self._put_off[order.intent.intent_id] = order
        self._work.later(delay, partial(self._try_again, order))

    def _try_again(self, order: Order) -> None:
        if self._put_off.pop(order.intent.intent_id, None) is not None:
            self.enqueue([order])


def _waits_no_more(order: Order) -> None:
    """A better price came: whatever keeps it back from now on is something else."""
    if order.code == AWAITS_PRICE:
        order.code = order.reason = ""


def _longest_waiting(order: Order) -> tuple[int, int]:
    return (order.waiting_ns, order.intent.rank)
