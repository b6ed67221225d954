"""The alarm for copies that filled although their master's order came to nothing."""

from __future__ import annotations

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.unmatched import NO_ORDER, UNMATCHED, unmatched
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

    def hear(self, event: OrderChanged) -> None:
        """An order changed: its plan may have become one of these."""
        order = event.order
        if order.role is Role.MASTER:
            if order.state in NO_ORDER and not order.filled_quantity:
                self._look_soon(order.plan_id)
        elif order.filled_quantity:
            master = self._book.of_plan(order.plan_id)[:1]
            if master and master[0].state in NO_ORDER and not master[0].filled:
                self._look_soon(order.plan_id)

    def _look_soon(self, plan: PlanId) -> None:
        if not self._due:
            self._work.later(_TELL_AFTER, self._look)
        self._due.add(plan)

    def _look(self) -> None:
        due, self._due = self._due, set()
        for plan in due:
            found = unmatched(order.view() for order in self._book.of_plan(plan))
            if found is not None and found.units > self._told.get(plan, 0):
                self._told[plan] = found.units
                self._book.alarm(UNMATCHED, found.in_words(self._name), self._book.of_plan(plan)[0])

    def _name(self, account: AccountId) -> str:
        lane = self._lanes.get(account)
        return account if lane is None else lane.account.name
