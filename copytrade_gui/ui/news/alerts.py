"""Sound and desktop notices for what must be seen, as the user chose; both are off at first."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QCheckBox, QSystemTrayIcon, QVBoxLayout, QWidget

from copytrade_gui.domain.events import (
    Event,
    LampChanged,
    OrderChanged,
    Severity,
    TradingStateChanged,
)
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import STOPS
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.news.bell import Bell, Ring
from copytrade_gui.ui.notices import Notice
from copytrade_gui.ui.window_state import read_json, write_json

_STORED = "alerts"
_LOUD = {Severity.WARNING: Ring.TROUBLE, Severity.CRITICAL: Ring.STOP}
_OFFLINE = "offline"
"""Code of the engine's alarm about accounts that nobody answers for."""
_LINES = frozenset({"broker", "feed"})
"""Lamps of connections."""
_LOCKED = "There is a message. Unlock the window to read it."
FIRST = frozenset({Ring.TROUBLE, Ring.LOST, Ring.STOP})
"""What rings until somebody chooses; fills are many."""
_WORDS = {
    Ring.FILL: "An order is filled: one ring",
    Ring.TROUBLE: "An order came to nothing, and other warnings: two rings",
    Ring.LOST: "A connection is lost: three rings",
    Ring.STOP: "Trading is stopped, or something is critical: four rings",
}


class Alerts(QObject):
    """Rings and shows. A locked window tells nobody what it says.

    ``sound`` off is mute: ``rings`` says what rings while it is on.
    """

    def __init__(
        self,
        desk: Desk,
        window: QWidget,
        locked: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._window = window
        self._locked = locked
        self.bell = Bell(self)
        chosen = read_json(desk.memory, _STORED)
        self.sound, self.desktop = chosen.get("sound") is True, chosen.get("desktop") is True
        rings = chosen.get("rings")
        known = rings if isinstance(rings, list) else list(FIRST)
        self.rings = frozenset(one for one in Ring if one in known)
        self._lamps: dict[str, str] = {}
        self._tray: QSystemTrayIcon | None = None
        desk.notices.told.connect(self._on_told)
        desk.actions.on(Act.ALERTS, self._choose)

    def choose(self, *, sound: bool, rings: Collection[Ring], desktop: bool) -> None:
        """Go by this from now on, also after a restart."""
        self.sound, self.rings, self.desktop = sound, frozenset(rings), desktop
        stored = {"sound": sound, "rings": sorted(rings), "desktop": desktop}
        write_json(self._desk.memory, _STORED, stored)

    def on_events(self, batch: list[Event]) -> None:
        """Take fills, stops, and lamps of connections that go out."""
        for event in batch:
            match event:
                case OrderChanged(order=order, before=before):
                    if order.state is State.FILLED and before != State.FILLED:
                        self._ring(Ring.FILL)
                case TradingStateChanged(change=change):
                    if change.state in STOPS and not change.not_armed:
                        self._ring(Ring.STOP)
                case LampChanged(name=name, state=state) if name in _LINES:
                    if state == "bad" and self._lamps.get(name, state) != state:
                        self._ring(Ring.LOST)
                    self._lamps[name] = state

    def _ring(self, kind: Ring) -> None:
        if self.sound and kind in self.rings:
            self.bell.ring(kind)

    def _on_told(self, notice: Notice) -> None:
        if (kind := _LOUD.get(notice.severity)) is None:
            return
        self._ring(Ring.LOST if notice.code == _OFFLINE else kind)
        if self.desktop and not self._window.isActiveWindow():
            self._show(notice)

    def _show(self, notice: Notice) -> None:
        if self._tray is None:
            if not QSystemTrayIcon.isSystemTrayAvailable():
                return
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
            self._tray.show()
        words = _LOCKED if self._locked() else notice.sentence
        self._tray.showMessage(self._window.windowTitle(), words)

    def _choose(self) -> None:
        if not bring_back(self._window, "alerts"):
            dialog = AlertsDialog(self._window, self._desk, self)
            self._desk.tasks.start(dialog.ask(), name="alerts")


class AlertsDialog(FormDialog):
    """Whether it rings, for what, and what the desktop shows. What is ticked is heard at once."""

    def __init__(self, parent: QWidget, desk: Desk, alerts: Alerts) -> None:
        super().__init__(
            parent, desk, "Sound and desktop notices", "alerts", verb="Save", save=self._save_all
        )
        self._alerts = alerts
        self.sound = QCheckBox("Ring; without it all of this is mute")
        self.desktop = QCheckBox("Show warnings while another window is in front")
        self.sound.setChecked(alerts.sound)
        self.desktop.setChecked(alerts.desktop)
        self.add_field("sound", "&Sound", self.sound)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self.rings: dict[Ring, QCheckBox] = {}
        for ring, words in _WORDS.items():
            box = QCheckBox(words)
            box.setObjectName(f"ring_{ring}")
            box.setChecked(ring in alerts.rings)
            box.clicked.connect(lambda on, ring=ring: alerts.bell.ring(ring) if on else None)
            column.addWidget(box)
            self.rings[ring] = box
        self.add_field("rings", "Rings for", holder)
        holder.setEnabled(alerts.sound)
        self.sound.toggled.connect(holder.setEnabled)
        tray = QSystemTrayIcon.isSystemTrayAvailable()
        hint = "" if tray else "This desktop shows none now."
        self.add_field("desktop", "&Desktop", self.desktop, hint=hint)
        self.finish_form()

    async def _save_all(self) -> None:
        rings = [ring for ring, box in self.rings.items() if box.isChecked()]
        self._alerts.choose(
            sound=self.sound.isChecked(), rings=rings, desktop=self.desktop.isChecked()
        )
