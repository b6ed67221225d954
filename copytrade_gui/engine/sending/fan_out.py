"""When the followers' orders leave: with the master's, or once his is at the exchange."""

from __future__ import annotations

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import Event, OrderChanged, Severity
from copytrade_gui.domain.ids import IntentId, PlanId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import OrderView, Plan
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.wave import Waves

_MASTER_FAILED = frozenset(
    {
        State.REFUSED,
        State.NOT_PLACED,
        State.REJECTED,
        State.CANCELLED,
        State.EXPIRED,
        State.SKIPPED,
        State.STALE,
    }
)


class FanOutRule:
    """Holds the followers of ``on_master_working`` plans until the master's order allows them."""

    def __init__(
        self, core: Core, dispatcher: Dispatcher, amendments: Amendments, waves: Waves
    ) -> None:
        self._book = core.book
        self._dispatcher = dispatcher
        self._clock = core.clock
        self._work = core.work
        self._fault = core.fault
        self._lanes = core.lanes
        self._amendments = amendments
        self._waves = waves
        self._held: dict[PlanId, Order] = {}
        self._left: set[IntentId] = set()

    def hold(self, plan: Plan) -> None:
        """Keep the followers of this plan back until its master order is at the exchange."""
        orders = self._book.of_plan(plan.plan_id)
        master = self._held[plan.plan_id] = orders[0]
        if (lane := self._lanes.get(master.intent.account_id)) and lane.awaited_master is None:
            lane.awaited_master = master
        oldest = max(order.intent.signal_age_ms for order in orders) / 1000 + 0.001
        left = oldest - (self._clock.mono_ns() - orders[0].called_ns) / 1e9
        self._work.later(max(0.0, left), lambda: self._too_old(plan.plan_id))
        self._work.later(0.0, lambda: self._make_ready(plan.plan_id))

    def _make_ready(self, plan: PlanId) -> None:
        """The master's bytes are out: his answer takes longer than making the others' requests."""
        if plan in self._held:
            self._waves.make_ready(
                order for order in self._book.of_plan(plan) if order.intent.role is Role.FOLLOWER
            )

    def _let_go(self, plan: PlanId) -> bool:
        """His followers wait no more; False if they did not."""
        master = self._held.pop(plan, None)
        if master is not None and (lane := self._lanes.get(master.intent.account_id)) is not None:
            waiting = (
                one for one in self._held.values() if one.intent.account_id == lane.account_id
            )
            lane.awaited_master = next(waiting, None)
        return master is not None

    def hear(self, event: Event) -> None:
        """Listen for the master's order."""
        if isinstance(event, OrderChanged) and event.order.role is Role.MASTER:
            self._master_changed(event.order)

    def _master_changed(self, view: OrderView) -> None:
        plan = view.plan_id
        failed = view.state in _MASTER_FAILED and view.filled_quantity == 0
        if failed and not self._may_come_back(view):
            self._stop_followers(plan, view)
        elif plan in self._held and (view.state.at_exchange or view.filled_quantity > 0):
            self._release(plan)

    def never_left(self, order: Order) -> None:
        """No try of this order left, and there will be no other."""
        if order.intent.role is Role.MASTER:
            self._stop_followers(order.intent.plan_id, order.view())

    def restored(self, plan: Plan, waiting: list[Order]) -> list[Order]:
        """After a start: which of the orders that wait may leave now; the rest is held or ended.

        The program may have stopped after the master's end was stored and before its followers
        were told: what did not leave then must not leave now.
        """
        master, *followers = self._book.of_plan(plan.plan_id)
        view = master.view()
        at_exchange = view.state.at_exchange or view.filled_quantity > 0
        failed = view.state in _MASTER_FAILED or view.state is State.NOT_SENT
        if failed and not at_exchange and master not in waiting:
            live = [order for order in followers if not order.state.ended]
            if plan.action.fan_out is FanOut.WITH_MASTER:
                self._cancel_followers([*live, *(one for one in waiting if one not in live)], view)
            else:
                for order in waiting:
                    self._dispatcher.skip(order, "master_failed", _ended_as(view))
            return []
        if plan.action.fan_out is FanOut.ON_MASTER_WORKING and not at_exchange:
            if any(order is not master for order in waiting):
                self.hold(plan)
            return [order for order in waiting if order is master]
        return waiting

    def _stop_followers(self, plan: PlanId, master: OrderView) -> None:
        """The master's order is not there: what did not leave stays, what did is cancelled."""
        followers = [
            order for order in self._book.of_plan(plan) if order.intent.role is not Role.MASTER
        ]
        if self._let_go(plan):
            self._waves.forget_ready(followers)
            for order in followers:
                self._dispatcher.skip(order, "master_failed", _ended_as(master))
        elif self._fan_out(plan) is FanOut.WITH_MASTER:
            self._cancel_followers(followers, master)

    def _cancel_followers(self, followers: list[Order], master: OrderView) -> None:
        """Cancel those that are still ours to follow; the others are named."""
        ours = [one for one in followers if one.diverged is None]
        self._amendments.cancel(ours, reason=_ended_as(master))
        for order in followers:
            self._tell_not_followed(order, master)

    def _tell_not_followed(self, order: Order, master: OrderView) -> None:
        """What its owner changed is his: the program does not cancel it with the master's order."""
        name = order.intent.intent_id
        if order.diverged is None or not order.state.open_at_broker or name in self._left:
            return
        self._left.add(name)
        self._book.alarm(
            "not_followed",
            f"The master's order ended as {master.state}; its DIVERGED copy of "
            f"{order.intent.account_id} ({order.broker_order_id}) was not cancelled with it, so "
            "cancel it yourself if it should go.",
            order,
            severity=Severity.WARNING,
        )

    def _may_come_back(self, view: OrderView) -> bool:
        """A master refused for rate or session may be queued once more; followers wait for it."""
        order = self._book.get(view.intent_id)
        return (
            order is not None
            and view.state is State.REFUSED
            and order.may_attempt
            and view.code in ("auth", "rate")
            and order.requeued == 0
            and not order.cancel_requested
        )

    def _fan_out(self, plan: PlanId) -> FanOut | None:
        made = self._book.plans.get(plan)
        return None if made is None else made.action.fan_out

    def _release(self, plan: PlanId) -> None:
        self._fault(faultpoints.AFTER_MASTER_WORKING)
        self._let_go(plan)
        now = self._clock.mono_ns()
        waiting = [
            order
            for order in self._book.of_plan(plan)
            if order.intent.role is Role.FOLLOWER and order.may_attempt
        ]
        for order in waiting:
            order.trigger_ns = order.waiting_ns = now
        self._dispatcher.enqueue(waiting)

    def _too_old(self, plan: PlanId) -> None:
        if not self._let_go(plan):
            return
        self._waves.forget_ready(self._book.of_plan(plan))
        for order in self._book.of_plan(plan):
            if order.intent.role is Role.FOLLOWER:
                self._dispatcher.end_stale(
                    order, "The master's order was not at the exchange inside the signal age."
                )


def _ended_as(master: OrderView) -> str:
    why = f"The master's order ended as {master.state}"
    return why + (f": {master.reason}" if master.reason else ".")
