"""The status bar: lamps that say shape, word and number, the clock, the version."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStatusBar, QToolButton, QWidget

from copytrade_gui.domain.events import Event, LampChanged, PlanSettled
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import wait_words
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.version import program_version
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import menu_words, set_tip

LAMPS = (
    ("broker", "Broker"), ("feed", "Order news"), ("engine", "Engine"), ("database", "Database"),
    ("clock", "Clock"),
)  # fmt: skip
LOOKS = {
    "ok": (Mark.CIRCLE, Tone.OK),
    "warn": (Mark.TRIANGLE, Tone.WARN),
    "bad": (Mark.SQUARE, Tone.BAD),
    "": (Mark.RING, Tone.MUTED),
}
_BESIDE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
BEAT_MS = 100
STALL_SHOWN_MS = 100
STALL_KEPT_BEATS = 100


class StatusLamps(QStatusBar):
    """Lamps of the engine's reports, and one of our own for a window that stood still."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("status_lamps")
        self.setSizeGripEnabled(False)
        self._desk = desk
        self._states: dict[str, tuple[str, str]] = {}
        self._brief = False
        self._titles = dict((*LAMPS, ("window", "Window")))
        self.lamps: dict[str, QToolButton] = {}
        self._holder = QWidget()
        self.last_order, self.sessions, self.clock = PlainLabel(), PlainLabel(), PlainLabel()
        self.version = PlainLabel(program_version())
        self._row = row = QHBoxLayout(self._holder)
        row.setContentsMargins(6, 0, 0, 0)
        row.setSpacing(2)
        for name in self._titles:
            lamp = QToolButton()
            lamp.setObjectName(f"lamp_{name}")
            lamp.setAutoRaise(True)
            lamp.setProperty("kind", "lamp")
            lamp.clicked.connect(lambda _checked=False, n=name: self._tell(n))
            row.addWidget(lamp)
            self.lamps[name] = lamp
            self._show(name, "", "")
        row.addStretch(1)
        self.lamps["window"].hide()
        # What finds no room is said shorter; it never makes the window wider.
        self._holder.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self._holder, 1)
        self.clock.setObjectName("ist_clock")
        set_tip(self.clock, "Indian Standard Time")
        for label in (self.last_order, self.sessions, self.clock, self.version):
            label.setProperty("role", "foot")
            self.addPermanentWidget(label)
        self.setContentsMargins(0, 0, 8, 0)
        self.clock.setProperty("role", "clock")
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._on_beat)
        self._beaten = time.monotonic()
        self._stalls: list[float] = []
        self.longest_stall_ms = 0.0
        desk.theme.changed.connect(self._show_all)
        desk.roster.status_changed.connect(self._show_sessions)
        desk.roster.changed.connect(self._show_sessions)
        self.on_second()

    def begin(self) -> None:
        """Start watching the window's own pulse."""
        self._beaten = time.monotonic()
        self._beat.start()

    def stop(self) -> None:
        """Watch no more."""
        self._beat.stop()

    def on_second(self) -> None:
        """Show the time."""
        self.clock.setText(f"{figures.clock(self._desk.wall_ns())} IST")

    def on_events(self, batch: list[Event]) -> None:
        """Take lamp reports and the newest order's figures."""
        for event in batch:
            if isinstance(event, LampChanged):
                self.show_lamp(event)
            elif isinstance(event, PlanSettled):
                words = f"Last order {event.acked} of {event.intents - event.blocked}"
                if event.last_ack_ms is not None:
                    words += f" {wait_words(event.last_ack_ms, event.slowest_call_ms)}"
                self.last_order.setText(words)
                self._make_room()

    def show_lamp(self, lamp: LampChanged) -> None:
        """Show what a lamp says; names that have no lamp here are somebody else's."""
        if lamp.name in self.lamps:
            self._show(lamp.name, lamp.state, lamp.words)

    def told(self, name: str) -> tuple[str, str]:
        """State and words of a lamp as it was told last; empty before anything was."""
        return self._states[name]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Lamps and clock are never cut: the news beside them goes first, then good words."""
        room = self.width() - 24 - self.clock.sizeHint().width() - 6
        self._brief = False
        self._name_lamps()
        if self._row.sizeHint().width() > room:
            self._brief = True
            self._name_lamps()
        room -= self._row.sizeHint().width()
        for label in (self.version, self.sessions, self.last_order):
            room -= label.sizeHint().width() + 6
            label.setVisible(room >= 0 and bool(label.text()))

    def _name_lamps(self) -> None:
        for name, (state, words) in self._states.items():
            said = words or "waiting"
            brief = self._brief and state in ("ok", "")
            title = self._titles[name]
            self.lamps[name].setText(menu_words(title if brief else f"{title} {said}"))

    def _show(self, name: str, state: str, words: str) -> None:
        self._states[name] = (state, words)
        mark, tone = LOOKS.get(state, LOOKS[""])
        lamp = self.lamps[name]
        lamp.setToolButtonStyle(_BESIDE)
        lamp.setIcon(self._desk.icons.mark(mark, tone))
        title = self._titles[name]
        said = words or "waiting"
        set_tip(lamp, f"{title}: {said}")
        lamp.setAccessibleName(f"{title}: {said}")
        self._make_room()

    def _show_all(self) -> None:
        for name, (state, words) in self._states.items():
            self._show(name, state, words)

    def _show_sessions(self) -> None:
        roster = self._desk.roster
        active, offline = len(roster.active()), len(roster.offline())
        ready = active - len(roster.without_session()) - offline
        words = f"Sessions {figures.whole(ready)} of {figures.whole(active)}"
        self.sessions.setText(f"{words}, {figures.whole(offline)} offline" if offline else words)
        self._make_room()

    def _tell(self, name: str) -> None:
        self._desk.notices.info(f"{self.lamps[name].accessibleName()}.")

    def _on_beat(self) -> None:
        now = time.monotonic()
        late = (now - self._beaten) * 1000 - BEAT_MS
        self._beaten = now
        self.longest_stall_ms = max(self.longest_stall_ms, late)
        self._stalls = [*self._stalls[-STALL_KEPT_BEATS:], late]
        worst = max(self._stalls)
        shown = worst > STALL_SHOWN_MS
        self.lamps["window"].setVisible(shown)
        if shown:
            self._show("window", "warn", f"drew {worst / 1000:.1f} s late")
