"""Sound and desktop notices for what must be seen, as the user chose; both are off at first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QCheckBox, QSystemTrayIcon, QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.notices import Notice
from copytrade_gui.ui.window_state import read_json, write_json

_STORED = "alerts"
_LOUD = frozenset({Severity.WARNING, Severity.CRITICAL})
_LOCKED = "There is a message. Unlock the window to read it."


class Alerts(QObject):
    """Rings and shows; ``beep`` makes the sound. A locked window tells nobody what it says."""

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
        self.beep: Callable[[], object] = QApplication.beep
        chosen = read_json(desk.memory, _STORED)
        self.sound, self.desktop = chosen.get("sound") is True, chosen.get("desktop") is True
        self._tray: QSystemTrayIcon | None = None
        desk.notices.told.connect(self._on_told)
        desk.actions.on(Act.ALERTS, self._choose)

    def choose(self, *, sound: bool, desktop: bool) -> None:
        """Go by this from now on, also after a restart."""
        self.sound, self.desktop = sound, desktop
        write_json(self._desk.memory, _STORED, {"sound": sound, "desktop": desktop})

    def _on_told(self, notice: Notice) -> None:
        if notice.severity not in _LOUD:
            return
        if self.sound:
            self.beep()
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
    """Two choices."""

    def __init__(self, parent: QWidget, desk: Desk, alerts: Alerts) -> None:
        super().__init__(
            parent, desk, "Sound and desktop notices", "alerts", verb="Save", save=self._save_both
        )
        self._alerts = alerts
        self.sound = QCheckBox("Ring for warnings and critical messages")
        self.desktop = QCheckBox("Show them on the desktop while another window is in front")
        self.sound.setChecked(alerts.sound)
        self.desktop.setChecked(alerts.desktop)
        self.add_field("sound", "&Sound", self.sound)
        tray = QSystemTrayIcon.isSystemTrayAvailable()
        hint = "" if tray else "This desktop has no place for them at the moment."
        self.add_field("desktop", "&Desktop", self.desktop, hint=hint)
        self.finish_form()

    async def _save_both(self) -> None:
        self._alerts.choose(sound=self.sound.isChecked(), desktop=self.desktop.isChecked())
