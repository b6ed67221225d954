"""One order of a wave between its choice and its bytes."""

from __future__ import annotations

from msgspec import Struct

from copytrade_gui.domain.records import Attempt
from copytrade_gui.engine.order import Order
from copytrade_gui.ports import OrderRoad, PreparedOrder


class Ready(Struct, frozen=True):
    """An order that may leave now: its attempt, its request, and the road it takes."""

    order: Order
    attempt: Attempt
    request: PreparedOrder
    road: OrderRoad
