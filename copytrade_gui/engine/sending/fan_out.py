"""When the followers' orders leave: with the master's, or once his is at the exchange.

The only part of the engine for which a plan's own order of the master is special. It may have been
cut into slices: then it is at the exchange when each of them is.
"""

from __future__ import annotations

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import Event, OrderChanged, Severity
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.order import FanOut, State, Validity
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
        self._news = core.news
        self._fault = core.fault
        self._news = core.news
        self._lanes = core.lanes
        self._amendments = amendments
        self._waves = waves
        self._held: dict[PlanId, list[Order]] = {}
        """The master's own orders of plans whose followers wait for them."""
        self._left: set[IntentId] = set()

    def hold(self, plan: Plan) -> None:
        """Keep the followers of this plan back until its master order is at the exchange."""
        orders = self._book.of_plan(plan.plan_id)
        leads = self._held[plan.plan_id] = [one for one in orders if _is_lead(one)]
        self._show_awaited(leads[-1].intent.account_id)
        oldest = max(order.intent.signal_age_ms for order in leads) / 1000 + 0.001
        left = oldest - (self._clock.mono_ns() - leads[0].called_ns) / 1e9
        self._work.later(max(0.0, left), lambda: self._too_old(plan.plan_id))
        self._work.later(0.0, lambda: self._make_ready(plan.plan_id))

    def _make_ready(self, plan: PlanId) -> None:
        """The master's bytes are out: his answer takes longer than making the others' requests."""
        if plan in self._held:
            self._waves.make_ready(self._copies(plan))

    def _let_go(self, plan: PlanId) -> bool:
        """His followers wait no more; False if they did not."""
        leads = self._held.pop(plan, None)
        if leads is not None:
            self._show_awaited(leads[0].intent.account_id)
        return leads is not None

    def _show_awaited(self, master: AccountId) -> None:
        """An order of his that followers wait for is looked at often: one after the other."""
        if (lane := self._lanes.get(master)) is not None:
            held = (one for leads in self._held.values() for one in leads if _of(one) == master)
            lane.awaited_master = next((one for one in held if not _is_there(one)), None)

    def _copies(self, plan: PlanId) -> list[Order]:
        return [order for order in self._book.of_plan(plan) if not _is_lead(order)]

    def hear(self, event: Event) -> None:
        """Listen for the master's order, and tell the others what concerns them of a plan."""
        if not isinstance(event, OrderChanged):
            return
        view = event.order
        if view.role is not Role.MASTER:
            if view.filled_quantity:
                self._news.copy_filled(view.plan_id)
            return
        self._master_changed(view)
        if view.filled_quantity:
            self._news.lead_filled(view.plan_id)
        if view.state.ended:
            self._news.lead_ended(view)

    def _master_changed(self, view: OrderView) -> None:
        plan = view.plan_id
        if _failed(view) and not self._may_come_back(view):
            self._lead_failed(plan, view)
        elif plan in self._held and all(map(_is_there, self._held[plan])):
            self._release(plan)
        elif plan in self._held:
            self._show_awaited(view.account_id)
        elif _taken_back(view) and view.filled_quantity and self._is_taken_back(plan):
            self._end_rest(plan, view)

    def _is_taken_back(self, plan: PlanId) -> bool:
        """True if the master's slices were cancelled, none filled whole, and none may leave yet."""
        leads = [order for order in self._book.of_plan(plan) if _is_lead(order)]
        left = [one for one in leads if not _taken_back(one.view())]
        nothing = all(_came_to_nothing(one) and not one.may_attempt for one in left)
        return nothing and len(left) < len(leads)

    def _lead_failed(self, plan: PlanId, view: OrderView) -> None:
        """The master's order, or a slice of it, came to nothing."""
        others = [
            order
            for order in self._book.of_plan(plan)
            if _is_lead(order) and not _came_to_nothing(order)
        ]
        if not any(order.intent.intent_id != view.intent_id for order in others):
            self._stop_followers(plan, view)
            return
        waited = self._let_go(plan)
        for order in self._copies(plan) if waited else ():
            self._dispatcher.skip(order, "master_in_part", _ended_as(view))
        self._book.alarm(
            "master_in_part",
            f"A part of the master's order ended as {view.state}, other parts are at the exchange; "
            + (
                "nothing was copied. Cancel or complete the master's order, then copy by a new one."
                if waited
                else "its copies left whole. Look at what the master holds and what they hold."
            ),
            self._book.get(view.intent_id),
        )

    def never_left(self, order: Order) -> None:
        """No try of this order left, and there will be no other."""
        if _is_lead(order):
            self._lead_failed(order.intent.plan_id, order.view())

    def restored(self, plan: Plan, waiting: list[Order]) -> list[Order]:
        """After a start: which of the orders that wait may leave now; the rest is held or ended.

        The program may have stopped after the master's end was stored and before its followers
        were told: what did not leave then must not leave now.
        """
        orders = self._book.of_plan(plan.plan_id)
        leads = [order for order in orders if _is_lead(order)]
        if not leads:
            return waiting
        left_over = [order for order in waiting if not _is_lead(order)]
        if all(_came_to_nothing(order) and order not in waiting for order in leads):
            view = leads[-1].view()
            for order in left_over if plan.signal.fan_out is not FanOut.WITH_MASTER else ():
                self._dispatcher.skip(order, "master_failed", _ended_as(view))
            live = [order for order in self._copies(plan.plan_id) if not order.state.ended]
            self._cancel_followers([*live, *(o for o in left_over if o not in live)], view)
            return []
        if self._is_taken_back(plan.plan_id):
            self._end_rest(plan.plan_id, leads[-1].view())
            return []
        if plan.signal.fan_out is FanOut.ON_MASTER_WORKING and not all(map(_is_there, leads)):
            if left_over:
                self.hold(plan)
            return [order for order in waiting if _is_lead(order)]
        return waiting

    def _stop_followers(self, plan: PlanId, master: OrderView) -> None:
        """The master's order is not there: what did not leave stays, what did is cancelled."""
        followers = self._copies(plan)
        if self._let_go(plan):
            self._waves.forget_ready(followers)
            for order in followers:
                self._dispatcher.skip(order, "master_failed", _ended_as(master))
        elif self._fan_out(plan) is FanOut.WITH_MASTER or _taken_back(master):
            self._cancel_followers(followers, master)

    def _end_rest(self, plan: PlanId, master: OrderView) -> None:
        """What was left of the master's order was cancelled: what is left of its copies goes."""
        copies = self._copies(plan)
        for order in copies:
            if order.may_attempt and not order.leaving:
                # If an attempt that was refused is found after all, it is cancelled then.
                order.cancel_requested = order.attempt is not None
                self._dispatcher.skip(order, "master_failed", _ended_as(master))
        self._cancel_followers(copies, master)

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
        made = self._book.plan(plan)
        return None if made is None else made.signal.fan_out

    def _release(self, plan: PlanId) -> None:
        self._fault(faultpoints.AFTER_MASTER_WORKING)
        self._let_go(plan)
        now = self._clock.mono_ns()
        waiting = [order for order in self._copies(plan) if order.may_attempt]
        for order in waiting:
            order.trigger_ns = order.waiting_ns = now
        self._dispatcher.enqueue(waiting)
        if (made := self._book.plan(plan)) is not None:
            self._news.copies_leave(made)

    def _too_old(self, plan: PlanId) -> None:
        if not self._let_go(plan):
            return
        self._waves.forget_ready(self._book.of_plan(plan))
        for order in self._copies(plan):
            self._dispatcher.end_stale(
                order, "The master's order was not at the exchange inside the signal age."
            )


def _is_lead(order: Order) -> bool:
    return order.intent.role is Role.MASTER


def _of(order: Order) -> AccountId:
    return order.intent.account_id


def _failed(view: OrderView) -> bool:
    return view.state in _MASTER_FAILED and view.filled_quantity == 0


def _taken_back(view: OrderView) -> bool:
    """True if what was left of an order at the exchange was cancelled, by whomever.

    What is IOC or expires ends for the copies as it does for the master.
    """
    return view.state is State.CANCELLED and view.terms.validity is not Validity.IOC


def _is_there(order: Order) -> bool:
    return order.state.at_exchange or order.filled > 0


def _came_to_nothing(order: Order) -> bool:
    state = order.state
    return not _is_there(order) and (state in _MASTER_FAILED or state is State.NOT_SENT)


def _ended_as(master: OrderView) -> str:
    why = f"The master's order ended as {master.state}"
    return why + (f": {master.reason}" if master.reason else ".")
