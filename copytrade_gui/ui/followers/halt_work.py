"""Accounts that are stopped alone: the band that says so, and the way to lift a stop."""

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
from copytrade_gui.ui.widgets.bands import Band, Bands


class HaltWork(QObject):
    """Shows every account that is stopped alone, and lifts one stop at a time."""

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
        desk.actions.on(Act.LIFT_HALT, lambda: self._open(self._chosen()))
        desk.roster.changed.connect(self._refresh)
        desk.roster.status_changed.connect(self._refresh)
        panel.table.view.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        self._refresh()

    def _chosen(self) -> Account | None:
        """The selected follower if it is stopped; with nothing selected the first that is."""
        stopped = self._desk.roster.stopped()
        selected = self._panel.selected()
        if not selected:
            return stopped[0] if stopped else None
        ids = {account.account_id for account in stopped}
        if len(selected) == 1 and selected[0].account_id in ids:
            return selected[0]
        # The master has no row of its own to select.
        return next((account for account in stopped if account.master), None)

    def _refresh(self) -> None:
        self._desk.actions[Act.LIFT_HALT].setEnabled(self._chosen() is not None)
        stopped = self._desk.roster.stopped()
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
        button = ("Lift halt", lambda: self._open(next(iter(self._desk.roster.stopped()), None)))
        kind = "bad" if status.halted else "warn"
        self._bands.show_band("halts", Band(kind, sentence, (button,)))

    def _open(self, account: Account | None) -> None:
        if account is not None and not bring_back(self._window, "lift_halt"):
            status = self._desk.roster.status(account.account_id)
            dialog = LiftHaltDialog(self._window, self._desk, self._trading, account, status)
            self._desk.tasks.start(self._ask(dialog), name="lift halt")

    async def _ask(self, dialog: LiftHaltDialog) -> None:
        if await dialog.ask():
            self._desk.notices.info(f"{dialog.account.name} goes on: its stop is lifted.")
