"""The first thing to be seen of a start: a small window while the program is still loaded."""

from __future__ import annotations

import os
import sys
import time
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from copytrade_gui.ui.widgets.label import PlainLabel

_DRAWN_S = 0.5
"""Longest time for the system to show it; the start goes on without."""


class StartWindow(QWidget):
    """Says which console is being opened, and that it takes a moment. Closing it stops nothing.

    The mode follows once it is known: what was chosen is read first.
    """

    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.SplashScreen)
        self.setWindowTitle("CopyTrade Console")
        self.setObjectName("starting")
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 22, 28, 22)
        heading = PlainLabel("CopyTrade Console")
        font = QFont(heading.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        heading.setFont(font)
        column.addWidget(heading)
        self._mode = PlainLabel("")
        column.addWidget(self._mode)
        column.addWidget(PlainLabel("Opening. Records are read and the broker is asked first."))

    def tell_mode(self, *, paper: bool) -> None:
        """Say which console it will be."""
        self._mode.setText(
            "PAPER TRADING: no real orders" if paper else "LIVE: real orders, real money"
        )


def screen_is_there() -> bool:
    """False on a Linux without a display, where a window would end the program."""
    there = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(there) or not sys.platform.startswith("linux")


def begin() -> StartWindow:
    """Show it, and let the system draw it before anything else is loaded."""
    app = cast("QApplication", QApplication.instance() or QApplication(sys.argv[:1]))
    app.setQuitOnLastWindowClosed(False)
    window = StartWindow()
    window.show()
    until = time.monotonic() + _DRAWN_S
    while not window.windowHandle().isExposed() and time.monotonic() < until:
        app.processEvents()
    app.processEvents()
    return window


def tell_mode(*, paper: bool) -> None:
    """Say in the small window, if it is there, which console it will be."""
    for window in _open():
        window.tell_mode(paper=paper)
        QApplication.processEvents()


def end() -> None:
    """Something else is to be seen now."""
    for window in _open():
        window.close()


def _open() -> list[StartWindow]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, StartWindow)]
