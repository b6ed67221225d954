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
    """Says which console is being opened, and that it takes a moment. Closing it stops nothing."""

    def __init__(self, *, paper: bool) -> None:
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
        if paper:
            column.addWidget(PlainLabel("PAPER TRADING: no real orders"))
        column.addWidget(PlainLabel("Opening. Records are read and the broker is asked first."))


def screen_is_there() -> bool:
    """False on a Linux without a display, where a window would end the program."""
    there = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(there) or not sys.platform.startswith("linux")


def begin(*, paper: bool) -> StartWindow:
    """Show it, and let the system draw it before anything else is loaded."""
    app = cast("QApplication", QApplication.instance() or QApplication(sys.argv[:1]))
    app.setQuitOnLastWindowClosed(False)
    window = StartWindow(paper=paper)
    window.show()
    until = time.monotonic() + _DRAWN_S
    while not window.windowHandle().isExposed() and time.monotonic() < until:
        app.processEvents()
    app.processEvents()
    return window


def end() -> None:
    """Something else is to be seen now."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, StartWindow):
            window.close()
