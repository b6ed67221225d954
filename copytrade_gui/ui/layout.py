"""Where the docks stand at first, by how much room there is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget

ROOMY = (1500, 850)
"""From here on what belongs at the lower right has a place of its own."""
_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_LOW = Qt.DockWidgetArea.BottomDockWidgetArea


class Area(Enum):
    """Where a panel stands at first. Several in one area are tabs, the first one in front."""

    MIDDLE = auto()
    """No dock: what the docks stand around. One panel only."""
    LEFT = auto()
    RIGHT = auto()
    LOWER_RIGHT = auto()
    """Below what is at the right; a tab of it where there is no room."""
    LOW = auto()


def prepare(window: QMainWindow) -> None:
    """Ticket from top to bottom; the order book as wide as it can be, so that nothing is hidden."""
    options = QMainWindow.DockOption
    window.setDockOptions(
        options.AllowNestedDocks | options.AllowTabbedDocks | options.GroupedDragging
    )
    window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
    for corner, area in (
        (Qt.Corner.TopLeftCorner, _LEFT),
        (Qt.Corner.BottomLeftCorner, _LEFT),
        (Qt.Corner.TopRightCorner, _RIGHT),
        (Qt.Corner.BottomRightCorner, _LOW),
    ):
        window.setCorner(corner, area)


def arrange(window: QMainWindow, areas: Mapping[Area, Sequence[QDockWidget]]) -> None:
    """Put every dock where it stands at first; each area has at least one."""
    for dock in (dock for docks in areas.values() for dock in docks):
        dock.setFloating(False)
        window.removeDockWidget(dock)
    left, right, low = areas[Area.LEFT][0], areas[Area.RIGHT][0], areas[Area.LOW][0]
    lower_right = areas[Area.LOWER_RIGHT][0]
    window.addDockWidget(_LEFT, left)
    window.addDockWidget(_RIGHT, right)
    roomy = window.width() >= ROOMY[0] and window.height() >= ROOMY[1]
    if roomy:
        window.splitDockWidget(right, lower_right, Qt.Orientation.Vertical)
    else:
        window.tabifyDockWidget(right, lower_right)
    window.addDockWidget(_LOW, low)
    for docks in areas.values():
        for before, dock in itertools.pairwise(docks):
            window.tabifyDockWidget(before, dock)
    for dock in (dock for docks in areas.values() for dock in docks):
        dock.show()
    for first in (lower_right, left, right, low):
        first.raise_()
    width = window.width()
    ticket, news = min(340, max(310, width // 6)), min(620, max(430, round(width * 0.33)))
    window.resizeDocks([left, right], [ticket, news], Qt.Orientation.Horizontal)
    window.resizeDocks([low], [round(window.height() * 0.36)], Qt.Orientation.Vertical)
    if roomy:
        window.resizeDocks([right, lower_right], [500, 420], Qt.Orientation.Vertical)
