"""Carries the engine's news to the panels, so that a burst of a thousand rows holds no window.

News is queued on the engine's thread and taken 20 times a second. Of each order and account the
newest is kept, also while it waits. Light parts hear it in that beat; each heavy panel gets a turn
of the loop of its own, and what it changed is painted before the next one is told: drawn in one
turn, two tables and the charts would hold the window for as long as all of them take together.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import count, islice

from PySide6.QtCore import QObject, Qt, QTimer

from copytrade_gui.domain.events import (
    AccountChanged,
    Event,
    LampChanged,
    MasterSeen,
    OrderChanged,
    RecoveryReported,
    ReviewsChanged,
)
from copytrade_gui.ports import EventSource, Unsubscribe

log = logging.getLogger(__name__)

BEAT_MS = 50
TURN_MS = 10
"""From one panel's turn to the next one's: time to lay out and paint the first."""
REST_NS = (BEAT_MS - TURN_MS) * 1_000_000
"""The same panel has no two turns within this time: at most some 20 a second."""
SLICE = 25
"""Events told between two looks at the time."""
BUDGET_NS = 10_000_000
"""No further slice is begun after this long: what was told has still to be painted."""
STOOD_STILL_NS = 250_000_000
"""A longer pause between two beats is logged (docs/safety.md 9.51)."""
BOUND = 100_000
"""Above this many waiting events the window re-reads everything instead of replaying them."""

Taker = Callable[[list[Event]], None]
_Told = dict[Hashable, Event]
_numbers = count()


def _subject(event: Event) -> Hashable:
    """What the event tells the newest of; a number of its own for what nothing replaces."""
    match event:
        case OrderChanged():
            return ("order", event.order.intent_id)
        case AccountChanged():
            return ("account", event.status.account_id)
        case LampChanged():
            return ("lamp", event.name)
        case MasterSeen():
            return ("seen", event.order.account_id, event.order.broker_order_id)
        case ReviewsChanged():
            return "reviews"
        case RecoveryReported():
            return "recovery"
        case _:
            return next(_numbers)


class _Inbox:
    """What one part has not been told yet, the oldest first, the newest of each subject only.

    Of an order it says what was before the oldest of them: nobody was told of those in between.
    """

    def __init__(self, taker: Callable[[_Told], None]) -> None:
        self.waiting: _Told = {}
        self.served_ns = 0
        self._taker = taker

    def take(self, news: Iterable[tuple[Hashable, Event]]) -> None:
        """Take news in: a subject stands where it happened last."""
        for key, event in news:
            older = self.waiting.pop(key, None)
            if isinstance(older, OrderChanged) and isinstance(event, OrderChanged):
                event = OrderChanged(event.order, older.before)  # noqa: PLW2901 - the two as one
            self.waiting[key] = event

    def serve(self) -> None:
        """Tell as much as fits into the budget."""
        self.served_ns = time.monotonic_ns()
        while self.waiting:
            # Taken out first: news that a part stumbles over is not told to it for ever.
            told = dict(islice(self.waiting.items(), SLICE))
            for key in told:
                del self.waiting[key]
            self._taker(told)
            if time.monotonic_ns() - self.served_ns >= BUDGET_NS:
                break


class ScreenNews(QObject):
    """Listens at once, tells after ``run``; the queue takes appends from any thread.

    Every part hears everything, in order. A heavy one hears nothing before the light ones have.
    """

    def __init__(
        self,
        source: EventSource,
        *,
        light: Sequence[Taker],
        heavy: Sequence[Taker],
        overrun: Callable[[], object],
        alive: Callable[[], object] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        """``overrun`` reads everything again; ``alive`` is called in every beat: while it is not,
        nobody sees what happens. Neighbours in ``heavy`` are not painted together.
        """
        super().__init__(parent)
        self._queue: deque[Event] = deque()
        self._light = _Inbox(self._tell)
        self._takers = tuple(light)
        self._heavy = [_Inbox(partial(_tell_one, taker)) for taker in heavy]
        self._next = 0
        self._works: deque[Callable[[], object]] = deque()
        self._overrun = overrun
        self._alive = alive
        self._beat_ns = 0
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self.take)
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setTimerType(Qt.TimerType.PreciseTimer)
        self._turn.timeout.connect(self._on_turn)
        self._unsubscribe: Unsubscribe | None = source.subscribe(self._queue.append)

    @property
    def idle(self) -> bool:
        """Whether every part has heard everything and nothing asks for a turn."""
        return not (self._queue or self._light.waiting or self._asks_for_turns)

    @property
    def _asks_for_turns(self) -> bool:
        return bool(self._works) or any(inbox.waiting for inbox in self._heavy)

    def run(self) -> None:
        """Start telling; what came since the subscription comes first."""
        self._beat.start()

    def take(self) -> None:
        """One beat: take what was queued, tell the light parts, let the heavy ones have turns."""
        self._tell_we_live()
        if len(self._queue) + len(self._light.waiting) > BOUND:
            self._queue.clear()
            self._forget()
            self._overrun()
            return
        news = [self._queue.popleft() for _ in range(len(self._queue))]
        self._light.take((_subject(event), event) for event in news)
        self._light.serve()

    def ask(self, work: Callable[[], object]) -> None:
        """Do some drawing of a panel's own in a turn of its own."""
        self._works.append(work)
        self._wake(0)

    def stop(self) -> None:
        """Hear nothing more."""
        self._beat.stop()
        self._turn.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._queue.clear()
        self._works.clear()
        self._forget()

    # ------------------------------------------------------------ inside

    def _tell(self, told: _Told) -> None:
        for inbox in self._heavy:
            inbox.take(told.items())
        self._wake(0)
        for taker in self._takers:
            _tell_one(taker, told)

    def _forget(self) -> None:
        """Everything is read again: what waits here is older."""
        for inbox in (self._light, *self._heavy):
            inbox.waiting.clear()

    def _wake(self, after_ms: int) -> None:
        if not self._turn.isActive():
            self._turn.start(after_ms)

    def _on_turn(self) -> None:
        # Before anybody is served, so that a panel that fails stops no other one.
        self._wake(TURN_MS)
        if self._works:
            self._works.popleft()()
        else:
            self._serve_next()
        if not self._asks_for_turns:
            self._turn.stop()

    def _serve_next(self) -> None:
        now_ns, count = time.monotonic_ns(), len(self._heavy)
        for step in range(count):
            place = (self._next + step) % count
            inbox = self._heavy[place]
            if inbox.waiting and now_ns - inbox.served_ns >= REST_NS:
                self._next = place + 1
                inbox.serve()
                return

    def _tell_we_live(self) -> None:
        before, self._beat_ns = self._beat_ns, time.monotonic_ns()
        self._alive()
        if before and self._beat_ns - before > STOOD_STILL_NS:
            log.info("the window stood still for %.2f s", (self._beat_ns - before) / 1e9)


def _tell_one(taker: Taker, told: _Told) -> None:
    taker(list(told.values()))
