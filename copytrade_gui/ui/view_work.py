"""Going places: views, tickets from rows, text size, theme, palette, pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import Side
from copytrade_gui.services.verbs import MarketVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.dialogs.pages import AboutDialog, KeysDialog
from copytrade_gui.ui.dialogs.palette import Palette
from copytrade_gui.ui.dialogs.preferences import PreferencesDialog, save_look
from copytrade_gui.ui.file_choice import SHEETS, ask_save_path
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.panels import Panels
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.ticket.order_entry import OrderEntryPanel
from copytrade_gui.ui.ticket_words import ConfirmPolicy

SCHEMES = {
    Act.THEME_DARK: Scheme.DARK,
    Act.THEME_LIGHT: Scheme.LIGHT,
    Act.THEME_SYSTEM: Scheme.SYSTEM,
}


class ViewWork(QObject):
    """Connects what moves the eye and sends nothing."""

    def __init__(
        self,
        window: QMainWindow,
        desk: Desk,
        panels: Panels,
        market: MarketVerbs,
        *,
        profile: str,
        refresh: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk
        self._panels = panels
        self._ticket_panel = panels.one(OrderEntryPanel)
        self._followers = panels.one(FollowersPanel)
        self._market = market
        self._profile = profile
        actions = self._desk.actions
        for act, scheme in SCHEMES.items():
            actions.on(act, partial(self._look, scheme=scheme))
            actions[act].setCheckable(True)
        simple: dict[Act, Callable[[], object]] = {
            Act.NEXT_PANEL: self._next_panel,
            Act.RESET_LAYOUT: panels.arrange,
            Act.FULL_SCREEN: self._full_screen,
            Act.TEXT_LARGER: lambda: self._look(percent=self._desk.theme.text_percent + 10),
            Act.TEXT_SMALLER: lambda: self._look(percent=self._desk.theme.text_percent - 10),
            Act.TEXT_RESET: lambda: self._look(percent=100),
            Act.BUY: lambda: self._ticket(Side.BUY),
            Act.SELL: lambda: self._ticket(Side.SELL),
            Act.BUY_ROW: lambda: self._ticket(Side.BUY),
            Act.SELL_ROW: lambda: self._ticket(Side.SELL),
            Act.FIND: lambda: self._with_table(lambda table: table.go_to_filter()),
            Act.COPY: lambda: self._with_table(lambda table: table.copy()),
            Act.EXPORT: lambda: self._with_table(self._export),
            Act.REFRESH: refresh,
            Act.PALETTE: self._show_palette,
            Act.PREFERENCES: self._show_preferences,
            Act.KEYS: self._show_keys,
            Act.ABOUT: self._show_about,
            Act.QUIT: window.close,
        }
        for act, call in simple.items():
            actions.on(act, call)
        self._desk.theme.changed.connect(self._tick_scheme)
        self._tick_scheme()

    # ------------------------------------------------------------ places

    def focused_table(self) -> DataTable[Any] | None:
        """The table that has the focus, or the one of the panel that has it."""
        widget: QWidget | None = QApplication.focusWidget()
        while widget is not None:
            if isinstance(widget, DataTable):
                return widget
            found = widget.findChild(DataTable)
            if isinstance(found, DataTable) and widget is not self._window:
                return found
            widget = widget.parentWidget()
        return self._followers.table

    def _next_panel(self) -> None:
        """The ring of panels in their table's order; hidden ones are left out."""
        ring = [
            (panel, place)
            for panel in self._panels
            if (place := panel.focus_place()) is not None and place.isVisible()
        ]
        focus = QApplication.focusWidget()
        mine = [n for n, (panel, _) in enumerate(ring) if focus and panel.isAncestorOf(focus)]
        if ring:
            ring[(mine[0] + 1) % len(ring) if mine else 0][1].setFocus()

    def _full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    # ------------------------------------------------------------ ticket

    def _ticket(self, side: Side) -> None:
        focus = QApplication.focusWidget()
        under = [p.selected_instrument() for p in self._panels if focus and p.isAncestorOf(focus)]
        self._panels.show(self._ticket_panel)
        self._ticket_panel.open(side, under[0] if under else None)

    def _on_instrument(self, instrument: Instrument) -> None:
        self._ticket_panel.open(self._ticket_panel.side, instrument)

    # ------------------------------------------------------------ looks and pages

    def _look(self, *, scheme: Scheme | None = None, percent: int | None = None) -> None:
        self._desk.theme.apply(scheme, text_percent=percent)
        save_look(self._desk.theme, self._desk.memory)

    def _tick_scheme(self) -> None:
        for act, scheme in SCHEMES.items():
            self._desk.actions[act].setChecked(self._desk.theme.scheme is scheme)

    def _show_keys(self) -> None:
        if not bring_back(self._window, "keys"):
            KeysDialog(self._window, self._desk).present()

    def _show_about(self) -> None:
        if not bring_back(self._window, "about"):
            AboutDialog(self._window, self._desk, self._profile).present()

    def _show_preferences(self) -> None:
        if not bring_back(self._window, "preferences"):
            PreferencesDialog(self._window, self._desk, self._on_policy).present()

    def _on_policy(self, policy: ConfirmPolicy) -> None:
        self._ticket_panel.policy = policy

    def _show_palette(self) -> None:
        if bring_back(self._window, "palette"):
            return
        Palette(
            self._window,
            self._desk,
            self._market,
            on_instrument=self._on_instrument,
            on_follower=self._on_follower,
        ).present()

    def _on_follower(self, name: str) -> None:
        self._followers.table.filter.setText(name)
        self._followers.take_focus()

    def _with_table(self, call: Callable[[DataTable[Any]], object]) -> None:
        table = self.focused_table()
        if table is not None:
            call(table)

    def _export(self, table: DataTable[Any]) -> None:
        self._desk.tasks.start(self._export_to_file(table), name="export table")

    async def _export_to_file(self, table: DataTable[Any]) -> None:
        name = f"{table.view.objectName().replace('_', '-')}.xlsx"
        path = await ask_save_path(self._window, "Export table", name, SHEETS)
        if path is not None:
            await table.export(path)
