"""A button for a stop: the same wherever it stands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.widgets.tip import set_tip


def stop_button(desk: Desk, act: Act, name: str) -> QPushButton:
    """PAUSE, HALT, KILL or RESUME; it does what the action does."""
    action = desk.actions[act]
    button = QPushButton(str(act).upper())
    button.setObjectName(name)
    button.setProperty("stop", str(act))
    set_tip(button, action.toolTip())
    button.setAccessibleName(action.text().replace("&", ""))
    button.setAccessibleDescription(action.toolTip())
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(lambda _checked=False: action.trigger())
    return button
