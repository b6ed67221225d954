"""Which of four things happened, told apart by ear: how often the system's bell rings.

The bell is the only sound that every system has without another library, so the kinds differ by
number and not by tone.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

GAP_MS = 280
"""From one ring to the next of the same kind."""
PAUSE_MS = 1_200
"""Silence after the last one, so that two kinds are not counted together. What comes of the same
kind in that time is the same: 500 fills ring once."""


class Ring(StrEnum):
    """What rings; a later one matters more."""

    FILL = "fill"
    TROUBLE = "trouble"
    """An order that came to nothing, and other warnings."""
    LOST = "lost"
    """A connection."""
    STOP = "stop"
    """Trading was stopped, or something is critical."""


RANK = {ring: number for number, ring in enumerate(Ring, start=1)}
"""How often each rings, too."""


class Bell(QObject):
    """Rings one kind at a time; one that matters more comes next, the others are left out."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.beep: Callable[[], object] = QApplication.beep
        self._now: Ring | None = None
        self._next: Ring | None = None
        self._left = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def ring(self, kind: Ring) -> None:
        """Ring it, now or after what rings."""
        if self._now is None:
            self._begin(kind)
        elif all(RANK[kind] > RANK[one] for one in (self._now, self._next) if one is not None):
            self._next = kind

    def _begin(self, kind: Ring) -> None:
        self._now, self._next, self._left = kind, None, RANK[kind]
        self._beep()

    def _go_on(self) -> None:
        if self._left:
            self._beep()
        elif self._next is not None:
            self._begin(self._next)
        else:
            self._now = None

    def _beep(self) -> None:
        self._left -= 1
        self.beep()
        self._timer.start(GAP_MS if self._left else PAUSE_MS)
