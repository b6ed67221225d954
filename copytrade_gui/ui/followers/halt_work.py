"""Accounts that are stopped alone: the way into it, the band that says so, and the way out."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.followers.lift_halt import LiftHaltDialog
from copytrade_gui.ui.stops.stop_some import StopSomeWork
from copytrade_gui.ui.widgets.bands import Band, Bands


class HaltWork(QObject):
    """Shows every account that is stopped alone, and lifts the stops of those that are chosen."""

    def __init__(
        self,
        desk: Desk,
        trading: TradingVerbs,
        panel: FollowersPanel,
        bands: Bands,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._trading = trading
        self._panel = panel
        self._bands = bands
        self._window = window
        self.stop_some = StopSomeWork(desk, trading, panel.selected, window)
        desk.actions.on(Act.LIFT_HALT, lambda: self._open(self._chosen()))
        desk.roster.changed.connect(self._refresh)
        desk.roster.status_changed.connect(self._refresh)
        panel.table.view.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        self._refresh()

    def _chosen(self) -> list[Account]:
        """The selected followers that are stopped; with nothing selected the first that is."""
        stopped = self._stopped()
        selected = self._panel.selected()
        if not selected:
            return stopped[:1]
        ids = {account.account_id for account in selected}
        chosen = [account for account in stopped if account.account_id in ids]
        # The master has no row of its own to select.
        return chosen or [account for account in stopped if account.master][:1]

    def _refresh(self) -> None:
        self._desk.actions[Act.LIFT_HALT].setEnabled(bool(self._chosen()))
        stopped = self._stopped()
        if not stopped:
            self._bands.clear_band("halts")
            return
        first = stopped[0]
        who = f"Master {first.name}" if first.master else first.name
        others = len(stopped) - 1
        verb = "is" if others == 1 else "are"
        more = f" {figures.plural(others, 'other account')} {verb} stopped too." if others else ""
        status = self._desk.roster.status(first.account_id)
        what = "is HALTED, nothing is sent to it." if status.halted else "copies exits only."
        sentence = f"{who} {what} {status.stopped}{more}"
        button = ("Lift halt", lambda: self._open(self._stopped()[:1]))
        kind = "bad" if status.halted else "warn"
        self._bands.show_band("halts", Band(kind, sentence, (button,)))

    def _stopped(self) -> list[Account]:
        return list(self._desk.roster.stopped())

    def _open(self, accounts: list[Account]) -> None:
        if accounts and not bring_back(self._window, "lift_halt"):
            status = self._desk.roster.status
            first, *others = [(one, status(one.account_id)) for one in accounts]
            dialog = LiftHaltDialog(self._window, self._desk, self._trading, *first, others)
            self._desk.tasks.start(self._ask(dialog), name="lift halt")

    async def _ask(self, dialog: LiftHaltDialog) -> None:
        if await dialog.ask():
            (first, *others) = dialog.names
            words = f"{first} goes on: its stop is lifted."
            if others:
                words = f"{figures.plural(len(dialog.names), 'account')} go on: lifted."
            self._desk.notices.info(words)
