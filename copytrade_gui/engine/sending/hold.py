"""What a channel asks before an order leaves that had to wait (docs/safety.md 4.4, 1.8).

A wave asks the gate for the orders it launches. One that waits on its channel, for a connection or
behind another reply, may leave seconds later: everything is asked again then.
"""

from __future__ import annotations

from copytrade_gui.domain.ids import Tag
from copytrade_gui.domain.order import State
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.ports import OrderChannel


class Holds:
    """Says why an order that was marked may not leave after all."""

    def __init__(self, core: Core, exits: Exits) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._hours = core.hours
        self._clock = core.clock
        self._exits = exits

    def why_held(self, channel: OrderChannel, tag: Tag) -> str:
        """One sentence why the order with this tag may not leave now; empty: it may."""
        if not self._gate.may_send:
            return self._gate.why_not() or "Trading was stopped before it left."
        order = self._book.by_tag(tag)
        if order is None or order.attempt_state is not State.SENDING:
            return "It does not wait to be sent."
        terms = order.intent.terms
        why = self._lanes.why_held(order, channel)[1] or self._hours.why_closed(terms.instrument)
        why = why or self._exits.why_opens(order)[1]
        if why:
            return why
        now, lane = self._clock.mono_ns(), self._lanes[order.intent.account_id]
        if order.stale_at(now):
            return "Older than its signal age before its connection was free."
        if now < lane.wait_until_ns:
            return "The broker told this account to wait."
        return ""
