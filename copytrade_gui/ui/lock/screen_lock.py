"""The operating system locks its screen, or goes to sleep: the window hears of both.

One source for each system (`system_lock.py` chooses). None of them can unlock anything.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class ScreenLock(QObject):
    """A system that tells nothing; the sources of systems that do are made from it."""

    locked = Signal()
    """The screen was locked, or the machine is about to sleep."""

    covers = ""
    """What it hears of, in words that follow "and"; empty if nothing."""

    def begin(self) -> None:
        """Listen from now on."""

    def stop(self) -> None:
        """Listen no more."""
