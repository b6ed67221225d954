"""How long an order took, in the two figures that are shown everywhere, worked out at one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.records import OrderView, Timing


class Wait(NamedTuple):
    """What the operator waited, from his press to the last acknowledgement, and the slowest call.

    Both in ms. The slowest call is that of a copy, from its own call to its acknowledgement; an
    order without copies has only its own. Where copies leave after the master's order, each of
    them is called later than the press, so the wait is longer than the slowest call.
    """

    waited_ms: float
    slowest_call_ms: float


def wait_of(timed: Iterable[tuple[Role, Timing]]) -> Wait | None:
    """The figures of one master order and its copies; None while nothing is acknowledged."""
    known = list(timed)
    if not known:
        return None
    pressed = min(timing.called_ns for _, timing in known)
    replied = max(timing.replied_ns for _, timing in known)
    copies = [timing for role, timing in known if role is not Role.MASTER]
    calls = [timing.call_to_reply_ms for timing in copies or [timing for _, timing in known]]
    return Wait((replied - pressed) / 1e6, max(calls))


def wait_of_orders(orders: Iterable[OrderView]) -> Wait | None:
    """The same of orders as they stand; those the broker gave no number count nowhere."""
    return wait_of(
        (order.role, order.timing)
        for order in orders
        if order.timing is not None and order.broker_order_id is not None
    )
