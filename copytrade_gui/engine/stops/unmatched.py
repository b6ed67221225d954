"""The alarm for copies that filled although their master's order came to nothing."""

from __future__ import annotations

from copytrade_gui.domain.events import Event, MasterSeen
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.domain.unmatched import NO_ORDER, UNMATCHED, unmatched, unmatched_seen
from copytrade_gui.engine.orders.core import Core

_TELL_AFTER = 1.0
"""Seconds: fills of many copies come together, and are one alarm."""


class UnmatchedAlarm:
    """Listens for such plans, and tells of each again when more of it filled.

    After a start nothing is told again; whoever shows orders finds it in them.
    """

    def __init__(self, core: Core) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._work = core.work
        self._due: set[PlanId] = set()
        self._told: dict[PlanId, int] = {}
        self._seen: dict[PlanId, SeenOrder] = {}
        """Of plans without a master's order here: his, as it was seen elsewhere."""

    def lead_ended(self, lead: OrderView) -> None:
        """The master's order of a plan ended: it may have come to nothing."""
        if lead.state in NO_ORDER and not lead.filled_quantity:
            self._look_soon(lead.plan_id)

    def copy_filled(self, plan: PlanId) -> None:
        """A copy of this plan has filled: its master's order may have come to nothing."""
        if self._may_be_alone(plan):
            self._look_soon(plan)

    def hear(self, event: Event) -> None:
        """An order that a master placed elsewhere changed: from the bus."""
        if isinstance(event, MasterSeen) and (plan := event.order.plan_id) is not None:
            known, self._seen[plan] = self._seen.get(plan), event.order
            if known is not None and event.order.gone:
                self._look_soon(plan)

    def _may_be_alone(self, plan: PlanId) -> bool:
        seen = self._seen.get(plan)
        if seen is not None:
            return seen.gone
        first = self._book.of_plan(plan)[0]
        return not first.filled and first.state in NO_ORDER

    def _look_soon(self, plan: PlanId) -> None:
        if not self._due:
            self._work.later(_TELL_AFTER, self._look)
        self._due.add(plan)

    def _look(self) -> None:
        due, self._due = self._due, set()
        for plan in due:
            orders, seen = self._book.of_plan(plan), self._seen.get(plan)
            views = [order.view() for order in orders]
            found = unmatched(views) if seen is None else unmatched_seen(seen, views)
            if found is not None and found.units > self._told.get(plan, 0):
                self._told[plan] = found.units
                self._book.alarm(UNMATCHED, found.in_words(self._name), orders[0])

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return account if lane is None else lane.account.name
