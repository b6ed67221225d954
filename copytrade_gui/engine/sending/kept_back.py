"""Exits of a master's that are not copied, or not whole, because another exit of his rests.

A copy is closed once: of a target and a stop that rest together, his target's copies have all that
there is to close, and the stop has none. Whom that concerns is told, and remembered for when he
leaves by the later one (``stops.hand_over``).
"""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from copytrade_gui.domain.events import Event, PlanMade, Severity
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.link import FOR_NOBODY
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderType, State
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.domain.sizing.ledger import round_exit
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits

_SOON_S = 0.1
_LOOK_S = 3.0
"""By then an exit that trades at once has been told to have filled, and is none that rests."""
_NAMED = 6
_REMEMBERED = 256
"""Plans whose accounts are kept."""
_RESTS = frozenset(
    {
        State.WORKING,
        State.TRIGGER_PENDING,
        State.PARTIAL,
        State.MODIFY_PENDING,
        State.CANCEL_PENDING,
    }
)
OF_MASTERS = frozenset({SignalKind.TICKET, SignalKind.MASTER})


class Kept(Struct):
    """What copies of a master held, in units by account, when an exit of his was planned that took
    nothing of it, or less than its part; ``had`` is what he held himself, 0 where nobody knows.
    """

    had: int
    held: dict[AccountId, int]


class KeptBack:
    """Looks at each exit right after it was planned, and a moment later; tells once of each."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._work = core.work
        self._exits = exits
        self._kept: dict[PlanId, Kept] = {}

    def hear(self, event: Event) -> None:
        """A plan was made: from the bus."""
        if not isinstance(event, PlanMade):
            return
        exiting = self._exits.known.get(event.plan.plan_id)
        if exiting is None or exiting.most:
            self._work.later(_SOON_S, partial(self._look_first, event.plan.plan_id))

    def of_plan(self, name: PlanId) -> Kept | None:
        """From whom an exit was kept back when it was planned; None: from nobody."""
        self._look(name)
        return self._kept.get(name)

    def keep(self, name: PlanId, had: int, account: AccountId, held: int) -> None:
        """An account's copies by this plan are taken from it, so it closes nothing there."""
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = Kept(had, {})
            if len(self._kept) > _REMEMBERED:
                del self._kept[next(iter(self._kept))]
        kept.held.setdefault(account, held)

    def rests(self, order: Order, plan: Plan) -> bool:
        """True for a copy of another exit of a plan's master that waits for his order to fill, or
        whose cancel is on its way.
        """
        its, signal = order.intent.terms, plan.signal
        return (
            order.attempt_state in _RESTS
            and order.is_copy
            and order.intent.plan_id != plan.plan_id
            and order.master_id == signal.master_id
            and order.key == signal.terms.instrument.key
            and its.product is signal.terms.product
            and (order.cancel_requested or self._waits(order.intent.plan_id))
        )

    # ------------------------------------------------------------ inside

    def _look(self, name: PlanId) -> None:
        """Remember from whom it is kept back, once that is known."""
        if name not in self._kept:
            for account, (_, held, had) in self._short_of(name).items():
                self.keep(name, had, account, held)

    def _look_first(self, name: PlanId) -> None:
        self._look(name)
        self._work.later(_LOOK_S - _SOON_S, partial(self._look_again, name))

    def _look_again(self, name: PlanId) -> None:
        self._look(name)
        if short := {account: units for account, (units, _, _) in self._short_of(name).items()}:
            self._tell(name, short)

    def _short_of(self, name: PlanId) -> dict[AccountId, tuple[int, int, int]]:
        """Of each account the units that its copies would close by this exit as well, if no other
        rested, what they hold, and what the master had.
        """
        plan, exiting = self._book.plan(name), self._exits.known.get(name)
        if plan is None or plan.signal.kind not in OF_MASTERS:
            return {}
        if exiting is None or not exiting.most or exiting.position is None:
            return {}
        had = exiting.position[0]
        part, shares = (min(plan.signal.terms.quantity, had), had), dict[AccountId, list[Order]]()
        for order in self._book.of_plan(name):
            if order.is_copy and order.intent.code not in FOR_NOBODY:
                shares.setdefault(order.intent.account_id, []).append(order)
        found = ((one, self._short(plan, orders, part)) for one, orders in shares.items())
        return {one: (units, held, had) for one, (units, held) in found if units > 0}

    def _short(self, plan: Plan, share: list[Order], part: tuple[int, int]) -> tuple[int, int]:
        first = share[0]
        its, account = first.intent.terms, first.intent.account_id
        rests = sum(
            one.ordered - one.filled
            for one in self._book.open_of(account)
            if one.intent.terms.side is its.side and self.rests(one, plan)
        )
        if not rests:
            return 0, 0
        gets = sum(max(one.filled, 0 if one.state.ended else one.ordered) for one in share)
        asked = self._exits.held.asked(first.master_id, its, first)
        filled = sum(one.filled for one in share)
        held = self._exits.held.of(account, asked, filled).held + rests
        due = round_exit(held, part, its.instrument.lot_size).quantity
        return min(rests, due - gets), held

    def _waits(self, name: PlanId) -> bool:
        """True if the master's order of a plan works, and has filled nothing for all that is told
        of it.
        """
        plan = self._book.plan(name)
        if plan is None or plan.closes or plan.signal.terms.order_type is OrderType.MARKET:
            return False
        leads = self._book.leads_of(name)
        return not self._exits.master_orders.ended(name) and not any(one.filled for one in leads)

    def _tell(self, plan: PlanId, short: dict[AccountId, int]) -> None:
        signal = self._book.plans[plan].signal
        terms, names = signal.terms, [self._name(one) for one in short]
        who = ", ".join(
            f"{name} {grouped(units)}"
            for name, units in list(zip(names, short.values(), strict=True))[:_NAMED]
        )
        self._book.alarm(
            "exit_kept_back",
            f"{self._name(signal.master_id)}'s exit {terms.side} {terms.instrument.symbol} is "
            f"not copied whole, because another exit of his still rests and its copies have what "
            f"there is to close: {who}{' and others' if len(names) > _NAMED else ''}. When he "
            "leaves by this one, those copies are cancelled first, and what they hold is closed "
            "at the market's price then, while the program runs and trading is not stopped.",
            account=signal.master_id,
            severity=Severity.WARNING,
        )

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name
