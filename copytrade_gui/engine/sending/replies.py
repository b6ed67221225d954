"""What a reply to a place call does to order, account and the whole (docs/safety.md 5, 9)."""

from __future__ import annotations

import logging

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import REJECTED_ALIKE, Severity
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Timing
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.breaker import Breaker
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.ports import (
    Accepted,
    Doubt,
    NotSent,
    PlaceReply,
    Refused,
    Unknown,
)

log = logging.getLogger(__name__)


class Replies:
    """Applies outcomes. An exception here is a bug and ends in UNKNOWN, never in silence."""

    def __init__(self, core: Core, breaker: Breaker, dispatcher: Dispatcher) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._progress = core.progress
        self._account_news = core.account_news
        self._halts = core.halts
        self._breaker = breaker
        self._clock = core.clock
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._dispatcher = dispatcher
        self._alarmed: set[PlanId] = set()

    def take(self, order: Order, reply: PlaceReply) -> None:
        """Apply one reply to the order whose attempt it answers."""
        try:
            self._take(order, reply)
        except Exception:
            log.exception("the reply to %s was not taken in", order.intent.intent_id)
            self._fell_over(order)

    def _fell_over(self, order: Order) -> None:
        """A bug of ours: left in SENDING the order would block its instrument for ever."""
        if order.attempt_state is State.SENDING:
            order.doubt_ns = self._clock.mono_ns()
            self._book.move(
                order, State.UNKNOWN, code="bug", reason="An error of ours while it was answered."
            )
            self._news.live(order)
        self._progress.settled(order)
        self._book.alarm(
            "bug",
            f"A reply for {order.intent.account_id} was not taken in whole, which was logged; "
            "look at that order.",
            order,
        )

    def _take(self, order: Order, reply: PlaceReply) -> None:
        self._fault(faultpoints.AFTER_REPLY)
        if reply.sent_ns:
            order.timing = Timing(order.trigger_ns, reply.sent_ns, reply.replied_ns)
            self._progress.sent_at(order, reply.sent_ns)
        outcome = reply.outcome
        if isinstance(outcome, Accepted):
            self._accepted(order, outcome)
        elif isinstance(outcome, Refused):
            self._refused(order, outcome)
        elif isinstance(outcome, NotSent):
            self._book.move(order, State.NOT_SENT, code="not_sent", reason=outcome.reason)
        else:
            self._unknown(order, outcome)
        if not isinstance(outcome, NotSent) and self._breaker.count(
            ambiguous=isinstance(outcome, Unknown)
        ):
            self._news.breaker_opened()
        lane = self._lanes.get(order.intent.account_id)
        if lane is not None:
            self._account_news.outcome(lane, order, len(self._book.of_plan(order.intent.plan_id)))
        if isinstance(outcome, NotSent):
            if outcome.silence is not None:
                self._news.silence(order.intent.account_id, outcome.silence, outcome.reason)
            self._dispatcher.not_sent_again(order, outcome)
        else:
            self._progress.settled(order)
        self._fault(faultpoints.AFTER_RESULT)
        if lane is not None and lane.queue:
            self._dispatcher.kick()

    def _accepted(self, order: Order, outcome: Accepted) -> None:
        if self._book.acknowledge(order, outcome.broker_order_id):
            self._news.live(order)
            return
        account, number = order.intent.account_id, outcome.broker_order_id
        owner = self._book.by_broker(account, number)
        if owner is order or order.attempt_state is None:
            return
        if order.attempt_state is State.SENDING:  # the id belongs to another order of ours
            self._halts.found(
                account,
                f"duplicate {number}",
                f"DUPLICATE: the broker gave one order id, {number}, to two of our orders.",
            )
            order.doubt_ns = self._clock.mono_ns()
            self._book.move(order, State.UNKNOWN, code="duplicate", reason="Order id used twice.")
            self._news.live(order)
            return
        sentence = (
            f"DUPLICATE: one order has two broker order ids, {order.broker_order_id} and {number}."
        )
        if self._halts.found(account, f"duplicate {number}", sentence):
            self._book.alarm(
                "duplicate",
                f"{sentence} Account {account} is halted; compare its order book, then lift its "
                "halt.",
                order,
            )

    def _refused(self, order: Order, outcome: Refused) -> None:
        self._book.move(order, State.REFUSED, code=outcome.code, reason=outcome.reason)
        lane = self._lanes.get(order.intent.account_id)
        if outcome.blocks_account and lane is not None:
            self._account_news.session(lane, SessionState.BLOCKED, outcome.reason)
            self._book.alarm(
                "address",
                f"The broker refused {order.intent.account_id}: {outcome.reason} "
                "Register this machine's address for its app, then log in again.",
                order,
            )
        self.count_alike(order)

    def _unknown(self, order: Order, outcome: Unknown) -> None:
        lane = self._lanes.get(order.intent.account_id)
        now = self._clock.mono_ns()
        order.doubt = outcome.doubt
        order.doubt_ns = now
        order.absent_reads = 0
        if self._book.move(order, State.UNKNOWN, code=outcome.code, reason=outcome.reason):
            self._news.live(order)
        if lane is None:
            return
        if outcome.doubt is Doubt.AUTH and lane.status.session is SessionState.READY:
            self._account_news.session(
                lane, SessionState.EXPIRED, "The broker ended the session. Log in again."
            )
        if outcome.doubt is Doubt.RATE:
            wait_ms = max(outcome.retry_after_ms, self._settings.rate_wait_ms)
            lane.slots.halve_until(now + int(self._settings.rate_penalty * 1e9))
            lane.wait_until_ns = now + wait_ms * 1_000_000

    def count_alike(self, order: Order) -> None:
        """Alarm once when a fifth of a plan is rejected or refused with the same words."""
        plan = order.intent.plan_id
        orders = self._book.of_plan(plan)
        if plan in self._alarmed or len(orders) < 5:
            return
        words = order.reason
        alike = sum(
            other.reason == words and other.state in (State.REJECTED, State.REFUSED)
            for other in orders
        )
        if alike > 1 and alike >= len(orders) * self._settings.alike_rejections:
            self._alarmed.add(plan)
            self._book.alarm(
                REJECTED_ALIKE,
                f"{alike} of {len(orders)} orders of one plan were rejected alike: {words}",
                order,
                severity=Severity.WARNING,
            )
