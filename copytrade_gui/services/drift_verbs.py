"""What an operator sees and decides where copies are not what an account holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Scope


class DriftVerbs(Protocol):
    """Copies against the broker's books."""

    async def report(self) -> DriftReport:
        """Every copied position as it stands now. Reads nothing at the broker."""

    async def ignore(self, key: PositionKey, units: int, command: CommandId) -> None:
        """A person knows that a position is off by so many units: say no more until it is flat.

        Raises RefusedError: it is off by something else, or it was not recorded.
        """

    async def unmatched_exit(self, plans: Sequence[PlanId]) -> Scope:
        """What a square-off may close of these plans: what their copies filled and still hold."""
