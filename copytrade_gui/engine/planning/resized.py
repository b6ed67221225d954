"""What a copy of a master's exit becomes when he makes that larger or smaller.

An exit takes of a copy what he gives up of his position, whatever its rule says; what opens behind
it is the rule's. So a copy is not the same multiple of another quantity: it becomes what it would
be if he had placed his order so, by what he and the copies hold now.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from copytrade_gui.domain.exits import Exiting, Reducing, within_copy
from copytrade_gui.domain.order import MAX_QUANTITY, OrderTerms
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.reverse import opposite
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import GIVEN_UP, Order
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.exits import Exits


class Size(Struct, frozen=True):
    """Units, 0: there is nothing to be done. ``opens``: the master's order does, for all that is
    known; ``only_closes``: this may not.
    """

    units: int
    opens: bool
    only_closes: bool


class Resized:
    """Sizes shares of a plan that reduces once more; answers from memory."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._quotes = core.quotes
        self._exits = exits

    def of(self, order: Order, before: OrderTerms, after: OrderTerms) -> Size | None:
        """What one order of a share is to be. None: its rule alone tells, because the master's
        order is no exit, or nobody knows what it is a part of.

        The master's order was ``before`` and is to be ``after``, of the quantities of all its
        slices.
        """
        share = share_of(self._book, order)
        found = self._whole(order, after)
        if found is None:
            return None
        ended = sum(one.filled for one in share if one.state.ended)
        live = [one for one in share if not one.state.ended]
        now = ended + sum(one.terms.quantity for one in live)
        whole = found.units
        if found.opens and after.quantity < before.quantity:
            whole = min(whole, now)
        return Size(part_of(order, live, max(0, whole - ended)), found.opens, found.only_closes)

    def short_of(self, order: Order, after: OrderTerms) -> int:
        """Units that an account lacks of its share, of which nothing works any more."""
        share = share_of(self._book, order)
        if not all(one.state.ended for one in share):
            return 0
        whole = self._whole(order, after)
        return 0 if whole is None else whole.units - sum(one.filled for one in share)

    # ------------------------------------------------------------ inside

    def _whole(self, order: Order, after: OrderTerms) -> Size | None:
        """The whole share of an order's account."""
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or not self._reduced(plan, order):
            return None
        exits, master, account = self._exits, plan.signal.master_id, order.intent.account_id
        lane, leader = self._lanes.get(account), self._lanes.get(master)
        linked = None if lane is None else lane.links.get(master)
        exiting = exits.of_masters.by_now(master, after, order)
        if linked is None or leader is None or exiting.position is None:
            return None
        again, carry = exits.ledger.before(plan.plan_id, account)
        its = after if order.intent.terms.side is after.side else opposite(after)
        gone = sum(one.filled for one in share_of(self._book, order))
        copy = exits.held.of(account, exits.held.asked(master, its, order), gone, carry)
        copy, may_open = structs.replace(copy, coming=0), self._may_open(plan, order, exiting)
        by, last = linked.facts.sized_by, self._quotes.fresh_price(after.instrument.key)
        entry = planner.entry_of(by, after, last, leader.facts.capital)

        def of(position: int) -> int:
            reduced = min(after.quantity, position)
            exact = Exiting(reduced, reduced, (position, position))
            order = Reducing(after.quantity, after.instrument.lot_size, exact)
            if again is not None:
                return again(order, copy, may_open, MAX_QUANTITY).quantity
            return within_copy(order, copy, entry, by.rule.rounding, may_open=may_open)[0].quantity

        # A fill that was told a moment ago may be in what was read, or not. What only closes is
        # never more than what is held, so that nobody is left behind; what opens is the least.
        opens = after.quantity > exiting.position[0]
        units = (min if opens else max)(map(of, exiting.position))
        return Size(units, opens, opens and not may_open)

    def _reduced(self, plan: Plan, order: Order) -> bool:
        """True if the order of a plan was, or may have been, an exit when it was called."""
        exiting = self._exits.known.get(plan.plan_id)
        if exiting is None:
            signal = plan.signal
            exiting = self._exits.of_masters.exiting(signal.master_id, signal.terms, but=order)
        return exiting.most > 0

    def _may_open(self, plan: Plan, order: Order, exiting: Exiting) -> bool:
        """True if its link, and trading, let more of an order pass than what reduces."""
        exits = self._exits
        kept = exits.why_kept_to_exits(plan.signal.terms.instrument)
        entering = exits.entries.now(plan, self._book.of_plan(plan.plan_id), exiting, kept)
        return exits.entries.judge(order, entering, resized=False)[0] is None


def share_of(book: Book, order: Order) -> list[Order]:
    """The slices of an order's share that left or may leave."""
    intent = order.intent
    return [
        one
        for one in book.of_plan(intent.plan_id)
        if one.intent.account_id == intent.account_id and one.intent_state not in GIVEN_UP
    ]


def part_of(order: Order, share: Sequence[Order], units: int) -> int:
    """What one order gets of the units of its share, in whole lots: the part it was sent for."""
    whole, lot = sum(one.sent_terms.quantity for one in share), order.terms.instrument.lot_size
    before = 0
    for one in share:
        upto = before + one.sent_terms.quantity
        if one is order:
            ends, begins = (units * point // whole // lot * lot for point in (upto, before))
            return ends - begins
        before = upto
    return order.terms.quantity
