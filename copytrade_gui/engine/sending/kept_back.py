"""The warning that an exit of a master's is not copied because another exit of his rests.

A copy is closed once: of a target and a stop that rest together, his target's copies have all that
there is to close, and the stop has none. Whichever of his fills first, he is out; by the stop they
are not. Nobody would see that in the orders before it happens.
"""

from __future__ import annotations

from functools import partial

from copytrade_gui.domain.account import Role
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

_LOOK_S = 3.0
"""By then an exit that trades at once has been told to have filled, and is none that rests."""
_NAMED = 6
_RESTS = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.MODIFY_PENDING})
_OF_MASTERS = frozenset({SignalKind.TICKET, SignalKind.MASTER})


class KeptBack:
    """Looks at each exit a moment after it was planned; tells once of each."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._work = core.work
        self._exits = exits

    def hear(self, event: Event) -> None:
        """A plan was made: from the bus."""
        if isinstance(event, PlanMade):
            exiting = self._exits.known.get(event.plan.plan_id)
            if exiting is None or exiting.most:
                self._work.later(_LOOK_S, partial(self._look, event.plan.plan_id))

    # ------------------------------------------------------------ inside

    def _look(self, name: PlanId) -> None:
        plan, exiting = self._book.plan(name), self._exits.known.get(name)
        if plan is None or plan.signal.kind not in _OF_MASTERS:
            return
        if exiting is None or not exiting.most or exiting.position is None:
            return
        had = exiting.position[0]
        part, shares = (min(plan.signal.terms.quantity, had), had), dict[AccountId, list[Order]]()
        for order in self._book.of_plan(name):
            if order.intent.role is Role.FOLLOWER and order.intent.code not in FOR_NOBODY:
                shares.setdefault(order.intent.account_id, []).append(order)
        short = {one: self._short(plan, orders, part) for one, orders in shares.items()}
        if short := {one: units for one, units in short.items() if units > 0}:
            self._tell(plan, short)

    def _short(self, plan: Plan, share: list[Order], part: tuple[int, int]) -> int:
        """Units that an account's copies would close by this exit as well, if no other rested."""
        first = share[0]
        its, account = first.intent.terms, first.intent.account_id
        rests = sum(
            one.ordered - one.filled
            for one in self._book.open_of(account)
            if one.attempt_state in _RESTS
            and one.intent.plan_id != plan.plan_id
            and one.master_id == first.master_id
            and one.key == first.key
            and one.intent.terms.product is its.product
            and one.intent.terms.side is its.side
            and self._waits(one.intent.plan_id)
        )
        if not rests:
            return 0
        gets = sum(max(one.filled, 0 if one.state.ended else one.ordered) for one in share)
        asked = self._exits.held.asked(first.master_id, its, first)
        filled = sum(one.filled for one in share)
        held = self._exits.held.of(account, asked, filled).held + rests
        due = round_exit(held, part, its.instrument.lot_size).quantity
        return min(rests, due - gets)

    def _waits(self, name: PlanId) -> bool:
        """True if the master's order of a plan works, and has filled nothing for all that is told
        of it.
        """
        plan = self._book.plan(name)
        if plan is None or plan.closes or plan.signal.terms.order_type is OrderType.MARKET:
            return False
        leads = [one for one in self._book.of_plan(name) if one.intent.role is Role.MASTER]
        return not self._exits.master_orders.ended(name) and not any(one.filled for one in leads)

    def _tell(self, plan: Plan, short: dict[AccountId, int]) -> None:
        terms, names = plan.signal.terms, [self._name(one) for one in short]
        who = ", ".join(
            f"{name} {grouped(units)}"
            for name, units in list(zip(names, short.values(), strict=True))[:_NAMED]
        )
        self._book.alarm(
            "exit_kept_back",
            f"{self._name(plan.signal.master_id)}'s exit {terms.side} {terms.instrument.symbol} is "
            f"not copied whole, because another exit of his still rests and its copies have what "
            f"there is to close. When he leaves by this one they do not: {who}"
            f"{' and others' if len(names) > _NAMED else ''}. Cancel the other one here and place "
            "this one again, or square off when he is out. A stop-loss and a target of the links "
            "close either way.",
            account=plan.signal.master_id,
            severity=Severity.WARNING,
        )

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name
