"""Leaving copied positions, as the operator asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.square_off import Line, Scope, SquareOffReport


@dataclass(frozen=True, slots=True)
class SquareOffPreview:
    """What would be closed, by what is known now.

    ``value`` is all orders together at their worst prices, in paise; ``unpriced`` lines are not in
    it. ``blocked_by`` says why nothing can be sent now, empty when it can.
    """

    lines: tuple[Line, ...]
    value: Paise
    unpriced: int
    blocked_by: str = ""

    @property
    def units(self) -> int:
        """Units of all orders together."""
        return sum(line.units for line in self.lines)

    @property
    def accounts(self) -> int:
        """How many accounts would get an order."""
        return len({line.key.account_id for line in self.lines if line.units})


class SquareOffVerbs(Protocol):
    """Closing what copies hold, and nothing else."""

    async def preview(self, scope: Scope) -> SquareOffPreview:
        """What would be closed in a scope; sends and stores nothing."""

    async def begin(self, scope: Scope, command: CommandId) -> None:
        """Close what copies hold in a scope; the same command twice is one square-off.

        Copies that work there are cancelled first. Raises RefusedError: nothing was done.
        """

    async def report(self, command: CommandId | None = None) -> SquareOffReport | None:
        """How a square-off of today stands, the newest unless named; None if there is none."""
