"""Paper or live: which of the two consoles a start opens."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Where orders go: ``PAPER`` to the simulated broker, ``LIVE`` to the real one."""

    PAPER = "paper"
    LIVE = "live"
