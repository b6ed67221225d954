"""The news of one beat, handed to the heavy panels one after the other.

Two tables and the chart that are drawn again in one turn of the loop hold the window for as long
as all of them take together. Here each gets a turn of its own, and what it changed is painted
before the next one is told.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer

from copytrade_gui.domain.events import Event
from copytrade_gui.ui.event_pump import INTERVAL_MS, latest_only

TURN_MS = 10
"""From one panel's turn to the next one's: time to lay out and paint the first."""
REST_NS = (INTERVAL_MS - TURN_MS) * 1_000_000
"""The same panel has no two turns within this time: at most some 20 a second."""
SLICE = 25
"""Events told between two looks at the time."""
BUDGET_NS = 3_000_000
"""No further slice is begun in a turn after this long: what was told has still to be painted."""

Taker = Callable[[list[Event]], None]


class _Inbox:
    """What one panel has not been told yet, the oldest first."""

    def __init__(self, taker: Taker) -> None:
        self.waiting: list[Event] = []
        self.served_ns = 0
        self._taker = taker

    def serve(self, now_ns: int) -> None:
        """Tell as much as fits into a turn; the newest of each subject is enough."""
        self.served_ns = now_ns
        self.waiting = latest_only(self.waiting)
        while self.waiting:
            # Taken out first: news that a panel stumbles over is not told to it for ever.
            told = self.waiting[:SLICE]
            del self.waiting[:SLICE]
            self._taker(told)
            if time.monotonic_ns() - now_ns >= BUDGET_NS:
                break


class Turns(QObject):
    """Every panel hears everything in order; never two of them in one turn of the loop."""

    def __init__(self, takers: Sequence[Taker], parent: QObject) -> None:
        super().__init__(parent)
        self._inboxes = [_Inbox(taker) for taker in takers]
        self._next = 0
        self._works: deque[Callable[[], object]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._turn)

    @property
    def idle(self) -> bool:
        """Whether every panel has heard everything and nothing asks for a turn."""
        return not self._works and not any(inbox.waiting for inbox in self._inboxes)

    def take(self, batch: list[Event]) -> None:
        """News for every panel; the first of them hears it in the loop's next turn."""
        for inbox in self._inboxes:
            inbox.waiting += batch
        if batch and not self._timer.isActive():
            self._timer.start(0)

    def ask(self, work: Callable[[], object]) -> None:
        """Do some drawing of a panel's own in a turn of its own."""
        self._works.append(work)
        if not self._timer.isActive():
            self._timer.start(0)

    def forget(self) -> None:
        """Everything is read again: what waits here is older."""
        for inbox in self._inboxes:
            inbox.waiting.clear()

    def _turn(self) -> None:
        # Before anybody is served, so that a panel that fails stops no other one.
        self._timer.start(TURN_MS)
        if self._works:
            self._works.popleft()()
        else:
            self._serve_next(time.monotonic_ns())
        if self.idle:
            self._timer.stop()

    def _serve_next(self, now_ns: int) -> None:
        count = len(self._inboxes)
        for step in range(count):
            place = (self._next + step) % count
            inbox = self._inboxes[place]
            if inbox.waiting and now_ns - inbox.served_ns >= REST_NS:
                self._next = place + 1
                inbox.serve(now_ns)
                return
