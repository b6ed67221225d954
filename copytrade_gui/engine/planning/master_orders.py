"""Which orders of masters have ended, and when: nothing more of them can fill.

A copy that rests behind such an order is on its own. As long as its master holds what he bought, it
may still fill; when he leaves, it must not (``sending.resting``).
"""

from __future__ import annotations

from msgspec import Struct

from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder

_NEVER_FILLS = frozenset({SignalKind.FILL, SignalKind.CATCH_UP})
"""What these are copies of had happened when their plan was made."""
_LATE_NS = 5 * 1_000_000_000
"""What is called so shortly before the end of an order is told is in doubt called after it."""
_REMEMBERED = 256


class _End(Struct, frozen=True):
    """An order ended between two moments, monotonic: at ``told_ns`` it had.

    ``unsure``: nobody looked at it in between for so long that what is called there proves nothing:
    it ended in an earlier run, while none ran, or while its book was not read.
    """

    from_ns: int
    told_ns: int
    unsure: bool = False


class MasterOrders:
    """Answers from the book, and of orders that were placed elsewhere by the rows told of them."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._elsewhere: set[PlanId] = set()
        self._ends: dict[PlanId, _End] = {}
        self._most = _REMEMBERED

    def seen(self, plan: PlanId, row: BrokerOrder, since_ns: int) -> bool:
        """A row of an order that its master placed elsewhere; True if it is the first that ended.

        An order that ended works no more, whatever an older row says. At ``since_ns``, monotonic,
        it still worked; 0: the row is the first of this run.
        """
        ended = row.all_filled or (row.state is not None and row.state.ended)
        if not ended or plan in self._elsewhere:
            return False
        self._elsewhere = {one for one in self._elsewhere if self._book.knows(one)} | {plan}
        self._ended(plan, since_ns)
        return True

    def own_ended(self, order: Order) -> bool:
        """A master's own order, or a slice of it, ended; True if all of it has."""
        plan = order.intent.plan_id
        if not self.lead_ended(plan):
            return False
        lane = self._lanes.get(order.intent.account_id)
        # A read is taken down once its rows were told: it is the one before, and showed it working.
        self._ended(plan, 0 if lane is None else lane.read_ns)
        return True

    def restore(self, plan: Plan) -> None:
        """A start: when its master's own order ended in an earlier run is stored with it."""
        leads = self._book.leads_of(plan.plan_id)
        if leads and self.lead_ended(plan.plan_id):
            age_ns = self._clock.wall_ns() - max(one.changed_ns for one in leads)
            told_ns = self._clock.mono_ns() - age_ns
            self._remember(plan.plan_id, _End(leads[0].called_ns, told_ns, unsure=True))

    def ended(self, plan_id: PlanId) -> bool:
        """True if nothing more of the order that a plan copies can fill."""
        plan = self._book.plan(plan_id)
        if plan is None or plan.closes:
            return False
        kind = plan.signal.kind
        if kind is SignalKind.MASTER:
            return plan_id in self._elsewhere
        return kind in _NEVER_FILLS or self.lead_ended(plan_id)

    def ended_before(self, plan_id: PlanId, called_ns: int) -> bool | None:
        """True if the order that a plan copies had ended when another of his was called, monotonic;
        None: nobody knows. In doubt it had, where this run looked at it all the time.
        """
        if not self.ended(plan_id):
            return False
        end = self._ends.get(plan_id)
        if end is None or called_ns >= end.told_ns:
            return True
        if called_ns < end.from_ns:
            return False
        return None if end.unsure else True

    def lead_ended(self, plan_id: PlanId) -> bool:
        """True if a master's order that was placed here ended, with all its slices."""
        for order in self._book.of_plan(plan_id):
            if order.is_copy:
                break
            if order.may_attempt or not order.state.ended:
                return False
        return True

    def outlived(self, order: Order) -> bool:
        """True for a copy that goes by the program although its master's order has ended."""
        return order.is_copy and order.diverged is None and self.ended(order.intent.plan_id)

    # ------------------------------------------------------------ inside

    def _ended(self, plan_id: PlanId, worked_ns: int) -> None:
        orders, now = self._book.of_plan(plan_id), self._clock.mono_ns()
        if not orders or plan_id in self._ends:
            return
        from_ns = max(worked_ns, orders[0].called_ns)
        unsure = not worked_ns or now - from_ns > _LATE_NS  # 0: this run first saw it ended
        self._remember(plan_id, _End(from_ns, now, unsure))

    def _remember(self, plan_id: PlanId, end: _End) -> None:
        if len(self._ends) > self._most:
            self._ends = {one: at for one, at in self._ends.items() if self._book.knows(one)}
            self._most = 2 * len(self._ends) + _REMEMBERED
        self._ends[plan_id] = end
