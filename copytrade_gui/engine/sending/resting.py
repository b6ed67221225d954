"""Copies of entries that still rest when their master leaves: they are cancelled with his exit.

His own order has ended, so no cancel of his takes them along; filled behind his exit they would be
a position that he has not. Each is cancelled whole, also where he leaves a part: of an entry that
goes on filling behind an exit, nobody can say beforehand how much would be too many. His exit waits
for their ends (``planning.other_orders``); what fills after it has left is told.

He leaves when a MARKET order of his leaves, or else with the first unit that his exit fills: a
target or a stop that only rests ends nothing, he still wants what he entered. Of orders that rest
at once on both sides, or of one that he made larger, the order in which they were placed tells
little: once he is known to be out, what filled last was his exit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from copytrade_gui.domain.events import Event, MasterSeen
from copytrade_gui.domain.exits import against
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, plan_id
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side, State
from copytrade_gui.domain.records import Plan, Signal, SignalKind
from copytrade_gui.domain.seen import Seen
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.opening import opening
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.master_exit import (
    Exit,
    accounts_of,
    copied_by_none,
    ended_by,
    slot_of,
)
from copytrade_gui.engine.sending.resting_notices import RestingNotices, Slot
from copytrade_gui.ports import BrokerOrder

_RESTING = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.MODIFY_PENDING})
_OF_MASTERS = frozenset({SignalKind.TICKET, SignalKind.MASTER, SignalKind.FILL})
_REMEMBERED = 256
_EXITS = 16
"""Of one slot the newest exits: whatever rests is asked for each of them."""
MASTER_EXITS = "master_exits"
_WHY = "Its cancel was asked because the master left, or left a part, while it still rested."


class RestingCopies:
    """Knows what rests, hears of exits, cancels, and tells."""

    def __init__(self, core: Core, exits: Exits, amendments: Amendments) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._notices = RestingNotices(core)
        self._exits = exits
        self._masters = exits.master_orders
        self._amendments = amendments
        self._resting: dict[Slot, dict[IntentId, Order]] = {}
        self._left: dict[Slot, list[Exit]] = {}
        """Orders by which masters left, or by which they may have, by the entries that they end;
        what was told last stands last.
        """
        self._reduce: dict[Slot, set[PlanId]] = {}
        """Plans that reduce, and by which their master has not begun to leave, likewise."""
        self._unsure: set[Slot] = set()
        """Where his position is still to tell whether he left."""
        self._not_copied: dict[tuple[AccountId, BrokerOrderId], Exit] = {}

    # ------------------------------------------------------------ what it hears

    def exit_planned(self, signal: Signal, _accounts: Collection[AccountId]) -> None:
        """A signal becomes a plan that reduces what its master holds."""
        if signal.kind in _OF_MASTERS:
            self._may_leave(signal, plan_id(signal.signal_id))

    def copies_leave(self, plan: Plan) -> None:
        """His exit is at the exchange, or leaves with its copies: nothing enters behind it, unless
        it only rests there.
        """
        if self._leaves(plan) and (self._reduces(plan) or copied_by_none(plan)):
            self._leave(plan)

    def lead_filled(self, plan_id: PlanId) -> None:
        """Something was told of an order of a master's that has filled: his exit may have begun."""
        if (plan := self._book.plan(plan_id)) is not None:
            self._leave(plan, sum(one.filled for one in self._book.leads_of(plan.plan_id)))

    def live(self, order: Order) -> None:
        """An order is at the broker, or ended there."""
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or order.closes:
            return
        slot = slot_of(plan.signal)
        if not order.is_copy:
            if order.state.ended and self._masters.own_ended(order):
                self._end_all(slot)  # his exit may have been told before that
        elif order.attempt_state in _RESTING:
            self._resting.setdefault(slot, {})[order.intent.intent_id] = order
            if slot in self._left:
                self._end(slot, [order])
        elif (resting := self._resting.get(slot)) is not None and order.state.ended:
            resting.pop(order.intent.intent_id, None)

    def seen(self, plan_id: PlanId, row: BrokerOrder, _seen_ns: int, since_ns: int) -> None:
        """A row of an order that a master placed elsewhere and that was copied; ``since_ns`` is 0
        where it is the first of this run.
        """
        plan = self._book.plan(plan_id)
        if row.filled_quantity and plan is not None:
            self._leave(plan, row.filled_quantity)
        if self._masters.seen(plan_id, row, since_ns) and plan is not None:
            self._end_all(slot_of(plan.signal))

    def hear(self, event: Event) -> None:
        """What he placed elsewhere was not copied. Of an exit that could not be, what rests goes
        all the same; of what nobody tried to copy, once he is out.
        """
        if not isinstance(event, MasterSeen):
            return
        seen = event.order
        if seen.became in (Seen.WAITS, Seen.COPIED) or seen.key is None or seen.product is None:
            return
        denied = seen.became is Seen.DENIED
        if seen.filled_quantity or (denied and seen.order_type is OrderType.MARKET):
            name = (seen.account_id, seen.broker_order_id)
            one = self._not_copied.setdefault(name, Exit(0, None))
            if denied:
                age_ns = self._clock.wall_ns() - seen.seen_ns
                one.called_ns = self._clock.mono_ns() - age_ns
            slot = (seen.account_id, seen.key, seen.product, seen.side.opposite)
            self._told(slot, one, seen.filled_quantity)

    def positions_read(self) -> None:
        """More is known of what masters hold."""
        slots, self._unsure = self._unsure, set()
        for slot in slots:
            self._end_all(slot)

    def filled(self, order: Order, units: int) -> None:
        """More units of an order of ours were filled: perhaps behind an exit that left."""
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or order.closes or not order.is_copy:
            return
        slot, account = slot_of(plan.signal), order.intent.account_id
        behind = slot in self._left and self._is_behind(slot, order)
        if behind and not order.cancel_requested and not self._is_out(slot):
            return
        if not behind and not self._exit_rests(slot, account):
            return
        alone = self._without_exit(order, order.intent.terms.side.opposite)
        if behind and (late := min(units, alone)) > 0:
            self._notices.filled_behind(slot, account, late)
        elif not behind and alone > 0:
            self._notices.filled_beside(slot, account, alone)

    def restore(self) -> None:
        """A start: what rests behind an exit of today goes, if the program ended before that.

        Of earlier plans nobody knows any more whether they reduced, so each on the other side is
        taken for one.
        """
        for plan in list(self._book.plans.values()):
            if plan.signal.kind not in _OF_MASTERS:
                continue
            self._masters.restore(plan)
            self._may_leave(plan.signal, plan.plan_id)
            leads = self._book.leads_of(plan.plan_id)
            waits = plan.signal.fan_out is FanOut.ON_MASTER_WORKING
            there = all(one.state.at_exchange or one.filled for one in leads)
            if self._leaves(plan) and (there or not waits):
                self._leave(plan, sum(one.filled for one in leads), in_doubt=not there)

    # ------------------------------------------------------------ what is asked

    def behind(self, master: AccountId, terms: OrderTerms) -> list[AccountId]:
        """Of each copy that an exit by these terms would cancel, its account."""
        slot = (master, terms.instrument.key, terms.product, terms.side.opposite)
        resting = self._resting.get(slot)
        if not resting:
            return []
        orders = [one for one in resting.values() if self._masters.outlived(one)]
        return [one.intent.account_id for one in self._opening(orders)]

    # ------------------------------------------------------------ inside

    def _leaves(self, plan: Plan) -> bool:
        """True if its master leaves by this exit, and it does not only rest for all that is told of
        it. Of an order that he placed elsewhere, its next row tells what it filled.
        """
        signal = plan.signal
        at_once = signal.kind is SignalKind.FILL or signal.terms.order_type is OrderType.MARKET
        return at_once or any(one.filled for one in self._book.leads_of(plan.plan_id))

    def _may_leave(self, signal: Signal, plan: PlanId) -> None:
        plans = self._reduce.setdefault(ended_by(signal), set())
        if len(plans) > _REMEMBERED:
            plans.intersection_update([one for one in plans if self._book.knows(one)])
        plans.add(plan)

    def _reduces(self, plan: Plan) -> bool:
        return plan.plan_id in self._reduce.get(ended_by(plan.signal), ())

    def _leave(self, plan: Plan, units: int = 0, *, in_doubt: bool = False) -> None:
        """Its master leaves by a plan, or may have: so many units of his order have filled."""
        orders, slot = self._book.of_plan(plan.plan_id), ended_by(plan.signal)
        if not orders:
            return
        one = next((one for one in self._left.get(slot, ()) if one.plan_id == plan.plan_id), None)
        if one is None and copied_by_none(plan):
            one = Exit(orders[0].called_ns, None, accounts_of(plan))
        elif one is None:
            one = Exit(orders[0].called_ns if self._reduces(plan) else 0, plan.plan_id)
        one.in_doubt = in_doubt
        if not in_doubt:
            self._reduce.get(slot, set()).discard(plan.plan_id)
        self._told(slot, one, units)

    def _told(self, slot: Slot, one: Exit, units: int) -> None:
        exits = self._left.setdefault(slot, [])
        if one in exits:
            if units <= one.units:
                return
            exits.remove(one)
        if units > one.units:
            one.units, one.filled_ns = units, self._clock.mono_ns()
        exits.append(one)
        del exits[:-_EXITS]
        self._end_all(slot)

    def _end_all(self, slot: Slot) -> None:
        if slot in self._left and (resting := self._resting.get(slot)):
            self._end(slot, list(resting.values()))

    def _end(self, slot: Slot, orders: Iterable[Order]) -> None:
        """Cancel what of these rests behind an exit; what its owner changed is named instead."""
        due = [
            order
            for order in orders
            if order.state.open_at_broker
            and not order.cancel_requested
            and self._is_behind(slot, order)
        ]
        if not due or not (due := self._opening(due)):
            return
        ours = [order for order in due if order.diverged is None]
        for order in ours:
            order.why = (MASTER_EXITS, _WHY)
        self._amendments.cancel(ours, reason=_WHY)
        for order in ours:
            account, closes = order.intent.account_id, order.intent.terms.side
            self._notices.cancelled(slot, account)
            if (units := self._without_exit(order, closes)) > 0:
                self._notices.kept(slot, account, units)
        for order in due:
            self._notices.diverged(order)

    def _opening(self, orders: list[Order]) -> list[Order]:
        """Those that do not only reduce what the copies of their account hold."""
        book, ledger = self._book, self._exits.ledger
        accounts = dict.fromkeys(order.intent.account_id for order in orders)
        opens = {order for one in accounts for order in opening(book, ledger, one)}
        return [order for order in orders if order in opens]

    def _is_behind(self, slot: Slot, order: Order) -> bool:
        """True if its master left after it, and nothing more of his own order can fill."""
        plan, account = order.intent.plan_id, order.intent.account_id
        for one in reversed(self._left.get(slot, ())):
            newest_ns = max(one.called_ns, one.filled_ns)
            if newest_ns <= order.called_ns or not self._is_for(slot[0], one, account):
                continue
            if one.called_ns > order.called_ns and self._proves_exit(one):
                before = self._masters.ended_before(plan, one.called_ns)
                if before and one.in_doubt:
                    before = None
                    self._unsure.add(slot)
                if before or (before is None and self._gave_up(slot, plan)):
                    return True
            if one.filled_ns > order.called_ns and self._left_all(slot, plan, one):
                return True
        return False

    def _left_all(self, slot: Slot, plan: PlanId, one: Exit) -> bool:
        """True if he is out, and what he entered by a plan is over."""
        if not self._masters.ended(plan) or not self._is_out(slot):
            return False
        if self._masters.ended_before(plan, one.filled_ns) is not False:
            return True
        # His entry filled last: a read of his positions may not show that yet.
        certain = self._exits.masters.certain(slot[0], slot[1:3])
        if not certain:
            self._unsure.add(slot)
        return certain

    def _gave_up(self, slot: Slot, plan_id: PlanId) -> bool:
        """True if the master may hold less than he entered by a plan; what he holds is waited for
        where nobody knows it yet.
        """
        plan = self._book.plan(plan_id)
        nets = self._exits.masters.of(*slot[:3])
        if nets is None or plan is None:
            self._unsure.add(slot)
            return False
        units = (
            sum(one.filled for one in self._book.leads_of(plan.plan_id))
            or plan.signal.terms.quantity
        )
        return any(against(slot[3].opposite, net) < units for net in nets)

    def _is_for(self, master: AccountId, one: Exit, account: AccountId) -> bool:
        """True if this follower was to leave with it, and not those who copy what it fills; or if
        he copies the master no more: of what he copied before nothing enters behind any exit.
        """
        lane = self._lanes.get(account)
        if lane is not None and master not in lane.links:
            return True
        if one.accounts is None and one.plan_id is not None:
            one.accounts = accounts_of(self._book.plan(one.plan_id))
        return one.accounts is None or account in one.accounts

    def _proves_exit(self, one: Exit) -> bool:
        """False if it proved an entry when more was known of the master."""
        known = None if one.plan_id is None else self._exits.known.get(one.plan_id)
        return known is None or known.most > 0

    def _exit_rests(self, slot: Slot, account: AccountId) -> bool:
        """True if a master's exit that is for this follower waits for its first unit."""
        return any(
            not self._masters.ended(one) and account in accounts_of(self._book.plan(one))
            for one in self._reduce.get(slot, ())
        )

    def _without_exit(self, order: Order, side: Side) -> int:
        """Units that copies of an order's account and master hold, that an order of this side
        closes, and that none does which works or waits.
        """
        terms, account = order.intent.terms, order.intent.account_id
        nets = self._exits.ledger.nets_of(order.master_id, terms)
        left = against(side, nets.get(account, 0))
        for one in self._book.recent_of(account) if left else ():
            its = one.intent.terms
            if (
                its.side is side
                and not one.state.ended
                and not one.cancel_requested
                and one.master_id == order.master_id
                and one.key == order.key
                and its.product is terms.product
            ):
                left -= max(0, one.ordered - one.filled)
        return left

    def _is_out(self, slot: Slot) -> bool:
        """True if the master is known to hold nothing on the side of a slot; else it is looked at
        again when more is known of what he holds.
        """
        nets = self._exits.masters.of(*slot[:3])
        out = nets is not None and not any(against(slot[3].opposite, net) for net in nets)
        if not out:
            self._unsure.add(slot)
        return out
