"""Opens when the broker itself seems to fail, across accounts (docs/safety.md 9.10)."""

from __future__ import annotations

from collections import deque

from copytrade_gui.engine.orders.settings import EngineSettings


class Breaker:
    """Counts ambiguous outcomes. A person closes it by resuming."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._recent: deque[bool] = deque(maxlen=settings.breaker_window)
        self._in_a_row = 0

    def count(self, *, ambiguous: bool) -> bool:
        """Take in one outcome; True if the breaker opens with it."""
        self._recent.append(ambiguous)
        self._in_a_row = self._in_a_row + 1 if ambiguous else 0
        if self._in_a_row == self._settings.breaker_in_a_row:
            return True
        full = len(self._recent) == self._settings.breaker_window
        share = sum(self._recent) / self._settings.breaker_window
        if full and ambiguous and share >= self._settings.breaker_share:
            self._recent.clear()
            return True
        return False

    def close(self) -> None:
        """Forget the past."""
        self._recent.clear()
        self._in_a_row = 0
