"""Every panel in one table of rows; docks, View menu, keys, news and layout follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PySide6.QtWidgets import QMainWindow

from copytrade_gui.services.console import Console
from copytrade_gui.ui.actions import Spec
from copytrade_gui.ui.activity.activity import ActivityPanel
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.drift.drift import DriftPanel
from copytrade_gui.ui.feed.live_feed import LiveFeedPanel
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.latency.latency import LatencyPanel
from copytrade_gui.ui.layout import Area, arrange
from copytrade_gui.ui.masters.masters import MastersPanel
from copytrade_gui.ui.news.notice_centre import NoticeCentre
from copytrade_gui.ui.orders.orders import OrdersPanel
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.positions.holdings import HoldingsPanel
from copytrade_gui.ui.positions.positions import PositionsPanel
from copytrade_gui.ui.positions.profits import ProfitsPanel
from copytrade_gui.ui.screen_news import Taker
from copytrade_gui.ui.ticket.order_entry import OrderEntryPanel
from copytrade_gui.ui.widgets.dock import Dock

P = TypeVar("P", bound=Panel)


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One panel. ``name`` is part of stored layouts and of its action: English, never changed.

    ``go`` is the line of the View menu that leads there, with its keys. ``heavy``: it takes long
    to draw, so it hears news in turns of its own. ``shown``: it is there before anybody asked.
    """

    name: str
    title: str
    make: Callable[[Desk, Console], Panel]
    area: Area
    go: Spec
    heavy: bool = False
    shown: bool = True

    @property
    def act(self) -> str:
        """The name of the action that leads there."""
        return f"view_{self.name}"


def _go(text: str, tip: str, icon: str, *keys: str) -> Spec:
    return Spec(text, tip, "View", keys, icon)


# In the order of the View menu, of Ctrl+Tab, and of the tabs of one area.
PANELS: tuple[PanelRow, ...] = (
    PanelRow("order_entry", "Order ticket",
             lambda desk, console: OrderEntryPanel(desk, console.trading, console.market),
             Area.LEFT, _go("&Ticket", "Go to the order ticket", "list", "Ctrl+1")),
    PanelRow("followers", "Followers", lambda desk, _: FollowersPanel(desk),
             Area.MIDDLE, _go("&Followers", "Go to the followers", "users", "F7", "Ctrl+2"),
             heavy=True),
    PanelRow("orders", "Order book",
             lambda desk, console: OrdersPanel(
                 desk, console.trading, console.changes, console.history),
             Area.LOW, _go("&Order book", "Go to the order book", "table", "F3", "Ctrl+3"),
             heavy=True),
    PanelRow("live_feed", "Live feed", lambda desk, _: LiveFeedPanel(desk),
             Area.RIGHT, _go("Li&ve feed", "Go to the live feed", "activity", "Ctrl+4"),
             heavy=True),
    PanelRow("latency", "Latency", lambda desk, console: LatencyPanel(desk, console.history),
             Area.LOWER_RIGHT,
             _go("L&atency", "Go to the latency charts", "chart-line", "F9", "Ctrl+5"),
             heavy=True),
    PanelRow("positions", "Positions",
             lambda desk, console: PositionsPanel(desk, console.positions),
             Area.LOW, _go("Po&sitions", "Go to the positions", "chart-no-axes-column",
                           "Ctrl+6", "Alt+F6")),
    PanelRow("profits", "Profit and loss",
             lambda desk, _: ProfitsPanel(desk),
             Area.LOW, _go("P&&L &by account and group",
                           "Go to what today brought to each account and each group",
                           "percent", "Alt+F8")),
    PanelRow("holdings", "Holdings",
             lambda desk, console: HoldingsPanel(desk, console.positions),
             Area.LOW, _go("Ho&ldings", "Go to the shares that accounts hold in their demat",
                           "database", "Alt+F5")),
    PanelRow("drift", "Drift", lambda desk, console: DriftPanel(desk, console.drift),
             Area.LOW, _go("Dr&ift", "Go to the copies that are not in step",
                           "shield-alert", "Alt+F7")),
    PanelRow("activity", "Activity", lambda desk, console: ActivityPanel(desk, console.history),
             Area.LOW, _go("A&ctivity and audit", "Go to the audit trail", "history",
                           "F12", "Ctrl+7")),
    PanelRow("masters", "Master's orders",
             lambda desk, console: MastersPanel(desk, console.masters, console.market),
             Area.LOW, _go("Master's or&ders", "Go to the orders that masters place elsewhere",
                           "eye", "Ctrl+9")),
    PanelRow("notices", "Notices", lambda desk, _: NoticeCentre(desk),
             Area.LOW, _go("&Notices", "Go to the notice centre", "bell", "Ctrl+8")),
)  # fmt: skip
GO_TO = {row.act: row.go for row in PANELS}
"""The actions that lead to the panels."""


class Panels:
    """The panels of one window, each made once and standing in its place."""

    def __init__(self, window: QMainWindow, desk: Desk, console: Console) -> None:
        self._window = window
        self._made = {row: row.make(desk, console) for row in PANELS}
        self.docks: dict[str, Dock] = {}
        for row, panel in self._made.items():
            if row.area is Area.MIDDLE:
                window.setCentralWidget(panel)
                panel.put_in_front(True)
            else:
                self.docks[row.name] = self._docked(row, panel, desk)
            desk.actions.on(row.act, partial(self.go, panel))
        self.one(PositionsPanel).reported.connect(self.one(ProfitsPanel).show_report)

    def __iter__(self) -> Iterator[Panel]:
        return iter(self._made.values())

    def heard_by(self, *, heavy: bool) -> list[Taker]:
        """Who takes news at once, or in turns."""
        return [panel.on_events for row, panel in self._made.items() if row.heavy is heavy]

    def one(self, kind: type[P]) -> P:
        """The panel of this class."""
        return next(panel for panel in self if isinstance(panel, kind))

    def show(self, panel: Panel) -> None:
        """Show a panel and raise it among its tabs."""
        dock = panel.parent()
        if isinstance(dock, Dock):
            dock.show()
            dock.raise_()

    def go(self, panel: Panel) -> None:
        """Show a panel and give it the keys."""
        self.show(panel)
        panel.take_focus()

    def arrange(self) -> None:
        """Put every dock where it stands at first."""
        areas: dict[Area, list[Dock]] = defaultdict(list)
        for row in PANELS:
            if row.name in self.docks:
                areas[row.area].append(self.docks[row.name])
        arrange(self._window, areas)
        for row in PANELS:
            if row.name in self.docks:
                self.docks[row.name].setVisible(row.shown)

    def _docked(self, row: PanelRow, panel: Panel, desk: Desk) -> Dock:
        dock = Dock(row.name, row.title, panel, desk.icons, self._window)
        panel.titled.connect(dock.setWindowTitle)
        dock.visibilityChanged.connect(panel.put_in_front)
        for moved in (dock.visibilityChanged, dock.dockLocationChanged, dock.topLevelChanged):
            moved.connect(self._on_docks_moved)
        return dock

    def _on_docks_moved(self, *_: object) -> None:
        for dock in self.docks.values():
            dock.refresh_title(self._window)
