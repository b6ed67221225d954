"""When the followers' orders leave: with the master's, or once his is at the exchange.

The only part of the engine for which a plan's own order of the master is special. It may have been
cut into slices: then it is at the exchange when each of them is.
"""

from __future__ import annotations

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import Event, OrderChanged
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
        State.BLOCKED,
        State.SKIPPED,
        State.STALE,
    }
)

_FAILED, _IN_PART = "master_failed", "master_in_part"
_NOTHING_COPIED = (
    "no part works any more; nothing was copied. Look at what the master holds, then copy by a new "
    "order."
)
_REST_CANCELLED = (
    "no part works any more; what its copies had not filled is cancelled. Look at what the master "
    "holds and what they hold."
)
_OTHERS_GO_ON = (
    "other parts filled or may still fill; nothing was copied. Cancel or complete the master's "
    "order, then copy by a new one."
)
_COPIES_STAY = (
    "other parts filled or may still fill; its copies stay as they are. Look at what the master "
    "holds and what they hold."
)
_TOGETHER_S = 1.0
"""Slices that end together are judged together."""


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
        self._lanes = core.lanes
        self._amendments = amendments
        self._waves = waves
        self._held: dict[PlanId, list[Order]] = {}
        """The master's own orders of plans whose followers wait for them."""
        self._over: set[IntentId] = set()
        """Slices of masters' orders that failed for good, whatever may still be tried by rule."""
        self._in_part: set[PlanId] = set()
        """Plans of which it was told that a slice came to nothing."""

    def hold(self, plan: Plan) -> None:
        """Keep the followers of this plan back until its master order is at the exchange."""
        leads = self._held[plan.plan_id] = self._book.leads_of(plan.plan_id)
        self._show_awaited(leads[-1].intent.account_id)
        oldest = max(order.intent.signal_age_ms for order in leads) / 1000 + 0.001
        left = oldest - (self._clock.mono_ns() - leads[0].called_ns) / 1e9
        self._work.later(max(0.0, left), lambda: self._too_old(plan.plan_id))
        self._work.later(0.0, lambda: self._make_ready(plan.plan_id))

    def _make_ready(self, plan: PlanId) -> None:
        """The master's bytes are out: his answer takes longer than making the others' requests."""
        if plan in self._held:
            self._waves.make_ready(self._book.copies_of(plan))

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
        elif view.state.ended and (short := self._ended_short(plan)) is not None:
            what = self._end_rest(plan, short)
            if what is _NOTHING_COPIED or (what and not self._is_taken_back(plan)):
                self._tell_in_part(short, what)
        elif plan in self._held and all(map(_is_there, self._held[plan])):
            self._release(plan)
        elif plan in self._held:
            self._show_awaited(view.account_id)

    def _ended_short(self, plan: PlanId) -> OrderView | None:
        """The slice that ended short, once none of the master's works any more or may leave."""
        leads = self._book.leads_of(plan)
        if not all(one.state.ended and not self._may_leave(one) for one in leads):
            return None
        short = [view for one in leads if _is_short(view := one.view())]
        return min(short, key=_taken_back, default=None)

    def _is_taken_back(self, plan: PlanId) -> bool:
        """True if what each slice of the master's had not filled was cancelled."""
        return all(_taken_back(order.view()) for order in self._book.leads_of(plan))

    def _may_leave(self, order: Order) -> bool:
        return order.may_attempt and order.intent.intent_id not in self._over

    def _is_over(self, order: Order) -> bool:
        """True if it came to nothing, for good."""
        return _came_to_nothing(order) and not self._may_leave(order)

    def _lead_failed(self, plan: PlanId, view: OrderView) -> None:
        """The master's order, or a slice of it, came to nothing."""
        self._over.add(view.intent_id)
        if all(map(self._is_over, self._book.leads_of(plan))):
            self._stop_followers(plan, view)
        elif (short := self._ended_short(plan)) is not None:
            what = self._end_rest(plan, short)
            if what is _NOTHING_COPIED or not self._is_taken_back(plan):
                self._tell_in_part(view, what or _REST_CANCELLED)
        else:
            self._judge_soon(plan, view)

    def _judge_soon(self, plan: PlanId, failed: OrderView) -> None:
        self._work.later(_TOGETHER_S, lambda: self._part_failed(plan, failed))

    def _part_failed(self, plan: PlanId, view: OrderView) -> None:
        """A slice came to nothing a moment ago: if others filled or may, that is told once."""
        leads = self._book.leads_of(plan)
        failed = sum(self._is_over(one) for one in leads)
        if plan in self._in_part or failed in (0, len(leads)) or self._ended_short(plan):
            return
        going = [one for one in leads if not one.state.ended or self._may_leave(one)]
        if going and all(order.cancel_requested for order in going):
            return  # how these end decides
        self._in_part.add(plan)
        if self._let_go(plan):
            self._skip(self._book.copies_of(plan), _IN_PART, view)
            self._tell_in_part(view, _OTHERS_GO_ON)
        else:
            self._tell_in_part(view, _COPIES_STAY)

    def _tell_in_part(self, view: OrderView, what: str) -> None:
        self._book.alarm(
            _IN_PART,
            f"A part of the master's order ended as {view.state}, {what}",
            self._book.get(view.intent_id),
        )

    def never_left(self, order: Order) -> None:
        """No try of this order left, and there will be no other."""
        if not order.is_copy:
            self._lead_failed(order.intent.plan_id, order.view())

    def restored(self, plan: Plan, waiting: list[Order]) -> list[Order]:
        """After a start: which of the orders that wait may leave now; the rest is held or ended.

        The program may have stopped after the master's end was stored and before its followers
        were told: what did not leave then must not leave now.
        """
        leads = self._book.leads_of(plan.plan_id)
        if not leads:
            return waiting
        left_over = [order for order in waiting if order.is_copy]
        nothing = [one for one in leads if _came_to_nothing(one) and one not in waiting]
        self._over.update(order.intent.intent_id for order in nothing)
        short = self._ended_short(plan.plan_id)
        if short is None and len(nothing) == len(leads):
            short = leads[-1].view()
        if short is not None:
            self._end_rest(plan.plan_id, short)
            return []
        if plan.signal.fan_out is FanOut.ON_MASTER_WORKING and not all(map(_is_there, leads)):
            if left_over:
                self.hold(plan)
            if left_over and nothing:
                self._judge_soon(plan.plan_id, nothing[0].view())
            return [order for order in waiting if not order.is_copy]
        return waiting

    def _stop_followers(self, plan: PlanId, master: OrderView) -> None:
        """The master's order is not there: what did not leave stays, what did is cancelled."""
        followers = self._book.copies_of(plan)
        if self._let_go(plan):
            self._skip(followers, _FAILED, master)
        elif self._fan_out(plan) is FanOut.WITH_MASTER or self._ended_short(plan) is not None:
            self._amendments.cancel_copies(followers, _ended_as(master))

    def _end_rest(self, plan: PlanId, short: OrderView) -> str:
        """His order ended short: what is left of its copies goes. What became of them, in words;
        empty if nothing was left.
        """
        copies, waited = self._book.copies_of(plan), self._let_go(plan)
        left = [
            order
            for order in copies
            if order.diverged is None
            and not order.cancel_requested
            and (order.may_attempt or not order.state.ended)
        ]
        self._skip(copies, _IN_PART if waited else _FAILED, short)
        self._amendments.cancel_copies(copies, _ended_as(short))
        if not left:
            return ""
        nothing = waited or all(order.attempt is None for order in copies)
        return _NOTHING_COPIED if nothing else _REST_CANCELLED

    def _skip(self, copies: list[Order], code: str, master: OrderView) -> None:
        """What of these has not left stays here."""
        unsent = [order for order in copies if order.may_attempt and not order.leaving]
        self._waves.forget_ready(unsent)
        for order in unsent:
            # If an attempt that was refused is found after all, it is cancelled then.
            order.cancel_requested = order.attempt is not None
            self._dispatcher.skip(order, code, _ended_as(master))

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
        waiting = [order for order in self._book.copies_of(plan) if order.may_attempt]
        for order in waiting:
            order.trigger_ns = order.waiting_ns = now
        self._dispatcher.enqueue(waiting)
        if (made := self._book.plan(plan)) is not None:
            self._news.copies_leave(made)

    def _too_old(self, plan: PlanId) -> None:
        if not self._let_go(plan):
            return
        self._waves.forget_ready(self._book.of_plan(plan))
        for order in self._book.copies_of(plan):
            self._dispatcher.end_stale(
                order, "The master's order was not at the exchange inside the signal age."
            )


def _of(order: Order) -> AccountId:
    return order.intent.account_id


def _failed(view: OrderView) -> bool:
    return view.state in _MASTER_FAILED and view.filled_quantity == 0


def _taken_back(view: OrderView) -> bool:
    """True if what was left of an order at the exchange was cancelled, by whomever.

    What is IOC ends for the copies as it does for the master.
    """
    return view.state is State.CANCELLED and view.terms.validity is not Validity.IOC


def _is_short(view: OrderView) -> bool:
    """True if an order that ended was cancelled, was rejected, or never was at the exchange.

    What expires ends for the copies as it does for the master.
    """
    ended_alike = (State.FILLED, State.EXPIRED, State.CANCELLED)
    return _taken_back(view) or view.state not in ended_alike


def _is_there(order: Order) -> bool:
    return order.state.at_exchange or order.filled > 0


def _came_to_nothing(order: Order) -> bool:
    state = order.state
    return not _is_there(order) and (state in _MASTER_FAILED or state is State.NOT_SENT)


def _ended_as(master: OrderView) -> str:
    why = f"The master's order ended as {master.state}"
    return why + (f": {master.reason}" if master.reason else ".")
