"""Where the docks stand at first, by how much room there is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from copytrade_gui.ui.widgets.docks import Dock

ROOMY = (1500, 850)
"""From here on the charts have a place of their own below the live feed."""
_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_LOW = Qt.DockWidgetArea.BottomDockWidgetArea


def give_corners(window: QMainWindow) -> None:
    """Ticket from top to bottom; the order book as wide as it can be, so that nothing is hidden."""
    for corner, area in (
        (Qt.Corner.TopLeftCorner, _LEFT),
        (Qt.Corner.BottomLeftCorner, _LEFT),
        (Qt.Corner.TopRightCorner, _RIGHT),
        (Qt.Corner.BottomRightCorner, _LOW),
    ):
        window.setCorner(corner, area)


def arrange(window: QMainWindow, docks: Mapping[str, Dock]) -> None:
    """Put every dock where it stands at first."""
    for dock in docks.values():
        dock.setFloating(False)
        window.removeDockWidget(dock)
    roomy = window.width() >= ROOMY[0] and window.height() >= ROOMY[1]
    window.addDockWidget(_LEFT, docks["order_entry"])
    window.addDockWidget(_RIGHT, docks["live_feed"])
    if roomy:
        window.splitDockWidget(docks["live_feed"], docks["latency"], Qt.Orientation.Vertical)
    else:
        window.tabifyDockWidget(docks["live_feed"], docks["latency"])
    window.addDockWidget(_LOW, docks["orders"])
    window.tabifyDockWidget(docks["orders"], docks["activity"])
    window.tabifyDockWidget(docks["activity"], docks["notices"])
    for dock in docks.values():
        dock.show()
    for name in ("live_feed", "orders"):
        docks[name].raise_()
    width = window.width()
    ticket, news = min(340, max(310, width // 6)), min(620, max(430, round(width * 0.33)))
    window.resizeDocks(
        [docks["order_entry"], docks["live_feed"]], [ticket, news], Qt.Orientation.Horizontal
    )
    low = round(window.height() * 0.36)
    window.resizeDocks([docks["orders"]], [low], Qt.Orientation.Vertical)
    if roomy:
        window.resizeDocks(
            [docks["live_feed"], docks["latency"]], [500, 420], Qt.Orientation.Vertical
        )
