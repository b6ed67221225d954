"""Copies of entries that still rest when their master leaves: they are cancelled with his exit.

His own order has ended, so no cancel of his takes them along; filled behind his exit they would be
a position that he has not. Each is cancelled whole, also where he leaves a part: of an entry that
goes on filling behind an exit, nobody can say beforehand how much would be too many. His exit waits
for their ends (``planning.other_orders``); what fills after it has left is told.

He leaves when a MARKET order of his leaves, or else with the first unit that his exit fills: a
target or a stop that only rests ends nothing, he still wants what he entered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import Event, MasterSeen, Severity
from copytrade_gui.domain.exits import against
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, plan_id
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.link import FOR_NOBODY
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Product, Side, State
from copytrade_gui.domain.records import Plan, Signal, SignalKind
from copytrade_gui.domain.seen import Seen
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.opening import opening
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.ports import BrokerOrder

_RESTING = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.MODIFY_PENDING})
_OF_MASTERS = frozenset({SignalKind.TICKET, SignalKind.MASTER, SignalKind.FILL})
_TELL_S = 0.5
_NAMED = 6
_REMEMBERED = 256
_EXITS = 16
"""Of one slot the newest exits: what was called before any of them was called before the last."""
MASTER_EXITS = "master_exits"
_WHY = "Its cancel was asked because the master left, or left a part, while it still rested."

_Slot = tuple[AccountId, InstrumentKey, Product, Side]
"""A master, what he trades, and the side of his entries."""


class _Exit(Struct):
    """An exit of a master's, called at monotonic ``called_ns``, and the plan of its copies; None of
    one that could not be copied. It counts for entries whose master's order had ended by then.

    ``accounts`` are those whom it is for, once that was asked; without a plan None is all.
    """

    called_ns: int
    plan_id: PlanId | None
    accounts: Collection[AccountId] | None = None


class RestingCopies:
    """Knows what rests, hears of exits, cancels, and tells."""

    def __init__(self, core: Core, exits: Exits, amendments: Amendments) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._exits = exits
        self._masters = exits.master_orders
        self._amendments = amendments
        self._resting: dict[_Slot, dict[IntentId, Order]] = {}
        self._left: dict[_Slot, list[_Exit]] = {}
        """Exits of masters that left, oldest first, by the entries that they end."""
        self._reduce: set[PlanId] = set()
        """Plans that reduce, and by which their master has not begun to leave."""
        self._unsure: set[_Slot] = set()
        """Where his position is still to tell whether he left before this run."""
        self._cancelled: dict[_Slot, dict[AccountId, None]] = {}
        self._behind: dict[_Slot, dict[AccountId, int]] = {}
        """What is still to be told: whose copies were cancelled, what filled behind an exit."""
        self._told_diverged: set[IntentId] = set()
        self._denied: set[tuple[AccountId, BrokerOrderId]] = set()

    # ------------------------------------------------------------ what it hears

    def exit_planned(self, signal: Signal, _accounts: Collection[AccountId]) -> None:
        """A signal becomes a plan that reduces what its master holds."""
        if signal.kind in _OF_MASTERS:
            if len(self._reduce) > _REMEMBERED:
                self._reduce = {one for one in self._reduce if self._book.knows(one)}
            self._reduce.add(plan_id(signal.signal_id))

    def copies_leave(self, plan: Plan) -> None:
        """His exit is at the exchange, or leaves with its copies: nothing enters behind it, unless
        it only rests there.
        """
        reduces = plan.plan_id in self._reduce or _copied_by_none(plan)
        if reduces and self._leaves(plan):
            self._leave(plan)

    def lead_filled(self, plan_id: PlanId) -> None:
        """Something was told of an order of a master's that has filled: his exit may have begun."""
        if plan_id in self._reduce and (plan := self._book.plan(plan_id)) is not None:
            self._leave(plan)

    def live(self, order: Order) -> None:
        """An order is at the broker, or ended there."""
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or order.closes:
            return
        slot = _slot_of(plan.signal)
        if order.intent.role is Role.MASTER:
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
        if row.filled_quantity:
            self.lead_filled(plan_id)
        if self._masters.seen(plan_id, row, since_ns) and plan is not None:
            self._end_all(_slot_of(plan.signal))

    def hear(self, event: Event) -> None:
        """An exit that he placed elsewhere could not be copied: what rests goes all the same."""
        if not isinstance(event, MasterSeen) or event.order.became is not Seen.DENIED:
            return
        seen = event.order
        name = (seen.account_id, seen.broker_order_id)
        if seen.key is not None and seen.product is not None and name not in self._denied:
            self._denied.add(name)
            slot = (seen.account_id, seen.key, seen.product, seen.side.opposite)
            self._add(slot, _Exit(self._clock.mono_ns(), None))

    def positions_read(self) -> None:
        """More is known of what masters hold."""
        slots, self._unsure = self._unsure, set()
        for slot in slots:
            self._end_all(slot)

    def filled(self, order: Order, units: int) -> None:
        """More units of an order of ours were filled: perhaps behind an exit that left."""
        if not self._left or order.closes or order.intent.role is Role.MASTER:
            return
        plan = self._book.plan(order.intent.plan_id)
        if plan is None:
            return
        slot = _slot_of(plan.signal)
        if slot not in self._left or not self._is_behind(slot, order):
            return
        if not order.cancel_requested and not self._is_out(plan.signal):
            return
        if (late := min(units, self._without_exit(order))) > 0:
            self._tell_soon()
            accounts = self._behind.setdefault(slot, {})
            account = order.intent.account_id
            accounts[account] = accounts.get(account, 0) + late

    def restore(self) -> None:
        """A start: what rests behind an exit of today goes, if the program ended before that.

        Of earlier plans nobody knows any more whether they reduced, so each on the other side is
        taken for one.
        """
        for plan in list(self._book.plans.values()):
            if plan.signal.kind not in _OF_MASTERS:
                continue
            self._masters.restore(plan)
            leads = self._leads(plan)
            waits = leads and plan.signal.fan_out is FanOut.ON_MASTER_WORKING
            there = all(one.state.at_exchange or one.filled for one in leads)
            if self._leaves(plan) and (there or not waits):
                self._leave(plan)
            else:
                self._reduce.add(plan.plan_id)

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

    def _leads(self, plan: Plan) -> list[Order]:
        orders = self._book.of_plan(plan.plan_id)
        return [one for one in orders if one.intent.role is Role.MASTER]

    def _leaves(self, plan: Plan) -> bool:
        """True if its master leaves by this exit, and it does not only rest for all that is told of
        it. Of an order that he placed elsewhere, its next row tells what it filled.
        """
        signal = plan.signal
        at_once = signal.kind is SignalKind.FILL or signal.terms.order_type is OrderType.MARKET
        return at_once or any(one.filled for one in self._leads(plan))

    def _leave(self, plan: Plan) -> None:
        self._reduce.discard(plan.plan_id)
        orders = self._book.of_plan(plan.plan_id)
        if orders:
            master, key, product, side = _slot_of(plan.signal)
            one = _Exit(orders[0].called_ns, plan.plan_id)
            if _copied_by_none(plan):
                one.plan_id, one.accounts = None, _accounts_of(plan)
            self._add((master, key, product, side.opposite), one)

    def _add(self, slot: _Slot, one: _Exit) -> None:
        exits = self._left.setdefault(slot, [])
        exits.append(one)
        exits.sort(key=lambda each: each.called_ns)
        del exits[:-_EXITS]
        self._end_all(slot)

    def _end_all(self, slot: _Slot) -> None:
        if slot in self._left and (resting := self._resting.get(slot)):
            self._end(slot, list(resting.values()))

    def _end(self, slot: _Slot, orders: Iterable[Order]) -> None:
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
            self._tell_soon()
            self._cancelled.setdefault(slot, {})[order.intent.account_id] = None
        for order in due:
            self._tell_diverged(order)

    def _opening(self, orders: list[Order]) -> list[Order]:
        """Those that do not only reduce what the copies of their account hold."""
        book, ledger = self._book, self._exits.ledger
        accounts = dict.fromkeys(order.intent.account_id for order in orders)
        opens = {order for one in accounts for order in opening(book, ledger, one)}
        return [order for order in orders if order in opens]

    def _is_behind(self, slot: _Slot, order: Order) -> bool:
        """True if its master exited after it, when nothing more of his own order could fill."""
        plan, account = order.intent.plan_id, order.intent.account_id
        for one in reversed(self._left.get(slot, ())):
            if one.called_ns <= order.called_ns:
                return False
            if not self._is_for(one, account):
                continue
            before = self._masters.ended_before(plan, one.called_ns)
            if before or (before is None and self._gave_up(slot, plan)):
                return True
        return False

    def _gave_up(self, slot: _Slot, plan_id: PlanId) -> bool:
        """True if the master may hold less than he entered by a plan; what he holds is waited for
        where nobody knows it yet.
        """
        plan = self._book.plan(plan_id)
        nets = self._exits.masters.of(*slot[:3])
        if nets is None or plan is None:
            self._unsure.add(slot)
            return False
        units = sum(one.filled for one in self._leads(plan)) or plan.signal.terms.quantity
        return any(against(slot[3].opposite, net) < units for net in nets)

    def _is_for(self, one: _Exit, account: AccountId) -> bool:
        """True if this follower was to leave with it: it is for him, not for those who copy what it
        fills, and did not prove an entry when more was known of the master.
        """
        if one.accounts is None and one.plan_id is not None:
            one.accounts = _accounts_of(self._book.plan(one.plan_id))
        known = None if one.plan_id is None else self._exits.known.get(one.plan_id)
        reduces = known is None or known.most > 0
        return reduces and (one.accounts is None or account in one.accounts)

    def _without_exit(self, order: Order) -> int:
        """Units that copies of the account hold on its side, and that no exit is to close."""
        terms, account = order.intent.terms, order.intent.account_id
        left = against(
            terms.side.opposite, self._exits.ledger.nets_of(order.master_id, terms).get(account, 0)
        )
        for one in self._book.recent_of(account):
            its = one.intent.terms
            if (
                not one.state.ended
                and one.master_id == order.master_id
                and one.key == order.key
                and its.product is terms.product
                and its.side is not terms.side
            ):
                left -= max(0, one.ordered - one.filled)
        return left

    def _is_out(self, entry: Signal) -> bool:
        """True if the master is known to hold nothing of what he entered by this signal."""
        terms, master = entry.terms, entry.master_id
        nets = self._exits.masters.of(master, terms.instrument.key, terms.product)
        return nets is not None and not any(against(terms.side.opposite, net) for net in nets)

    # ------------------------------------------------------------ telling

    def _tell_soon(self) -> None:
        if not self._cancelled and not self._behind:
            self._work.later(_TELL_S, self._tell)

    def _tell(self) -> None:
        cancelled, self._cancelled = self._cancelled, {}
        behind, self._behind = self._behind, {}
        for slot, accounts in cancelled.items():
            count = len(accounts)
            whose, it = ("copy", "it is") if count == 1 else ("copies", "they are")
            self._book.alarm(
                "resting_cancelled",
                f"{self._name(slot[0])} leaves {self._symbol(slot)}, or a part of it, and "
                f"{grouped(count)} {whose} of his earlier entry still rested: {it} cancelled, and "
                f"what was filled leaves with him. {self._names(accounts)}",
                account=slot[0],
                severity=Severity.INFO,
            )
        for slot, units in behind.items():
            held = ", ".join(f"{self._name(one)} {grouped(n)}" for one, n in units.items())
            self._book.alarm(
                "filled_behind_exit",
                f"{self._symbol(slot)} of {self._name(slot[0])} filled in copies after his exit "
                f"had left: {held}. No exit is on its way for that. Square it off, or decide to "
                "keep it.",
                account=slot[0],
            )

    def _tell_diverged(self, order: Order) -> None:
        name = order.intent.intent_id
        if order.diverged is None or name in self._told_diverged:
            return
        self._told_diverged.add(name)
        self._book.alarm(
            "not_followed",
            f"{self._name(order.master_id)} leaves {order.intent.terms.instrument.symbol}; the "
            f"DIVERGED copy of {self._name(order.intent.account_id)} ({order.broker_order_id}) "
            "still rests and was not cancelled, because its owner changed it. Cancel it yourself "
            "if it should go.",
            order,
            severity=Severity.WARNING,
        )

    def _names(self, accounts: Collection[AccountId]) -> str:
        return f"{listed([self._name(one) for one in accounts], _NAMED)}."

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name

    def _symbol(self, slot: _Slot) -> str:
        for plan in reversed(self._book.plans.values()):
            instrument = plan.signal.terms.instrument
            if instrument.key == slot[1]:
                return instrument.symbol
        return str(slot[1])


def _slot_of(signal: Signal) -> _Slot:
    terms = signal.terms
    return signal.master_id, terms.instrument.key, terms.product, terms.side


def _accounts_of(plan: Plan | None) -> frozenset[AccountId]:
    """Whom a plan is for."""
    intents = () if plan is None else plan.intents
    return frozenset(one.account_id for one in intents if one.code not in FOR_NOBODY)


def _copied_by_none(plan: Plan) -> bool:
    """True for what filled and could not be copied, so that nobody asked whether it reduces."""
    planned = any(one.state is State.PLANNED for one in plan.intents)
    return plan.signal.kind is SignalKind.FILL and not planned
