"""When a master leaves by an exit whose copies another exit of his has: it is handed over.

Copies close once (``sending.kept_back``). So the copies of the exit that rests are cancelled, their
ends are waited for, and what they did not close is squared off: the account's positions are read
first, and one order closes at most what copies hold and the broker shows. Nobody is turned round,
whichever of the two fills while that goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.exits import HANDED_OVER, OUT_OF_HOLDINGS, against
from copytrade_gui.domain.ids import AccountId, CommandId, PlanId
from copytrade_gui.domain.link import FOR_NOBODY
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.sizing.ledger import round_exit
from copytrade_gui.domain.square_off import Chosen, counted
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.kept_back import OF_MASTERS, Kept, KeptBack
from copytrade_gui.engine.stops.square_off import SquareOffs
from copytrade_gui.engine.stops.square_off_run import Rule
from copytrade_gui.ports import BrokerOrder

_ACTOR = "another exit"
_SETTLE_S = 0.3
"""An exit that fills in parts is handed over once for those of so short a time."""
_AGAIN_S = 1.0
_LOOK_S = 0.1
_CANCELS_S = 15.0
_NAMED = 6
_WHY = "Its cancel was asked because the master left by another exit, which closes it now."


class _Exit(Struct):
    """An exit that was kept back: units that it has filled, and the fill by which each account's
    copies were last squared off. ``told`` are accounts of which a person knows that they stay in.
    """

    filled: int = 0
    done: dict[AccountId, int] = field(default_factory=dict)
    closed: dict[AccountId, int] = field(default_factory=dict)
    told: set[AccountId] = field(default_factory=set)


class HandOvers:
    """Hears what exits of masters fill; places nothing but square-offs of a part."""

    def __init__(
        self,
        core: Core,
        exits: Exits,
        kept_back: KeptBack,
        amendments: Amendments,
        square_offs: SquareOffs,
    ) -> None:
        self._book = core.book
        self._gate = core.gate
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._exits = exits
        self._kept = kept_back
        self._amendments = amendments
        self._square_offs = square_offs
        self._filled: dict[PlanId, _Exit] = {}
        """Exits that have filled and that still keep somebody in."""
        self._due = False
        self._acting = False

    # ------------------------------------------------------------ what it hears

    def lead_filled(self, name: PlanId) -> None:
        """Something was told of a plan's own order of the master that has filled."""
        self._told(name, sum(one.filled for one in self._book.leads_of(name)))

    def seen(self, name: PlanId, row: BrokerOrder, _seen_ns: int, _since_ns: int) -> None:
        """A row of an order that a master placed elsewhere and that was copied."""
        if row.filled_quantity:
            self._told(name, row.filled_quantity)

    def restore(self) -> None:
        """A start: what was kept back by an earlier run is found by the orders of today."""
        for plan in list(self._book.plans.values()):
            if plan.signal.kind in OF_MASTERS:
                for order in self._book.of_plan(plan.plan_id):
                    self._restore(plan, order)
                self.lead_filled(plan.plan_id)

    # ------------------------------------------------------------ inside

    def _restore(self, plan: Plan, order: Order) -> None:
        intent, account = order.intent, order.intent.account_id
        if not intent.is_copy or intent.code in FOR_NOBODY:
            return
        held = self._held(plan, account, intent.terms.side)
        beside = self._others(plan, account, intent.terms.side) if held else ()
        if any(one.state.ended is False or one.changed_ns > plan.made_ns for one in beside):
            self._kept.keep(plan.plan_id, 0, account, held)

    def _others(self, plan: Plan, account: AccountId, side: Side) -> list[Order]:
        """Copies of other exits of the plan's master on its side that were there before it."""
        terms = plan.signal.terms
        return [
            one
            for one in self._book.of_account(account)
            if one.is_copy
            and one.intent.plan_id != plan.plan_id
            and one.master_id == plan.signal.master_id
            and one.key == terms.instrument.key
            and one.intent.terms.product is terms.product
            and one.intent.terms.side is side
            and one.filled < one.ordered
            and one.attempt is not None
            and one.attempt.marked_ns < plan.made_ns
        ]

    def _told(self, name: PlanId, units: int) -> None:
        known = self._filled.get(name)
        if units <= (0 if known is None else known.filled) or self._kept.of_plan(name) is None:
            return
        if known is None:
            known = self._filled[name] = _Exit()
        known.filled = units
        self._look_in(_SETTLE_S)

    def _look_in(self, seconds: float) -> None:
        if not self._due:
            self._due = True
            self._work.later(seconds, self._act)

    def _act(self) -> None:
        self._due = False
        if self._filled:
            self._look_in(_AGAIN_S)  # more is known by then, or may leave
        if self._acting:
            return
        found: dict[PlanId, dict[AccountId, int]] = {}
        for name, one in list(self._filled.items()):
            plan, kept = self._book.plan(name), self._kept.of_plan(name)
            if plan is None or kept is None or not self._keeps_in(plan, one, kept):
                del self._filled[name]
            elif due := self._ready(plan, one, self._due_of(plan, one, kept)):
                found[name] = due
        if found:
            self._acting = True
            self._work.start(self._hand_over(found), "hand-over to another exit")

    def _keeps_in(self, plan: Plan, one: _Exit, kept: Kept) -> bool:
        """False once nothing that an exit was kept back from is held."""
        sides = self._sides(plan)
        return any(
            self._held(plan, account, sides[account]) and one.done.get(account) != one.filled
            for account in kept.held
            if account in sides
        )

    def _due_of(self, plan: Plan, one: _Exit, kept: Kept) -> dict[AccountId, int]:
        """Units by account that this exit has to close beside what is on its way."""
        sides, out, found = self._sides(plan), self._is_out(plan), {}
        for account in kept.held:
            if account not in sides or one.done.get(account) == one.filled:
                continue
            side, lot = sides[account], plan.signal.terms.instrument.lot_size
            mine = self._orders(plan, account, side)
            units = self._free(plan, account, side, mine)
            if not out:
                units = min(units, self._part(plan, one, kept, account, mine))
            if (units := units - units % lot) > 0 and not self._touched(mine):
                found[account] = units
        return found

    def _free(self, plan: Plan, account: AccountId, side: Side, mine: Iterable[Order]) -> int:
        """Units of an account's copies that no order on its way closes."""
        return self._held(plan, account, side) - sum(
            order.ordered - order.filled for order in mine if not self._kept.rests(order, plan)
        )

    def _part(
        self, plan: Plan, one: _Exit, kept: Kept, account: AccountId, mine: Sequence[Order]
    ) -> int:
        """What an exit's fill takes of what an account's copies held, less what it has taken."""
        if not kept.had:
            return 0
        part = (min(one.filled, kept.had), kept.had)
        due = round_exit(kept.held[account], part, plan.signal.terms.instrument.lot_size).quantity
        share = [order for order in self._share(plan) if order.intent.account_id == account]
        gets = sum(max(order.filled, order.ordered if order in mine else 0) for order in share)
        return due - gets - one.closed.get(account, 0)

    def _ready(self, plan: Plan, one: _Exit, due: dict[AccountId, int]) -> dict[AccountId, int]:
        """Those for whom orders can leave now; of the others a person is told once."""
        if self._gate.state is TradingState.RECOVERING:
            return {}
        stopped = "" if self._gate.may_plan else self._gate.why_not() or "Trading is stopped."
        why = {account: stopped or self._why_not(plan, account) for account in due}
        self._stay_in(plan, one, {account: said for account, said in why.items() if said})
        return {account: units for account, units in due.items() if not why[account]}

    def _why_not(self, plan: Plan, account: AccountId) -> str:
        lane = self._lanes.get(account)
        if lane is None:
            return "The account was removed here."
        linked = lane.links.get(plan.signal.master_id)
        if linked is None or not lane.active:
            return "It copies him no more." if linked is None else "It is switched off."
        stopped = linked.facts.stopped
        return lane.why_not()[1] or ("" if stopped is None else stopped.sentence)

    async def _hand_over(self, found: dict[PlanId, dict[AccountId, int]]) -> None:
        try:
            for name, due in found.items():
                if (plan := self._book.plan(name)) is not None:
                    await self._hand_over_one(plan, due)
        finally:
            self._acting = False

    async def _hand_over_one(self, plan: Plan, due: dict[AccountId, int]) -> None:
        one, kept = self._filled[plan.plan_id], self._kept.of_plan(plan.plan_id)
        resting = [
            order
            for account in due
            for order in self._book.open_of(account)
            if self._kept.rests(order, plan)
        ]
        for order in resting:
            order.why = (HANDED_OVER, _WHY)
            exiting, account = self._exits.known.get(order.intent.plan_id), order.intent.account_id
            had = 0 if exiting is None or exiting.position is None else exiting.position[0]
            held = self._held(plan, account, order.intent.terms.side)
            self._kept.keep(order.intent.plan_id, had, account, held)
        self._amendments.cancel(resting, reason=_WHY)
        self._tell_begun(plan, due)
        ends_ns = self._clock.mono_ns() + int(_CANCELS_S * 1e9)
        while live := [order for order in resting if not order.state.ended]:
            if self._clock.mono_ns() >= ends_ns:
                break
            await self._clock.sleep(_LOOK_S)
        still = {
            order.intent.account_id: "A copy of his other exit was asked to be cancelled, and its "
            "end is not known yet."
            for order in live
        }
        self._stay_in(plan, one, still)
        if kept is None:
            return
        # What filled meanwhile is gone from it; more of his exit may have filled, too.
        units = self._due_of(plan, one, kept)
        units = {account: units[account] for account in due if account in units}
        units = {account: number for account, number in units.items() if account not in still}
        if units:
            await self._square_off(plan, one, units)

    async def _square_off(self, plan: Plan, one: _Exit, units: dict[AccountId, int]) -> None:
        terms, sides, filled = plan.signal.terms, self._sides(plan), one.filled
        scope = tuple(
            self._chosen(plan, account, number, sides[account]) for account, number in units.items()
        )
        why = (HANDED_OVER, f"The master left by another exit: {terms.side} {terms.order_type}.")
        command = CommandId(f"another exit at {self._clock.wall_ns()}")

        def still(key: PositionKey, wanted: int) -> str:
            """Right before an order leaves: why none may."""
            account = key.account_id
            mine = self._orders(plan, account, sides[account])
            if self._free(plan, account, sides[account], mine) < abs(wanted):
                return "Less is left to close than a moment ago."
            return self._why_not(plan, account)

        try:
            await self._square_offs.begin(scope, command, _ACTOR, Rule(lambda _: why, still))
        except DeniedError as denied:
            self._stay_in(plan, one, dict.fromkeys(units, denied.sentence))
            return
        for account, number in units.items():
            one.done[account] = filled
            one.closed[account] = one.closed.get(account, 0) + number
            one.told.discard(account)

    def _chosen(self, plan: Plan, account: AccountId, units: int, side: Side) -> Chosen:
        """So many units of an account's copies; what is others' or not to be closed stays."""
        terms = plan.signal.terms
        net = self._exits.ledger.copied_of(
            PositionKey(account, terms.instrument.key, terms.product)
        )
        keep = net - units if side is Side.SELL else net + units
        return Chosen(account, terms.instrument.key, terms.product, keep, (plan.signal.master_id,))

    # ------------------------------------------------------------ what is known

    def _share(self, plan: Plan) -> Iterable[Order]:
        return (
            order
            for order in self._book.of_plan(plan.plan_id)
            if order.is_copy and order.intent.code not in FOR_NOBODY
        )

    def _sides(self, plan: Plan) -> dict[AccountId, Side]:
        """On which side each account's copy of an exit is."""
        return {one.intent.account_id: one.intent.terms.side for one in self._share(plan)}

    def _held(self, plan: Plan, account: AccountId, side: Side) -> int:
        """Units of an account's copies of this master that an order of this side closes."""
        nets = self._exits.ledger.nets_of(plan.signal.master_id, plan.signal.terms)
        return against(side, nets.get(account, 0))

    def _orders(self, plan: Plan, account: AccountId, side: Side) -> list[Order]:
        """Orders of an account that close what it copied of this master, or wait to."""
        terms: OrderTerms = plan.signal.terms
        lane = self._lanes.get(account)
        waiting = [] if lane is None else [one for one in lane.queue if one.may_attempt]
        return [
            one
            for one in (*self._book.open_of(account), *waiting)
            if one.master_id == plan.signal.master_id
            and one.is_copy
            and one.key == terms.instrument.key
            and one.intent.terms.product is terms.product
            and one.intent.terms.side is side
        ]

    def _touched(self, orders: Iterable[Order]) -> bool:
        """True if the owner changed one of these: it is his, and not followed any more."""
        return any(one.diverged is not None for one in orders)

    def _is_out(self, plan: Plan) -> bool:
        """True if the master is known to hold nothing that his exit could close."""
        signal, terms = plan.signal, plan.signal.terms
        if terms.product in OUT_OF_HOLDINGS:
            return False  # no position book tells
        nets = self._exits.masters.of(signal.master_id, terms.instrument.key, terms.product)
        return nets is not None and not any(against(terms.side, net) for net in nets)

    # ------------------------------------------------------------ telling

    def _tell_begun(self, plan: Plan, due: dict[AccountId, int]) -> None:
        terms = plan.signal.terms
        self._book.alarm(
            HANDED_OVER,
            f"{self._name(plan.signal.master_id)} left by his exit {terms.side} "
            f"{terms.instrument.symbol}. Copies of his other exit are cancelled, and "
            f"{counted(sum(due.values()), 'unit')} that they hold are closed: "
            f"{self._names(due)}.",
            account=plan.signal.master_id,
            severity=Severity.WARNING,
        )

    def _stay_in(self, plan: Plan, one: _Exit, why: dict[AccountId, str]) -> None:
        """Tell once of each account that it stays in, with the first reason."""
        new = [account for account in why if account not in one.told]
        if not new:
            return
        one.told.update(new)
        terms = plan.signal.terms
        self._book.alarm(
            HANDED_OVER,
            f"{self._name(plan.signal.master_id)} left by his exit {terms.side} "
            f"{terms.instrument.symbol}, and copies are still held: {self._names(new)}. "
            f"{why[new[0]]} They are closed as soon as that is possible; square off yourself if it "
            "must be sooner.",
            account=plan.signal.master_id if len(new) > 1 else new[0],
            severity=Severity.CRITICAL,
        )

    def _names(self, accounts: Iterable[AccountId]) -> str:
        return listed([self._name(one) for one in accounts], _NAMED)

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name
