"""What the window tells its user: one cause, one message, kept until the day ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from copytrade_gui.domain.events import REJECTED_ALIKE, Alarm, Event, Severity

KEPT = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. ``count`` says how often the same words came in a row; ``show`` leads to what
    it is about.
    """

    number: int
    severity: Severity
    sentence: str
    code: str
    at_ns: int
    count: int = 1
    show: Callable[[], object] | None = None


class Notices(QObject):
    """The day's messages, newest last. ``told`` carries each new or repeated one."""

    told = Signal(object)
    unread_changed = Signal(int)

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        super().__init__()
        self._wall_ns = wall_ns
        self._all: deque[Notice] = deque(maxlen=KEPT)
        self._next = 1
        self.unread = 0

    @property
    def all(self) -> tuple[Notice, ...]:
        """Oldest first."""
        return tuple(self._all)

    def tell(
        self,
        severity: Severity,
        sentence: str,
        code: str = "",
        at_ns: int | None = None,
        *,
        show: Callable[[], object] | None = None,
        instead_of: Notice | None = None,
    ) -> Notice:
        """Record a message and announce it; the same words again only raise its count, and one that
        says more stands ``instead_of`` what was told before.
        """
        moment = self._wall_ns() if at_ns is None else at_ns
        last = self._all[-1] if self._all else None
        places = (place for place, one in enumerate(self._all) if one is instead_of)
        if instead_of is not None and (place := next(places, None)) is not None:
            notice = Notice(instead_of.number, severity, sentence, code, moment, show=show)
            self._all[place] = notice
            if not self.unread:
                self._not_read()
        elif last and (last.sentence, last.severity) == (sentence, severity):
            count = last.count + 1
            notice = Notice(last.number, severity, sentence, code, moment, count, show)
            self._all[-1] = notice
        else:
            notice = Notice(self._next, severity, sentence, code, moment, show=show)
            self._next += 1
            self._all.append(notice)
            self._not_read()
        self.told.emit(notice)
        return notice

    def info(self, sentence: str) -> None:
        """Something worked."""
        self.tell(Severity.INFO, sentence)

    def warn(self, sentence: str) -> None:
        """Something did not work and nothing is lost."""
        self.tell(Severity.WARNING, sentence)

    def mark_read(self) -> None:
        """The user has looked at the centre."""
        if self.unread:
            self.unread = 0
            self.unread_changed.emit(0)

    def _not_read(self) -> None:
        self.unread += 1
        self.unread_changed.emit(self.unread)

    def on_events(self, batch: list[Event]) -> None:
        """Take the engine's alarms."""
        for event in batch:
            if isinstance(event, Alarm) and event.code != REJECTED_ALIKE:  # told with the reasons
                self.tell(event.severity, event.sentence, event.code, event.at_ns)
