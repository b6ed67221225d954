"""Carries the engine's news to the window: queued on its thread, drained here 20 times a second.

The news of a burst is a thousand rows. Shown at one time they hold the window for a tenth of a
second; so each beat shows what fits into a few milliseconds, and the rest waits for the next beat,
where newer news of the same row takes its place.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Hashable

from PySide6.QtCore import QObject, QTimer

from copytrade_gui.domain.events import (
    AccountChanged,
    Event,
    LampChanged,
    OrderChanged,
    RecoveryReported,
    ReviewsChanged,
)
from copytrade_gui.ports import EventSource, Unsubscribe

log = logging.getLogger(__name__)

INTERVAL_MS = 50
SLICE = 50
"""Events delivered between two looks at the time."""
BUDGET_NS = 5_000_000
"""No further slice is begun in a beat after this long."""
STOOD_STILL_NS = 250_000_000
"""A longer pause between two beats is logged (docs/safety.md 9.51)."""
BOUND = 100_000
"""Above this many waiting events the window re-reads everything instead of replaying them."""


def latest_only(events: list[Event]) -> list[Event]:
    """Keep the newest event per order, account, lamp and list; everything else stays as it came.

    Of an order it says what was before the oldest of them: nobody was told of those in between.
    """
    kept: dict[Hashable, Event] = {}
    for number, event in enumerate(events):
        key = _subject(event)
        if key is None:
            kept[number] = event
        else:
            older = kept.pop(key, None)  # re-inserted, so that it stands where it last happened
            if isinstance(older, OrderChanged) and isinstance(event, OrderChanged):
                event = OrderChanged(event.order, older.before)  # noqa: PLW2901 - the two as one
            kept[key] = event
    return list(kept.values())


def _subject(event: Event) -> Hashable | None:
    match event:
        case OrderChanged():
            return ("order", event.order.intent_id)
        case AccountChanged():
            return ("account", event.status.account_id)
        case LampChanged():
            return ("lamp", event.name)
        case ReviewsChanged():
            return "reviews"
        case RecoveryReported():
            return "recovery"
        case _:
            return None


class EventPump(QObject):
    """Listens at once, delivers after ``run``; the queue takes appends from any thread."""

    def __init__(
        self,
        source: EventSource,
        deliver: Callable[[list[Event]], None],
        overrun: Callable[[], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """``alive`` is called in every beat: while it is not, nobody sees what happens."""
        super().__init__()
        self._deliver = deliver
        self._overrun = overrun
        self._waiting: deque[Event] = deque()
        self._taken: list[Event] = []
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.drain)
        self._unsubscribe: Unsubscribe | None = source.subscribe(self._waiting.append)
        self._alive = alive
        self._beat_ns = 0

    def run(self) -> None:
        """Start delivering; what came since the subscription comes first."""
        self._timer.start()

    def drain(self) -> None:
        """Deliver what waits, the oldest first, as much as fits into one beat."""
        self._tell_we_live()
        count = len(self._waiting)
        if count:
            self._taken += [self._waiting.popleft() for _ in range(count)]
            if len(self._taken) > BOUND:
                self._taken.clear()
                self._overrun()
                return
            self._taken = latest_only(self._taken)
        started = time.monotonic_ns()
        place = 0
        while place < len(self._taken):
            self._deliver(self._taken[place : place + SLICE])
            place += SLICE
            if time.monotonic_ns() - started >= BUDGET_NS:
                break
        del self._taken[:place]

    def _tell_we_live(self) -> None:
        before, self._beat_ns = self._beat_ns, time.monotonic_ns()
        self._alive()
        if before and self._beat_ns - before > STOOD_STILL_NS:
            log.info("the window stood still for %.2f s", (self._beat_ns - before) / 1e9)

    def stop(self) -> None:
        """Hear nothing more."""
        self._timer.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._waiting.clear()
        self._taken.clear()
