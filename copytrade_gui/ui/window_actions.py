"""The actions of one window, made from the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.action_table import SPECS
from copytrade_gui.ui.actions import Act, Spec, Where
from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.widgets.tip import set_tip

_CONTEXTS = {
    Where.EVERYWHERE: Qt.ShortcutContext.ApplicationShortcut,
    Where.WINDOW: Qt.ShortcutContext.WindowShortcut,
    Where.TABLE: Qt.ShortcutContext.WidgetShortcut,
}


class Actions(QObject):
    """The QActions made from the table. Panels connect what they do; nobody else toggles it.

    ``specs``: all of them by name, those that lead to the panels (``go_to``) first.
    """

    def __init__(self, window: QWidget, icons: Icons, go_to: Mapping[str, Spec]) -> None:
        super().__init__(window)
        self.specs: dict[str, Spec] = {**go_to, **{str(act): spec for act, spec in SPECS.items()}}
        self._made: dict[str, QAction] = {}
        for act, spec in self.specs.items():
            action = QAction(spec.text, window)
            action.setObjectName(f"action_{act}")
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            action.setShortcutContext(_CONTEXTS[spec.where])
            # A held key must never send twice.
            action.setAutoRepeat(act in (Act.TEXT_LARGER, Act.TEXT_SMALLER))
            action.setIconText(spec.brief or spec.plain_text)
            set_tip(action, spec.full_tip)
            if spec.icon:
                icons.dress(action, spec.icon)
            if spec.where is not Where.TABLE:
                window.addAction(action)
            self._made[act] = action

    def __getitem__(self, act: str) -> QAction:
        return self._made[act]

    def on(self, act: str, call: Callable[[], object]) -> None:
        """Let a panel do what the action says."""
        self._made[act].triggered.connect(lambda _checked=False: call())
