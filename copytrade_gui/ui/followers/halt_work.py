"""Accounts that are halted alone: the band that says so, and the way to lift a halt."""

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
    """Shows every halted account, masters first, and lifts one halt at a time."""

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
        """The selected follower if it is halted; with nothing selected the first halted account."""
        halted = self._desk.roster.halted()
        selected = self._panel.selected()
        if not selected:
            return halted[0] if halted else None
        ids = {account.account_id for account in halted}
        if len(selected) == 1 and selected[0].account_id in ids:
            return selected[0]
        # The master has no row of its own to select.
        return next((account for account in halted if account.master), None)

    def _refresh(self) -> None:
        self._desk.actions[Act.LIFT_HALT].setEnabled(self._chosen() is not None)
        halted = self._desk.roster.halted()
        if not halted:
            self._bands.clear_band("halts")
            return
        first = halted[0]
        who = f"Master {first.name}" if first.master else first.name
        others = len(halted) - 1
        verb = "is" if others == 1 else "are"
        more = f" {figures.plural(others, 'other account')} {verb} halted too." if others else ""
        reason = self._desk.roster.status(first.account_id).halted
        sentence = f"{who} is HALTED, nothing is sent to it. {reason}{more}"
        button = ("Lift halt", lambda: self._open(next(iter(self._desk.roster.halted()), None)))
        self._bands.show_band("halts", Band("bad", sentence, (button,)))

    def _open(self, account: Account | None) -> None:
        if account is not None and not bring_back(self._window, "lift_halt"):
            status = self._desk.roster.status(account.account_id)
            dialog = LiftHaltDialog(self._window, self._desk, self._trading, account, status)
            self._desk.tasks.start(self._ask(dialog), name="lift halt")

    async def _ask(self, dialog: LiftHaltDialog) -> None:
        if await dialog.ask():
            self._desk.notices.info(f"The halt of {dialog.account.name} is lifted.")
