"""From planned to on the wire: select, mark, write; one wave at a time (order-safety section 4).

A wave is written in one go after its marks are committed. Nothing here awaits between the first
and the last byte, so no reply is parsed in the middle of a wave.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from copytrade_gui.domain.ids import AccountId, IntentId, attempt_id, order_tag
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import IllegalTransitionError, State
from copytrade_gui.domain.records import Attempt
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine import faultpoints
from copytrade_gui.engine.book import Book
from copytrade_gui.engine.gate import Gate
from copytrade_gui.engine.lane import Lane, Lanes
from copytrade_gui.engine.order import Order
from copytrade_gui.engine.progress import Progress
from copytrade_gui.engine.ready import Ready
from copytrade_gui.engine.rules import Rules
from copytrade_gui.engine.work import Work, next_turn
from copytrade_gui.ports import (
    Clock,
    FaultPoint,
    Journal,
    JournalFailureError,
    NotSent,
    PlaceReply,
    Timer,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

_COMMIT_STEPS = 3
"""Turns of the loop until a commit waits for the disk alone; more or fewer only cost time."""
_TOO_OLD = "Older than its signal age; not sent."
_SEAL_AT_ONCE = 25
"""Orders sealed between two looks at the commit."""


class Dispatcher:
    """Chooses what leaves, has it marked, writes it. Replies go to ``on_reply``."""

    def __init__(
        self,
        *,
        book: Book,
        lanes: Lanes,
        gate: Gate,
        progress: Progress,
        journal: Journal,
        clock: Clock,
        work: Work,
        rules: Rules,
        installation_key: bytes,
        fault: FaultPoint,
        undisturbed: Callable[[], AbstractContextManager[None]],
        on_reply: Callable[[Order, PlaceReply], None],
        on_storage_failure: Callable[[str], None],
    ) -> None:
        self._book = book
        self._lanes = lanes
        self._gate = gate
        self._progress = progress
        self._journal = journal
        self._clock = clock
        self._work = work
        self._rules = rules
        self._key = installation_key
        self._fault = fault
        self._undisturbed = undisturbed
        self._on_reply = on_reply
        self._on_storage_failure = on_storage_failure
        self._leaving: dict[AccountId, list[InstrumentKey]] = {}
        self._put_off: dict[IntentId, Order] = {}
        self._pumping = False
        self._pump_again = False
        self._timer: Timer | None = None
        self._timer_ns = 0

    # ------------------------------------------------------------ choosing

    def select(self, orders: Iterable[Order]) -> list[Ready]:
        """Pick what may leave now, in the order given; the rest joins its lane's queue or ends."""
        wall_ns, mono_ns = self._clock.wall_ns(), self._clock.mono_ns()
        lanes, leaving = self._lanes, self._leaving
        # One look at the gate for the choice; ``write`` asks it again, before every 25 writes.
        may_send = self._gate.may_send
        ready: list[Ready] = []
        for order in orders:
            account = order.intent.account_id
            lane = lanes.get(account)
            if lane is None:
                self._end(order, State.SKIPPED, "removed", "The account was removed.")
            elif not lane.account.active:
                self._end(order, State.SKIPPED, "off", "The account was switched off.")
            elif self._stale(order, mono_ns):
                self._end(order, State.STALE, "too_old", _TOO_OLD)
            elif may_send and self._may_leave(order, lane, mono_ns):
                order.leaving = True
                leaving.setdefault(account, []).append(order.key)
                ready.append(self._make_ready(order, lane, wall_ns))
            else:
                lane.queue.append(order)
        return ready

    @staticmethod
    def _stale(order: Order, now: int) -> bool:
        return now - order.called_ns > order.intent.signal_age_ms * 1_000_000

    def _may_leave(self, order: Order, lane: Lane, now: int) -> bool:
        account = order.intent.account_id
        return (
            lane.ready
            and now >= lane.wait_until_ns
            and order.key not in self._leaving.get(account, ())
            and not self._book.in_doubt(account, order.key, but=order)
            and lane.slots.take(now)
        )

    def _make_ready(self, order: Order, lane: Lane, wall_ns: int) -> Ready:
        session = lane.session
        if session is None:  # _may_leave asked; a lane without one is never ready
            raise AssertionError(f"lane {lane.account_id} is ready without a session")
        number = 1 if order.attempt is None else order.attempt.number + 1
        name = attempt_id(order.intent.intent_id, number)
        request = session.orders.prepare(order.intent.terms, order_tag(self._key, name))
        attempt = Attempt(
            attempt_id=name,
            intent_id=order.intent.intent_id,
            account_id=lane.account_id,
            number=number,
            tag=request.tag,
            payload_hash=request.payload_hash,
            marked_ns=wall_ns,
            deadline_ms=self._rules.deadline_ms,
        )
        return Ready(order, attempt, request, session.orders)

    # ------------------------------------------------------------ writing

    async def committed(self, commit: Coroutine[object, object, T], wave: list[Ready]) -> T:
        """Await a wave's commit and seal orders as long as it waits for the disk; no byte leaves.

        Orders that are not sealed by then are encrypted when they are placed. If the commit fails
        nothing stays sealed.
        """
        running = asyncio.ensure_future(commit)
        try:
            # Let the commit get as far as its thread before we seal.
            for _ in range(_COMMIT_STEPS):
                await next_turn()
            for place in range(0, len(wave), _SEAL_AT_ONCE):
                if running.done():
                    break
                for item in wave[place : place + _SEAL_AT_ONCE]:
                    item.road.seal(item.request)
                await next_turn()
            return await running
        except BaseException:
            self._unseal(wave)
            running.cancel()
            raise

    def abandon(self, wave: list[Ready]) -> None:
        """The plan was known already: nothing of this wave leaves."""
        self.release(wave)
        self._unseal(wave)

    def _unseal(self, wave: list[Ready]) -> None:
        for item in wave:
            item.road.unseal(item.request)

    def write(self, wave: list[Ready]) -> None:
        """Put a committed wave on the wire, asking the gate again before every 25 writes."""
        wave = self._marked(wave)
        every = self._rules.gate_every
        now = 0
        left: list[Ready] = []
        for count, item in enumerate(wave):
            if count % every == 0:
                if count:
                    self._fault(faultpoints.MID_WRITE)
                if not self._gate.may_send:
                    self._drop(wave[count:])
                    break
                now = self._clock.mono_ns()
            # Asked again for each order, because the commit may have taken long.
            if (why := self._lanes.why_held(item.order, item.road))[0]:
                self._drop([item], *why)
                continue
            if self._stale(item.order, now):
                self._drop([item], "too_old", _TOO_OLD, State.STALE)
                continue
            if not self._progress.wrote(item.order):
                self._drop(wave[count:])
                break
            item.road.launch(item.request)
            left.append(item)
        # Nothing awaited since: no reply was read, and none is missed.
        deadline, on_reply = self._rules.deadline_ms, self._on_reply
        for item in left:
            item.road.place(item.request, deadline, partial(on_reply, item.order))
        self.release(wave)
        self._fault(faultpoints.AFTER_WRITE)

    def _marked(self, wave: list[Ready]) -> list[Ready]:
        """Mark a wave; what was found in the book during the commit does not leave again."""
        marked = []
        for item in wave:
            try:
                self._book.mark(item.order, item.attempt)
            except IllegalTransitionError as error:
                log.info("%s stays: %s", item.attempt.attempt_id, error)
                self.abandon([item])
            else:
                self._progress.marked(item.order)
                marked.append(item)
        return marked

    def announce(self, wave: list[Ready]) -> None:
        """Tell about a wave; kept apart from ``write`` because news can wait and bytes cannot."""
        for item in wave:
            if item.order.attempt_state is State.SENDING:
                self._book.announce(item.order, State.PLANNED)

    def release(self, wave: list[Ready]) -> None:
        """The wave is no longer between its choice and its bytes."""
        for item in wave:
            order = item.order
            if order.leaving:
                order.leaving = False
                account = order.intent.account_id
                keys = self._leaving[account]
                keys.remove(order.key)
                if not keys:
                    del self._leaving[account]

    def _drop(
        self,
        rest: list[Ready],
        code: str = "stopped",
        reason: str = "",
        ends: State = State.SKIPPED,
    ) -> None:
        """A stop came before these bytes left: NOT_SENT is proven, the intent is given up."""
        self.release(rest)
        self._unseal(rest)
        why = reason or self._gate.why_not() or "Stopped before it left."
        for item in rest:
            self._book.move(item.order, State.NOT_SENT, code=code, reason=why)
            self._end(item.order, ends, code, why)

    def _end(self, order: Order, state: State, code: str, reason: str) -> None:
        if self._book.give_up(order, state, code=code, reason=reason):
            self._progress.settled(order)

    # ------------------------------------------------------------ the queue

    def enqueue(self, orders: Iterable[Order]) -> None:
        """Let orders leave as soon as their lanes allow; starts the pump."""
        for order in orders:
            lane = self._lanes.get(order.intent.account_id)
            if lane is None:
                self._end(order, State.SKIPPED, "removed", "The account was removed.")
            else:
                lane.queue.append(order)
        self.kick()

    def kick(self) -> None:
        """Look at the queues again: a slot, a session, a hold or a stop changed."""
        self._pump_again = True
        if not self._pumping:
            self._pumping = True
            self._work.start(self._pump(), "dispatcher pump")

    async def _pump(self) -> None:
        try:
            while self._pump_again:
                self._pump_again = False
                await self._send_queued()
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
        wave = self.select(order for order in waiting if order.may_attempt)
        if not wave:
            return
        self._fault(faultpoints.BEFORE_MARK)
        marks = [item.attempt for item in wave]
        try:
            await self.committed(self._journal.commit_attempts(marks), wave)
        except JournalFailureError as failure:
            self._on_storage_failure(str(failure))
            self.release(wave)
            for item in wave:
                self._end(item.order, State.SKIPPED, "not_recorded", str(failure))
            return
        self._fault(faultpoints.AFTER_MARK)
        self.write(wave)
        self.announce(wave)

    def _plan_wake(self) -> None:
        """Wake when the earliest queued order gets a slot or grows too old."""
        wake_ns = 0
        now = self._clock.mono_ns()
        may_send = self._gate.may_send
        for lane in self._lanes:
            for order in lane.queue:
                due = order.called_ns + order.intent.signal_age_ms * 1_000_000 + 1_000_000
                if may_send and lane.ready:
                    held = self._book.in_doubt(lane.account_id, order.key, but=order)
                    if not held:
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
        waiting = [order for lane in self._lanes for order in lane.queue]
        waiting += self._put_off.values()
        self._put_off.clear()
        for lane in self._lanes:
            lane.queue.clear()
        for order in waiting:
            # An attempt that was refused may be found after all: it is cancelled then.
            order.cancel_requested = order.attempt is not None
            self._end(order, State.SKIPPED, code, reason)

    def skip(self, order: Order, code: str, reason: str) -> None:
        """Skip one order that has not left, wherever it waits."""
        self._end(order, State.SKIPPED, code, reason)

    def end_stale(self, order: Order, reason: str) -> None:
        """End one unsent order as too old; a person may place it again as a new one."""
        self._end(order, State.STALE, "too_old", reason)

    def close(self) -> None:
        """Forget the wake-up timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def not_sent_again(self, order: Order, outcome: NotSent) -> None:
        """Repeat a NOT_SENT order at most twice inside its age; otherwise it stays NOT_SENT."""
        after = self._rules.resend_after
        stale = self._stale(order, self._clock.mono_ns())
        if order.resends >= len(after) or stale or not order.may_attempt:
            self._progress.settled(order)
            return
        if self._gate.state is TradingState.KILL:
            self._end(order, State.SKIPPED, "killed", "Killed before it left.")
            return
        delay = after[order.resends] + self._work.jitter(self._rules.resend_jitter)
        order.resends += 1
        log.info("no byte of %s left (%s); again", order.intent.intent_id, outcome.reason)
        self._put_off[order.intent.intent_id] = order
        self._work.later(delay, partial(self._try_again, order))

    def _try_again(self, order: Order) -> None:
        if self._put_off.pop(order.intent.intent_id, None) is not None:
            self.enqueue([order])


def _longest_waiting(order: Order) -> tuple[int, int]:
    return (order.waiting_ns, order.intent.rank)
