"""What a copy may grow to when its master's order is made larger: what only reduces never opens."""

from __future__ import annotations

from dataclasses import replace

from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.resized import part_of, share_of


class Larger:
    """Bounds the quantity of a change by what its copy holds, where no more may open."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._exits = exits

    def bounded(self, order: Order, wanted: OrderTerms, after: OrderTerms) -> OrderTerms:
        """What a copy is to become, when its master's order is to become ``after``.

        Where all of that reduces what the master has, or only exits pass here by now, the copy
        grows no further than to what it has to reduce. It is never made smaller by that.
        """
        now, plan = order.terms.quantity, self._book.plan(order.intent.plan_id)
        if plan is None or not order.is_copy or wanted.quantity <= now:
            return wanted
        exits, master = self._exits, plan.signal.master_id
        whole = replace(plan.signal.terms, quantity=after.quantity)
        exiting = exits.known.get(plan.plan_id)
        if exiting is None or exiting.most:  # what was no exit at all is none when it is larger
            exiting = exits.of_masters.exiting(master, whole, but=order)
        kept = exits.why_kept_to_exits(whole.instrument)
        entering = exits.entries.now(plan, self._book.of_plan(plan.plan_id), exiting, kept)
        may_open = exits.entries.judge(order, entering, resized=False)[0] is None
        if may_open and exiting.most < after.quantity:
            return wanted
        account, its = order.intent.account_id, order.sent_terms
        held = exits.held.of(account, exits.held.asked(master, its, order)).held
        live = [one for one in share_of(self._book, order) if not one.state.ended]
        most = part_of(order, live, held + sum(one.filled for one in live))
        return replace(wanted, quantity=max(now, min(wanted.quantity, most)))
