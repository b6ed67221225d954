"""Plans that are long over leave the memory, so that it holds a day however long we run.

The broker's books show one day. What ended on an earlier one can be found late in none of them, so
nothing of it is needed: not its tags, not its broker ids, not the sums of its trades. The journal
has it. Copied quantities (``engine.exits``) are kept as sums and need no order.
"""

from __future__ import annotations

from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.submission import Submission

_KEPT_NS = 86_400 * 1_000_000_000
"""A day by the monotonic clock, which no wrong wall clock shortens."""
_PAUSE_NS = 60 * 1_000_000_000


class Ended:
    """Looks for plans that are over for longer than any book shows them."""

    def __init__(self, core: Core, reconciler: Reconciler, submission: Submission) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._reconciler = reconciler
        self._submission = submission
        self._clock = core.clock
        self._aged_ns = core.clock.mono_ns()
        self._next_ns = 0

    def forget(self) -> None:
        """Let one plan go, if one is due; to be called about once a second.

        One at a time, because orders may want to leave meanwhile.
        """
        now = self._clock.mono_ns()
        if now < self._next_ns:
            return
        if now - self._aged_ns >= _KEPT_NS:
            self._aged_ns = now
            self._book.fills.age()
        plan = self._due(now)
        if plan is None:
            self._next_ns = now + _PAUSE_NS
            return
        for order in self._book.of_plan(plan.plan_id):
            if order.broker_order_id is not None:
                self._reconciler.forget(order.intent.account_id, order.broker_order_id)
        self._submission.forget(plan)

    def _due(self, now: int) -> Plan | None:
        for plan in self._book.plans.values():
            orders = self._book.of_plan(plan.plan_id)
            if orders and now - orders[0].called_ns < _KEPT_NS:
                return None  # those behind it are younger
            if all(map(self._over, orders)):
                return plan
        return None

    def _over(self, order: Order) -> bool:
        tried = order.attempt_state
        return (
            order.state.ended
            and (tried is None or tried.ended)
            and not order.leaving
            and not self._book.is_today(order.changed_ns)
            and not self._book.sent_today(order)
            and not self._is_shown(order)
        )

    def _is_shown(self, order: Order) -> bool:
        """True while the broker's book has it, as it was last read in a session that lives."""
        account, number = order.intent.account_id, order.broker_order_id
        lane = self._lanes.get(account)
        return (
            lane is not None
            and lane.logged_in
            and number is not None
            and self._reconciler.shown(account, number) is not None
        )
