"""Paper or live as a person chooses it, and what must hold before live is the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from copytrade_gui.domain.mode import Mode


class Standing(StrEnum):
    """How a line of the checklist stands; only ``LACKS`` keeps live from being stored."""

    OK = "ok"
    LACKS = "missing"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """One line: what is looked at, how it stands, and a sentence with the remedy."""

    name: str
    standing: Standing
    sentence: str


def lacking(checks: Sequence[LiveCheck]) -> tuple[LiveCheck, ...]:
    """The lines that keep live from being stored."""
    return tuple(one for one in checks if one.standing is Standing.LACKS)


class ModeVerbs(Protocol):
    """What a window can ask about paper and live. Nothing here changes the console that is open."""

    async def chosen(self) -> Mode:
        """What the bare command opens; paper where nobody chose, or it cannot be read."""

    async def checklist(self) -> tuple[LiveCheck, ...]:
        """How the live profile stands now; it is only read, and no broker is asked."""

    async def choose(self, mode: Mode) -> None:
        """Store what the next starts open. Raises RefusedError, also where live lacks a line."""

    async def duties_read(self) -> str:
        """Which state of the duties was confirmed, as its day; empty: none."""

    async def confirm_duties(self, checked: str) -> None:
        """Store that the duties, as checked on that day, were read. Raises RefusedError."""
