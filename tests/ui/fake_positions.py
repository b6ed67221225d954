"""What is held, as the engine would tell it."""

from __future__ import annotations

from dataclasses import dataclass, field

from copytrade_gui.services.position_report import PositionReport


@dataclass
class FakePositions:
    told: PositionReport = field(default_factory=PositionReport)

    async def report(self) -> PositionReport:
        return self.told
