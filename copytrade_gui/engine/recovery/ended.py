"""What is over takes little memory: orders that ended a while ago are packed, and leave in a day.

A packed plan is there for whatever is told of it (``orders.packed_plans``), so nothing depends on
when it is packed, only what a look at it costs.

The broker's books show one day. What ended on an earlier one can be found late in none of them, so
nothing of it is needed: not its tags, not its broker ids, not the sums of its trades. The journal
has it. Copied quantities (``planning.copy_ledger``) are kept as sums and need no order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.packed_plans import Packing
from copytrade_gui.engine.sending.submission import Submission

log = logging.getLogger(__name__)
_KEPT_NS = 86_400 * 1_000_000_000
"""A day by the monotonic clock, which no wrong wall clock shortens."""
_PAUSE_NS = 60 * 1_000_000_000
_LOOKS = 10
"""So often it is looked for what may be packed, in the time after which it may."""
_AT_ONCE = 100
"""Orders packed in one turn: 4 ms, in which nothing else is done."""
_TRIED_AGAIN = ("auth", "rate")


class Ended:
    """Looks for plans that ended a while ago, and for those no book shows any more."""

    def __init__(self, core: Core, reconciler: Reconciler, submission: Submission) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._reconciler = reconciler
        self._submission = submission
        self._clock = core.clock
        self._whole_ns = int(core.settings.ended_whole * 1e9)
        self._aged_ns = core.clock.mono_ns()
        self._next_ns = 0
        self._next_packing_ns = 0
        self._packing: Packing | None = None
        self._tried: set[PlanId] = set()
        """Plans that were packed, or could not be, since the last pause."""

    def tidy(self) -> None:
        """Pack a part of a plan, and let one plan go, if any is due; to be called about once a
        second.

        Little at a time, because orders may want to leave meanwhile.
        """
        now = self._clock.mono_ns()
        if self._packing is not None:
            self._pack(self._packing)
        elif self._book.index.packed_again(self._book.may_be_packed):
            pass  # of one plan; the next turn is the next one's
        elif now >= self._next_packing_ns:
            self._begin_packing(now)
        if now >= self._next_ns:
            self._forget(now)

    # ------------------------------------------------------------ packed

    def _begin_packing(self, now: int) -> None:
        for plan in self._book.plans.values():
            orders = self._book.of_plan(plan.plan_id)
            if orders and now - orders[0].called_ns < self._whole_ns:
                break  # those behind it are younger
            # Who catches up asks each account whether its copies were squared off today; who
            # copies an order placed elsewhere, whether his followers were caught up since.
            stays = plan.closes or plan.signal.kind is SignalKind.CATCH_UP
            if plan.plan_id in self._tried or stays or not orders:
                continue
            if all(map(self._is_done_with, orders)):
                self._tried.add(plan.plan_id)
                with self._told_if_not(plan):
                    self._packing = self._book.index.begin_packing(plan)
                return
        self._tried.clear()
        self._next_packing_ns = now + self._whole_ns // _LOOKS

    def _pack(self, packing: Packing) -> None:
        self._packing = None
        with self._told_if_not(packing.plan):
            packing.step(_AT_ONCE)
            if not packing.done:
                self._packing = packing
            elif all(map(self._is_done_with, packing.orders)):
                self._book.index.end_packing(packing)

    @contextmanager
    def _told_if_not(self, plan: Plan) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            log.info("plan %s stays as it is: %s", plan.plan_id, error)

    def _is_done_with(self, order: Order) -> bool:
        """True if nothing happens to it by itself any more, and no read looks at it again."""
        account, number = order.intent.account_id, order.broker_order_id
        return (
            self._has_ended(order)
            and abs(self._clock.wall_ns() - order.changed_ns) >= self._whole_ns
            and not _tried_again(order)
            and self._book.may_be_packed(order)
            and (number is None or self._reconciler.last_orders(account).is_settled(number))
        )

    # ------------------------------------------------------------ let go

    def _forget(self, now: int) -> None:
        if now - self._aged_ns >= _KEPT_NS:
            self._aged_ns = now
            self._book.fills.age()
        oldest = self._book.index.oldest_packed
        if oldest is not None and now - oldest.called_ns >= _KEPT_NS:
            self._book.plan(oldest.intent.plan_id)
        plan = self._due(now)
        if plan is None:
            self._next_ns = now + _PAUSE_NS
            return
        for order in self._book.of_plan(plan.plan_id):
            if order.broker_order_id is not None:
                shown = self._reconciler.last_orders(order.intent.account_id)
                shown.forget(order.broker_order_id)
        self._submission.forget(plan)

    def _due(self, now: int) -> Plan | None:
        for plan in self._book.plans.values():
            orders = self._book.of_plan(plan.plan_id)
            if orders and now - orders[0].called_ns < _KEPT_NS:
                return None  # those behind it are younger
            if all(map(self._is_over, orders)):
                return plan
        return None

    def _is_over(self, order: Order) -> bool:
        return (
            self._has_ended(order)
            and not self._book.is_today(order.changed_ns)
            and not self._book.sent_today(order)
            and not self._is_shown(order)
        )

    def _has_ended(self, order: Order) -> bool:
        tried = order.attempt_state
        return order.state.ended and (tried is None or tried.ended) and not order.leaving

    def _is_shown(self, order: Order) -> bool:
        """True while the broker's book has it, as it was last read in a session that lives."""
        account, number = order.intent.account_id, order.broker_order_id
        lane = self._lanes.get(account)
        return (
            lane is not None
            and lane.logged_in
            and number is not None
            and self._reconciler.last_orders(account).shows(number)
        )


def _tried_again(order: Order) -> bool:
    """True if a further attempt of it may leave by itself."""
    if not order.may_attempt:
        return False
    refused = order.attempt_state is State.REFUSED
    return not refused or (order.code in _TRIED_AGAIN and order.requeued == 0)
