"""Copies follow a change of their master's order: those at the broker now, the others later.

What waits here leaves smaller where his order became smaller. Else what has not left yet leaves as
it was planned, because its first try may be on the disk already; it is changed as soon as it is at
the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from msgspec import structs

from copytrade_gui.domain.changed_terms import by_the_broker, change_in_words
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.link import FOR_NOBODY, Link
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import MAX_QUANTITY, OrderTerms, State
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.changing import Changed, changed, is_unlike
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.larger import Larger
from copytrade_gui.engine.planning.resized import Resized
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.ports import JournalFailureError

_NAMED = 8
_REMEMBERED = 4_096
"""Orders that had not left when their master's was changed; none waits longer than a minute."""

_HALTED = "these accounts are halted. Cancel them, or lift the halts and change them yourself."
_STOPPED = "their links are paused, frozen or removed. Cancel them, or change them yourself."
_NOTHING_LEFT = "The master changed his exit, and nothing of this copy is left to be closed by it."
_MADE_SMALLER = (
    "The master made his order smaller while it waited for a price. It was given up; nothing of it "
    "left."
)


class Following:
    """Changes the orders of a plan as its master's order changes."""

    def __init__(
        self, core: Core, clearing: Clearing, exits: Exits, amendments: Amendments
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._work = core.work
        self._news = core.news
        self._quotes = core.quotes
        self._clearing = clearing
        self._exits = exits
        self._larger = Larger(core, exits)
        self._resized = Resized(core, exits)
        self._amendments = amendments
        self._later: dict[IntentId, Changed] = {}
        self._waiting: set[PlanId] = set()
        """Plans of which it was told that changes of their copies wait."""

    async def change(self, orders: Iterable[Order], change: Changed) -> int:
        """Ask for what follows for these orders of a plan; returns how many change now.

        Raises JournalFailureError: nothing was asked for.
        """
        orders = list(orders)
        self._end_waiting(orders, change)
        for order in orders:
            if order.may_attempt:
                before = self._later.pop(order.intent.intent_id, change).before
                if self._shrinks(order, change):
                    before = replace(before, quantity=change.after.quantity)
                self._later[order.intent.intent_id] = structs.replace(change, before=before)
        self._tell_filled(orders, change)
        while len(self._later) > _REMEMBERED:
            del self._later[next(iter(self._later))]
        return await self._ask([one for one in orders if not one.may_attempt], change)

    def _shrinks(self, order: Order, change: Changed) -> bool:
        """True for an entry that waits and leaves with its part of his order as that is now, if
        that is less than was planned: it may fill as soon as it is there.
        """
        exiting = self._exits.known.get(order.intent.plan_id)
        waits = order.attempt is None and not order.leaving and not order.closes
        if not waits or not order.is_copy or exiting is None or exiting.most:
            return False
        planned, lot = order.intent.terms.quantity, change.after.instrument.lot_size
        units = planned * change.after.quantity // change.original.quantity
        units = max(units - units % lot, lot)
        if not self._clearing.follows_quantity(order) or not (order.shrunk or units < planned):
            return False
        self._amendments.shrink(order, min(units, planned))
        return units <= planned

    def _end_waiting(self, orders: Iterable[Order], change: Changed) -> None:
        """A copy that waits here for its price would fill whole, for more than its master has."""
        if change.after.quantity < change.original.quantity:
            waiting = [
                one
                for one in orders
                if one.may_attempt and one.awaits_price and self._clearing.follows_quantity(one)
            ]
            self._amendments.cancel(waiting, reason=_MADE_SMALLER)

    def _tell_filled(self, orders: Iterable[Order], change: Changed) -> None:
        """Copies that had filled do not become larger with the master's order: they are named."""
        if change.after.quantity <= change.before.quantity:
            return
        late = [
            one.intent.account_id
            for one in orders
            if one.is_copy and one.state is State.FILLED and self._clearing.follows_quantity(one)
        ]
        self._tell_smaller(late, change, "had filled before and stay as they are")
        left = [one for one in self._left_behind(orders, change) if one not in late]
        self._tell_smaller(left, change, "close less than their part, and nothing of them works")

    def _left_behind(self, orders: Iterable[Order], change: Changed) -> list[AccountId]:
        """Whose copies hold more than is to stay of them behind an exit, with no order for it."""
        found = {}
        for order in orders:
            plan, intent = self._book.plan(order.intent.plan_id), order.intent
            if plan is None or not intent.is_copy or intent.code in FOR_NOBODY:
                continue
            if intent.account_id not in found:
                after = _whole(plan, change)[1]
                short = self._resized.short_of(order, after)
                found[intent.account_id] = short >= after.instrument.lot_size
        return [account for account, short in found.items() if short]

    def _tell_smaller(self, who: list[AccountId], change: Changed, why: str) -> None:
        if who := list(dict.fromkeys(who)):
            self._book.alarm(
                "not_changed",
                f"The master's order was made larger, to {grouped(change.after.quantity)}. "
                f"{len(who)} of its copies {why}: {_names(who)}.",
                severity=Severity.WARNING,
            )

    def lead_changed(self, order: Order, before: OrderTerms, after: OrderTerms) -> None:
        """A master changed at the broker what he had ordered here."""
        intent, sent = order.intent, order.sent_terms
        what = (
            f"{sent.side} {grouped(before.quantity)} {sent.instrument.symbol} of {order.master_id}"
        )
        paid, terms = order.average_price, (before, after)
        elsewhere = self.elsewhere(intent.plan_id, what, terms, paid, original=sent)
        self._work.start(elsewhere, f"change {intent.intent_id}")

    async def elsewhere(
        self,
        plan: PlanId,
        what: str,
        terms: tuple[OrderTerms, OrderTerms],
        paid: Decimal | None,
        original: OrderTerms | None = None,
    ) -> None:
        """A master changed an order at the broker: ``what`` it was, and its ``terms`` before and
        after; ``original`` as it was sent, where it is a slice. What was not done is told.
        """
        before, asked = terms
        words = change_in_words(before, asked, paid)
        if by_the_broker(before, asked, paid):  # it is the same order, and may be of another size
            trigger = asked.trigger or before.trigger
            asked = replace(before, quantity=asked.quantity, trigger=trigger)
            if asked == before:
                return
        made = self._book.plan(plan)
        if made is None:
            return  # of an earlier day: its copies are not here any more
        signal = made.signal
        try:
            prices = self._quotes.known(asked.instrument.key)
            after = self._clearing.protected(asked, prices.fresh or paid, prices.band)
            change = Changed(original or signal.terms, before, asked, after, paid)
            like, unlike = list[Order](), list[Order]()
            for order in self._book.of_plan(plan):
                (unlike if is_unlike(order, change) else like).append(order)
            self._tell_unlike(unlike, f"{what} was changed at the broker, {words}", made)
            await self.change(like, change)
        except DeniedError as denied:
            why = f"{what} was changed at the broker, its copies were not: {denied.sentence}"
            account = signal.master_id
            self._book.alarm("not_changed", why, account=account, severity=Severity.WARNING)
        except JournalFailureError as failure:
            self._news.storage_failed(str(failure))

    def _tell_unlike(self, orders: list[Order], changed_so: str, plan: Plan) -> None:
        who = list(dict.fromkeys(one.intent.account_id for one in orders))
        if who:
            self._book.alarm(
                "not_changed",
                f"{changed_so}. Its copies in {_names(who)} stay as they are, because they are "
                "orders of another type. Cancel them here, change them at the broker, or square "
                "off.",
                account=plan.signal.master_id,
                severity=Severity.WARNING,
            )

    def unlinked(self, link: Link) -> None:
        """A link was removed: what is open of it does not go with it, and is named."""
        lane, master = self._lanes[link.follower_id], self._lanes[link.master_id]
        copies = sum(
            one.master_id == link.master_id
            and not (one.closes or one.cancel_requested or one.diverged)
            for one in self._book.open_of(link.follower_id)
        )
        if copies:
            name, they = master.account.name, "copy is" if copies == 1 else "copies are"
            self._book.alarm(
                "open_copies",
                f"{lane.account.name} copies {name} no more. {copies} {they} still open at the "
                f"broker. What {name} cancels goes there too, and what opens goes when he leaves; "
                "no change of his is followed. Cancel in Orders what is not wanted.",
                account=link.follower_id,
                severity=Severity.WARNING,
            )

    def link_stopped(self, link: Link) -> None:
        """A link was paused or frozen: of its copies no change leaves that still waits to."""
        kept = [
            one
            for one in self._book.open_of(link.follower_id)
            if one.master_id == link.master_id
            and not one.closes
            and self._amendments.modifies.overtake(one)
        ]
        if kept:
            self._book.alarm(
                "not_changed",
                f"{link.follower_id}: {len(kept)} of its copies had a change that waited, and "
                f"stay as they are, because {_STOPPED}",
                account=link.follower_id,
                severity=Severity.WARNING,
            )

    def live(self, order: Order) -> None:
        """An order is at the broker, or in doubt: a change that came before it left is due."""
        if order.broker_order_id is not None and (
            change := self._later.pop(order.intent.intent_id, None)
        ):
            self._work.start(self._catch_up(order, change), f"change {order.intent.intent_id}")

    async def _catch_up(self, order: Order, change: Changed) -> None:
        try:
            await self._ask([order], change)
        except JournalFailureError as failure:
            self._news.storage_failed(str(failure))

    def _leave_kept(self, orders: list[Order], change: Changed) -> None:
        """Copies of halted accounts, and those whose links are stopped or gone, stay as they are,
        also when that is lifted; name them.
        """
        copies = [one for one in orders if one.is_copy]
        sized = self._clearing.follows_quantity
        self._leave(self._clearing.halted(copies), change, sized, _HALTED)
        self._leave(self._clearing.stopped(copies), change, lambda _: True, _STOPPED)

    def _leave(
        self, copies: list[Order], change: Changed, sized: Callable[[Order], bool], why: str
    ) -> None:
        pairs = changed(
            copies,
            change.original,
            change.before,
            change.after,
            sized,
            resized=partial(self._units, change=change),
        )
        for order, _ in pairs:
            self._amendments.modifies.overtake(order)
        if who := list(dict.fromkeys(order.intent.account_id for order, _ in pairs)):
            self._book.alarm(
                "not_changed",
                f"The master's order was changed. Its copies in {_names(who)} stay as they are, "
                f"because {why}",
                severity=Severity.WARNING,
            )

    async def _ask(self, orders: list[Order], change: Changed) -> int:
        self._leave_kept(orders, change)
        guarded = partial(self._exits.inside_guard, after=change.asked, traded_at=change.paid)

        smaller, frozen, kept = list[AccountId](), list[AccountId](), list[AccountId]()
        freeze = self._clearing.freeze.of(change.after.instrument)

        def inside(order: Order, wanted: OrderTerms) -> OrderTerms:
            if self._clearing.kept_to_exits(order):
                least = min(wanted.quantity, order.terms.quantity)
                less = replace(order.terms, quantity=least)
                if wanted != less:
                    kept.append(order.intent.account_id)
                return less
            most = _most_of_one(order, freeze)
            if order.is_copy and wanted.quantity > most:
                frozen.append(order.intent.account_id)
                wanted = replace(wanted, quantity=most)
            bounded = self._larger.bounded(order, wanted, change.after)
            if bounded.quantity < wanted.quantity:
                smaller.append(order.intent.account_id)
            return guarded(order, bounded)

        pairs = changed(
            self._clearing.following(orders),
            change.original,
            change.before,
            change.after,
            self._clearing.follows_quantity,
            inside,
            resized=partial(self._units, change=change, kept=smaller),
        )
        self._tell_smaller(smaller, change, "stay smaller, because more might open a position")
        self._tell_smaller(frozen, change, "stay smaller: the exchange takes no larger order")
        self._tell_kept(kept, change)
        gone = [order for order, wanted in pairs if not wanted.quantity]
        count = self._amendments.cancel(gone, reason=_NOTHING_LEFT)
        asked = [one for one in pairs if one[1].quantity]
        self._tell_waiting([one for one, _ in asked if one.is_copy])
        return count + await self._amendments.modify(asked)

    def _tell_kept(self, kept: list[AccountId], change: Changed) -> None:
        if who := list(dict.fromkeys(kept)):
            self._book.alarm(
                "not_changed",
                f"The master's order in {change.after.instrument.symbol} was changed. Its copies "
                f"in {_names(who)} open, and only exits pass there: they are made smaller with it, "
                "and follow nothing else. Cancel them, or change them once that is lifted.",
                severity=Severity.WARNING,
            )

    def _tell_waiting(self, orders: list[Order]) -> None:
        """Copies whose changes do not leave for now stand as they were, and may fill so: named with
        the first change of their master's order.
        """
        kept = [one for one in orders if self._amendments.modifies.waits(one.intent.account_id)]
        plans = {one.intent.plan_id for one in kept}
        new = [one for one in kept if one.intent.plan_id not in self._waiting]
        self._waiting -= {one.intent.plan_id for one in orders} - plans
        self._waiting |= plans
        if who := list(dict.fromkeys(one.intent.account_id for one in new)):
            self._book.alarm(
                "change_waits",
                f"The master's order was changed, and nothing leaves now for its copies in "
                f"{_names(who)}. Until that ends they stand as they were, and may fill so. Cancel "
                "them if they should not.",
                severity=Severity.WARNING,
            )

    def _units(
        self, order: Order, change: Changed, kept: list[AccountId] | None = None
    ) -> int | None:
        """Units of a copy of an exit by what its master makes of that; None: its rule tells.

        Whose may not open as his now does is ``kept``.
        """
        plan = self._book.plan(order.intent.plan_id)
        found = plan and self._resized.of(order, *_whole(plan, change))
        if not found:
            return None
        if found.only_closes and kept is not None:
            kept.append(order.intent.account_id)
        return found.units


def _whole(plan: Plan, change: Changed) -> tuple[OrderTerms, OrderTerms]:
    """The master's order before a change of it and after, with the quantity of all its slices."""
    units, part = plan.signal.terms.quantity, change.original.quantity
    before, after = (
        replace(one, quantity=units * one.quantity // part) for one in (change.before, change.after)
    )
    return before, after


def _most_of_one(order: Order, freeze: int | None) -> int:
    """The most units that a copy may be made: the exchange refuses an order above its freeze
    quantity, and with it the new price.
    """
    if freeze is None:
        return MAX_QUANTITY
    return max(order.terms.quantity, freeze - freeze % order.terms.instrument.lot_size)


def _names(who: list[AccountId]) -> str:
    return ", ".join(who[:_NAMED]) + (" and others" if len(who) > _NAMED else "")
