"""How long an order took from stage to stage, and what its fill cost against the master's."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.order import Side
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder


class Stage(StrEnum):
    """The stages of an order, in their order."""

    DETECTED = "detected"
    """A person pressed, or a master's order that he placed elsewhere was seen."""
    PLANNED = "planned"
    """Sized, checked, and made into a request."""
    COMMITTED = "committed"
    """The plan is on the disk: from here on a crash loses nothing."""
    QUEUED = "queued"
    """It may leave: of a copy that goes after its master, when that one was acknowledged."""
    FIRST_BYTE = "first_byte"
    ACKNOWLEDGED = "acknowledged"
    AT_EXCHANGE = "at_exchange"
    """The broker's news or book first showed it there."""
    FILLED = "filled"
    """The news or a read showed its last fill."""


class Waterfall(Struct, frozen=True):
    """When an order reached each stage, in ms since it was detected; a missing one is not known.

    ``slippage`` is what its fill cost more than the same units at the master's average price, in
    rupees, below 0 if it was cheaper; None while either is not filled or not known.
    """

    stages: dict[Stage, float]
    average: Decimal | None = None
    master_average: Decimal | None = None
    slippage: Decimal | None = None


class Moments(Struct, frozen=True, kw_only=True):
    """What is stored of an order's times. Monotonic ns of one life of the program, 0 if unknown.

    ``called_ns`` is the call of its plan, ``trigger_ns`` what set the order itself off. The other
    three are ms from that call, as ``domain.events.PlanSettled`` tells them.
    """

    called_ns: int
    trigger_ns: int = 0
    sent_ns: int = 0
    replied_ns: int = 0
    exchange_ns: int = 0
    filled_ns: int = 0
    planned_ms: float | None = None
    committed_ms: float | None = None
    seen_before_ms: float | None = None

    def stages(self) -> dict[Stage, float]:
        """The stages that are known, in ms since the first."""
        before = self.seen_before_ms or 0.0
        found = {Stage.DETECTED: 0.0}
        if self.planned_ms is not None:
            found[Stage.PLANNED] = before + self.planned_ms
        if self.committed_ms is not None:
            found[Stage.COMMITTED] = before + self.committed_ms
        ready = max(before + self._since_call(self.trigger_ns), found.get(Stage.COMMITTED, 0.0))
        if self.trigger_ns:
            found[Stage.QUEUED] = ready
        later = {
            Stage.FIRST_BYTE: self.sent_ns,
            Stage.ACKNOWLEDGED: self.replied_ns,
            Stage.AT_EXCHANGE: self.exchange_ns,
            Stage.FILLED: self.filled_ns,
        }
        known = {stage: at_ns for stage, at_ns in later.items() if at_ns}
        return found | {stage: before + self._since_call(at) for stage, at in known.items()}

    def _since_call(self, at_ns: int) -> float:
        return (at_ns - self.called_ns) / 1e6


def slippage(
    side: Side, filled: int, average: Decimal | None, master: Decimal | None
) -> Decimal | None:
    """What ``filled`` units cost more than at the master's average, in rupees."""
    if average is None or master is None or not filled:
        return None
    worse = average - master if side is Side.BUY else master - average
    return worse * filled


def master_average(orders: Iterable[OrderView], seen: SeenOrder | None) -> Decimal | None:
    """What a master got for an order that was copied, in rupees a unit; None while nothing filled.

    ``orders`` are those of its plan, ``seen`` is his own where he placed it elsewhere.
    """
    if seen is not None and seen.filled_quantity and seen.average_price:
        return seen.average_price
    units, value = 0, Decimal(0)
    for one in orders:
        if not one.is_copy and one.filled_quantity and one.average_price is not None:
            units += one.filled_quantity
            value += one.average_price * one.filled_quantity
    return value / units if units else None
