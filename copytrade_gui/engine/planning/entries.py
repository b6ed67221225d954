"""What of a copy may open as it is about to leave, and at which limit, by its link as it is then.

A link with a price guard compares an entry with the master's price and with his order's age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from msgspec import Struct, structs

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.exits import Exiting
from copytrade_gui.domain.guard import MasterPrice, PriceGuard, Waits, limit_of, master_price
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.link import LinkState, NotCopied, why_not
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.links import Linked, guarded_out, price_awaited
from copytrade_gui.engine.orders.order import Order

_REMEMBERED = 256
"""Plans whose prices are kept, those that were asked about last: what waits is each second."""


class Entering(Struct, frozen=True):
    """What the entries of a plan are judged by: what of its order is an exit, and its prices.

    ``leaving`` are its terms as they leave without a guard, ``price`` is the master's, ``moment``
    is IST. ``only_exits`` is why in no account anything passes that opens.
    """

    exiting: Exiting
    leaving: OrderTerms
    price: MasterPrice
    moment: datetime
    only_exits: NotCopied | None


class Entries:
    """Asks the link of an order that waited whether what opens may still leave."""

    def __init__(self, core: Core) -> None:
        self._lanes = core.lanes
        self._quotes = core.quotes
        self._clock = core.clock
        self._planned: dict[PlanId, tuple[OrderTerms, MasterPrice]] = {}

    def remember(self, plan: PlanId, leaving: OrderTerms, price: MasterPrice) -> None:
        """A plan is being made of this: what waits of it is judged by it again."""
        self._planned[plan] = leaving, price
        if len(self._planned) > _REMEMBERED:
            del self._planned[next(iter(self._planned))]

    def now(
        self,
        plan: Plan,
        orders: Sequence[Order],
        exiting: Exiting,
        only_exits: NotCopied | None,
    ) -> Entering:
        """What the entries of a plan are judged by now; ``orders`` are all of it.

        Of a plan of an earlier run the price is what the master has traded at since, or asked for.
        """
        asked = plan.signal.terms
        planned = self._planned.pop(plan.plan_id, None)
        if planned is not None:  # an entry may wait for its price while many plans are made
            self._planned[plan.plan_id] = planned
        leaving, price = planned or (asked, master_price(asked, None, None, 0))
        last = self._quotes.fresh_price(asked.instrument.key)
        age_ms = price.age_ms + (self._clock.mono_ns() - orders[0].called_ns) // 1_000_000
        traded_at = _average([one for one in orders if not one.is_copy])
        if traded_at is not None:
            price = master_price(asked, traded_at, last, age_ms)
        else:
            price = structs.replace(price, last=last, age_ms=age_ms)
        return Entering(exiting, leaving, price, ist(self._clock.wall_ns()), only_exits)

    def judge(
        self, order: Order, now: Entering, *, resized: bool
    ) -> tuple[NotCopied | None, Decimal | None]:
        """Why nothing of an order may open by now; and its limit by its link's guard, where that is
        another than it has.

        Filters hold as they were when the order was planned, which is a part of how it is sized
        again (``resized``); where that is not known they are asked again.
        """
        if now.only_exits is not None and not order.closes:
            return now.only_exits, None
        linked = self._linked(order)
        if linked is None or linked.facts.copies_all:
            return None, None
        out = _why_kept(linked, now, resized=resized)
        return out, None if out is not None else _limit(linked.link.guard, order, now)

    def waits(self, order: Order, now: Entering) -> Waits | None:
        """For what price an entry waits that nothing else keeps back; None: it may leave."""
        linked = self._linked(order)
        if linked is None or now.exiting.most:
            return None
        return price_awaited(linked.link, now.leaving, now.price)

    def change(
        self,
        order: Order,
        wanted: OrderTerms,
        after: OrderTerms,
        orders: Sequence[Order],
        traded_at: Decimal | None,
    ) -> OrderTerms:
        """What an entry becomes by a change of its master's order, which is ``after`` then.

        ``orders`` are all of its plan; ``traded_at`` is what he traded at, where his order is none
        of them. Where the guard leaves no room behind a trigger it stays as it is.
        """
        linked = self._linked(order)
        if linked is None or linked.link.guard is None:
            return wanted
        traded_at = traded_at or _average([o for o in orders if not o.is_copy])
        price = master_price(after, traded_at, None, 0)
        if wanted.side is not after.side and not price.trades:
            return wanted
        limit = limit_of(linked.link.guard, wanted, price)
        if limit is not None and wanted.trigger is not None:
            buys = wanted.side is Side.BUY
            if limit < wanted.trigger if buys else limit > wanted.trigger:
                return order.terms
        return replace(wanted, price=limit)

    def _linked(self, order: Order) -> Linked | None:
        """The link by which it is a copy; None for what only closes, and where there is none."""
        lane = self._lanes.get(order.intent.account_id)
        return None if lane is None or order.closes else lane.links.get(order.master_id)


def _why_kept(linked: Linked, now: Entering, *, resized: bool) -> NotCopied | None:
    """The link is set to close only, only exits pass in its account, or the price has left the
    link's guard.
    """
    if linked.link.state is LinkState.CLOSE_ONLY:
        return why_not(linked.link, now.leaving, now.moment)
    if linked.facts.only_exits is not None:
        return linked.facts.only_exits
    if now.exiting.least < now.leaving.quantity:
        may_wait = not now.exiting.most
        out = guarded_out(linked.link, now.leaving, now.price, may_wait=may_wait)
        if out is not None:
            return out
    if resized or not now.exiting.most:
        return None
    return why_not(linked.link, now.leaving, now.moment)


def _limit(guard: PriceGuard | None, order: Order, now: Entering) -> Decimal | None:
    """The limit of a mere entry by its link's guard, where it is another than it has by now.

    The terms of a plan of an earlier run have no limit where its master traded at the market, and
    those on the opposite side are not kept: then the one that was planned is drawn nearer, and
    never wider.
    """
    if guard is None or now.exiting.most:
        return None
    planned = order.intent.terms
    if planned.side is now.leaving.side and now.leaving.price is not None:
        planned = now.leaving
    elif planned.side is not now.leaving.side and not now.price.trades:
        return None  # he has no price yet to compare one on the opposite side with
    limit = limit_of(guard, planned, now.price)
    return None if limit == order.sent_terms.price else limit


def _average(own: Sequence[Order]) -> Decimal | None:
    """What a master's own orders of a plan traded at, together; None before they did."""
    traded = [(one.filled, one.average_price) for one in own if one.filled and one.average_price]
    if not traded:
        return None
    return sum((price * units for units, price in traded), Decimal(0)) / sum(u for u, _ in traded)
