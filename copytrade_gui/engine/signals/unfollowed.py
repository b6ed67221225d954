"""What a master changed elsewhere, of an order that was copied, while this program was not running.

Its copies do not follow that by themselves: at another price they may fill at once, and for more
units they open more. It is told what he changed, and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from copytrade_gui.domain.changed_terms import QUANTITY, TYPE, change_in_words
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.link import COPIES_FILLS
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.seen import NO_COPY, Seen, SeenOrder
from copytrade_gui.engine.orders.core import Core

_DECIDE = "Change the price or cancel them at the broker, cancel them here, or let them stand."


class Unfollowed:
    """Compares his order as it was last told before a start with its first row after it."""

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._before: dict[PlanId, SeenOrder] = {}

    def restore(self, seen: Mapping[PlanId, SeenOrder]) -> None:
        """How copied orders of masters stood when they were last told, by the copies' plan."""
        self._before.update(seen)

    def named(self, order: SeenOrder) -> SeenOrder:
        """The first row of an order in this run: with the reason why its copies are not as it is,
        which is told as well; as it was where they are, as far as is known.
        """
        plan = order.plan_id
        before = None if plan is None else self._before.pop(plan, None)
        if plan is None or before is None or order.gone:
            return order
        larger = order.quantity > before.quantity
        copies = [
            one
            for one in self._book.of_plan(plan)
            if one.diverged is None
            and not one.cancel_requested
            and (not one.state.ended or (larger and one.state is State.FILLED))
        ]
        if not copies:
            return order
        if not (changed := change_in_words(before, order, order.average_price)):
            return structs.replace(order, reason=before.reason)  # told by an earlier start
        what = "Its copy was" if len(copies) == 1 else f"Its {len(copies)} copies were"
        reason = (
            f"It was changed at the broker while this program was not running, {changed}. {what} "
            f"not changed with it. {_DECIDE}"
        )
        name = self._lanes[order.account_id].account.name
        self._book.alarm(
            "not_changed",
            f"{before.in_words} of {name}, order {order.broker_order_id}: {reason}",
            account=order.account_id,
            severity=Severity.WARNING,
        )
        return structs.replace(order, reason=reason, changes=before.changes + 1)


def still_unfollowed(before: SeenOrder, now: SeenOrder) -> SeenOrder:
    """A newer row of it in this run: copies follow what he changes now. With it they take his price
    and trigger, but his quantity only where he changes that, and nothing of an order that is of
    another type than they are: until then the reason stands.
    """
    if before.became is not Seen.COPIED or before.became.gave_nobody(before.reason):
        return now
    if now.changes == before.changes:
        return now
    waits = QUANTITY in before.reason and now.quantity == before.quantity
    other = TYPE in before.reason and now.order_type is before.order_type
    return now if waits or other else structs.replace(now, reason="")


def why_no_copy(plan: Plan) -> str:
    """Says so where it gave nobody an order; empty where somebody got one, or gets his fills."""
    copies = [one for one in plan.intents if one.is_copy]
    if any(one.state is State.PLANNED or one.code == COPIES_FILLS for one in copies):
        return ""
    return f"{NO_COPY}: the order book says why for each follower."
