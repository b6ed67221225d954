"""How far each plan is: counts on the wire against counts meant, and its times.

Attempts on the wire must never exceed attempts planned (docs/safety.md 4.8); more is a KILL.
"""

from __future__ import annotations

from copytrade_gui.domain.events import PlanSettled
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.wait import wait_of
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.news import News
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import Clock

_REFUSED = frozenset({State.REFUSED, State.REJECTED, State.NOT_SENT, State.NOT_PLACED})
_GIVEN_UP = frozenset({State.BLOCKED, State.SKIPPED, State.STALE})
_DOUBT = frozenset({State.UNKNOWN, State.REVIEW, State.SENDING})


class _Run:
    __slots__ = (
        "committed_ns",
        "first_sent_ns",
        "last_sent_ns",
        "marked",
        "pending",
        "planned_ns",
        "seen_ns",
        "wire",
    )

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.marked = 0
        self.wire = 0
        self.first_sent_ns = 0
        self.last_sent_ns = 0
        self.seen_ns = self.planned_ns = self.committed_ns = 0


class Progress:
    """Counts per plan; publishes ``PlanSettled`` when every intent has its first outcome."""

    def __init__(self, book: Book, bus: Bus, clock: Clock, news: News) -> None:
        self._book = book
        self._bus = bus
        self._clock = clock
        self._news = news
        self._runs: dict[PlanId, _Run] = {}
        self._over: dict[PlanId, _Run] = {}
        """Settled plans: their later tries are counted like the first."""
        self._counted: set[str] = set()

    def start(self, plan: PlanId, pending: int) -> None:
        """Count from here: so many intents may leave, what was blocked is definite already."""
        self._runs[plan] = _Run(pending)

    def committed(self, plan: PlanId, seen_ns: int, planned_ns: int, committed_ns: int) -> None:
        """When a plan was made ready and stored, and its master's order seen (0: none was)."""
        run = self._run_of(plan)
        run.seen_ns, run.planned_ns, run.committed_ns = seen_ns, planned_ns, committed_ns

    @property
    def runs_any(self) -> bool:
        """True while an order of any plan has no outcome yet."""
        return bool(self._runs)

    def forget(self, plan: PlanId) -> None:
        """A plan whose commit failed, or that is long over, is not counted."""
        self._runs.pop(plan, None)
        self._over.pop(plan, None)

    def marked(self, plan: PlanId, attempts: int) -> None:
        """So many more attempts of a plan are committed."""
        self._run_of(plan).marked += attempts

    def _run_of(self, plan: PlanId) -> _Run:
        run = self._runs.get(plan) or self._over.get(plan)
        if run is None:  # of before the program started: counted from its first mark in this life
            run = self._over[plan] = _Run(0)
        return run

    def wrote(self, plan: PlanId, attempts: int = 1) -> bool:
        """So many more are about to leave; False (after the alarm) if that is more than planned."""
        run = self._run_of(plan)
        if run.wire + attempts > run.marked:
            self._news.overshoot(plan)
            return False
        run.wire += attempts
        return True

    def sent_at(self, order: Order, mono_ns: int) -> None:
        """Bytes of an order were handed to the socket at ``mono_ns``."""
        run = self._runs.get(order.intent.plan_id)
        if run is not None and mono_ns:
            run.last_sent_ns = max(run.last_sent_ns, mono_ns)
            if run.first_sent_ns == 0 or mono_ns < run.first_sent_ns:
                run.first_sent_ns = mono_ns

    def settled(self, order: Order) -> None:
        """An intent has its first outcome: acknowledged, refused, in doubt, or given up."""
        plan = order.intent.plan_id
        run = self._runs.get(plan)
        if run is None or order.intent.intent_id in self._counted:
            return
        self._counted.add(order.intent.intent_id)
        run.pending -= 1
        if run.pending == 0:
            self._finish(plan, run)

    def give_up(self, order: Order, state: State, code: str, reason: str) -> None:
        """End an intent that has not left, as SKIPPED or STALE; its plan may be settled by that."""
        if self._book.give_up(order, state, code=code, reason=reason):
            self.settled(order)

    def _finish(self, plan: PlanId, run: _Run) -> None:
        self._over[plan] = self._runs.pop(plan)
        orders = self._book.of_plan(plan)
        self._counted.difference_update(order.intent.intent_id for order in orders)
        called = min(order.called_ns for order in orders)
        acked = [order for order in orders if order.broker_order_id is not None]
        replies = [order.timing.replied_ns for order in acked if order.timing is not None]
        wait = wait_of((o.intent.role, o.timing) for o in acked if o.timing is not None)
        states = [order.state for order in orders]
        self._bus.publish(
            PlanSettled(
                plan_id=plan,
                intents=len(orders),
                acked=len(acked),
                refused=sum(state in _REFUSED for state in states),
                blocked=sum(state in _GIVEN_UP for state in states),
                unknown=sum(state in _DOUBT for state in states),
                first_byte_ms=_ms(called, run.first_sent_ns),
                last_byte_out_ms=_ms(called, run.last_sent_ns),
                first_ack_ms=_ms(called, min(replies, default=0)),
                last_ack_ms=_ms(called, max(replies, default=0)),
                at_ns=self._clock.wall_ns(),
                slowest_call_ms=None if wait is None else wait.slowest_call_ms,
                planned_ms=_ms(called, run.planned_ns),
                committed_ms=_ms(called, run.committed_ns),
                seen_before_ms=_ms(run.seen_ns, called) if run.seen_ns else None,
            )
        )


def _ms(start_ns: int, end_ns: int) -> float | None:
    return (end_ns - start_ns) / 1e6 if end_ns else None
