"""One order of a wave between its choice and its bytes."""

from __future__ import annotations

from msgspec import Struct

from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.records import Attempt
from copytrade_gui.engine.lane import Lane
from copytrade_gui.engine.order import Order
from copytrade_gui.ports import OrderRoad, PreparedOrder


class Ready(Struct, frozen=True):
    """An order that may leave now: its attempt, its request, and the road it takes.

    ``version`` is its lane's when it was made: while the lane is at that, nothing that was asked
    of it then has to be asked again. ``key`` is its instrument's.
    """

    order: Order
    attempt: Attempt
    request: PreparedOrder
    road: OrderRoad
    lane: Lane
    version: int
    key: InstrumentKey
