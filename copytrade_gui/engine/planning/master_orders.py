"""Which orders of masters have ended: nothing more of them can fill.

A copy that rests behind such an order is on its own. As long as its master holds what he bought, it
may still fill; when he leaves, it must not (``sending.resting``).
"""

from __future__ import annotations

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder

_NEVER_FILLS = frozenset({SignalKind.FILL, SignalKind.CATCH_UP})
"""What these are copies of had happened when their plan was made."""


class MasterOrders:
    """Answers from the book, and of orders that were placed elsewhere by the rows told of them."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._elsewhere: set[PlanId] = set()

    def seen(self, plan: PlanId, row: BrokerOrder) -> bool:
        """A row of an order that its master placed elsewhere; True if it is the first that ended.

        An order that ended works no more, whatever an older row says.
        """
        ended = row.all_filled or (row.state is not None and row.state.ended)
        if not ended or plan in self._elsewhere:
            return False
        self._elsewhere = {one for one in self._elsewhere if self._book.knows(one)} | {plan}
        return True

    def ended(self, plan_id: PlanId) -> bool:
        """True if nothing more of the order that a plan copies can fill."""
        plan = self._book.plan(plan_id)
        if plan is None or plan.closes:
            return False
        kind = plan.signal.kind
        if kind is SignalKind.MASTER:
            return plan_id in self._elsewhere
        return kind in _NEVER_FILLS or self.lead_ended(plan_id)

    def lead_ended(self, plan_id: PlanId) -> bool:
        """True if a master's order that was placed here ended, with all its slices."""
        for order in self._book.of_plan(plan_id):
            if order.intent.role is not Role.MASTER:
                break
            if order.may_attempt or not order.state.ended:
                return False
        return True

    def outlived(self, order: Order) -> bool:
        """True for a copy that goes by the program although its master's order has ended."""
        return (
            order.intent.role is Role.FOLLOWER
            and order.diverged is None
            and self.ended(order.intent.plan_id)
        )
