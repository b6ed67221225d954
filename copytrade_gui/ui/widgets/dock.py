"""A dock with a quiet title bar and a fixed English name that layouts remember."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QToolButton,
    QWidget,
)

from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip


class DockTitle(QFrame):
    """Title, float and close; dragging it moves the dock."""

    def __init__(self, dock: QDockWidget, icons: Icons) -> None:
        super().__init__(dock)
        self.setObjectName("dock_title")
        self.text = PlainLabel(dock.windowTitle())
        self.text.setProperty("role", "strip_top")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 2, 0)
        row.setSpacing(0)
        row.addWidget(self.text)
        row.addStretch(1)
        for picture, tip, call in (
            ("layout-dashboard", "Float or dock", lambda: dock.setFloating(not dock.isFloating())),
            ("x", "Close (View menu brings it back)", dock.close),
        ):
            button = QToolButton()
            button.setAutoRaise(True)
            button.setIconSize(QSize(13, 13))
            set_tip(button, tip)
            button.setAccessibleName(f"{dock.windowTitle()}: {tip}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            icons.dress(button, picture, "muted")
            button.clicked.connect(lambda _checked=False, do=call: do())
            row.addWidget(button)
        dock.windowTitleChanged.connect(self.text.setText)


class Dock(QDockWidget):
    """A panel's frame. ``name`` is part of stored layouts: English, never changed."""

    def __init__(
        self, name: str, title: str, panel: QWidget, icons: Icons, parent: QWidget
    ) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock_{name}")
        self._title = DockTitle(self, icons)
        self._no_title = QWidget(self)
        self.setTitleBarWidget(self._title)
        self.setWidget(panel)

    def refresh_title(self, window: QMainWindow) -> None:
        """Among tabs the tab is the title; alone the dock has one of its own."""
        tabbed = bool(window.tabifiedDockWidgets(self)) and not self.isFloating()
        wanted = self._no_title if tabbed else self._title
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
            wanted.setVisible(not tabbed)
            (self._title if tabbed else self._no_title).hide()
