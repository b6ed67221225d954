"""A second start in a data folder asks the console that holds it to show its window.

The request is a file, because a file works alike on every system, needs no port that others could
reach, and lies in a folder that only this user can write to.
"""

from __future__ import annotations

import time
from pathlib import Path

_FILE = "come-forward"
_LOOK_EVERY_S = 0.05


class ComeForward:
    """The request of one data folder. Whoever shows a window takes it away, which is its answer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def taken(self) -> bool:
        """For the console that holds the folder: True once for a request that was waiting."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def ask(self, wait_s: float) -> bool:
        """For a second start: ask, and wait; True when the other console has taken the request."""
        try:
            self._path.touch(mode=0o600)
        except OSError:
            return False
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if not self._path.exists():
                return True
            time.sleep(_LOOK_EVERY_S)
        return not self.taken()
