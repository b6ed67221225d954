"""What the actions about limits do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.services.limit_verbs import LimitVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.limits.limits import LimitsDialog


class LimitWork(QObject):
    """Opens the forms for all accounts, or for the one that is selected."""

    def __init__(
        self,
        desk: Desk,
        verbs: LimitVerbs,
        selected: Callable[[], list[Account]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._verbs = verbs
        self._selected = selected
        self._window = window
        desk.actions.on(Act.LIMITS, lambda: self._open(None, losses=False))
        desk.actions.on(Act.LOSS_LIMITS, lambda: self._open(None, losses=True))
        desk.actions.on(Act.FOLLOWER_LIMITS, lambda: self._open_selected(losses=False))
        desk.actions.on(Act.FOLLOWER_LOSSES, lambda: self._open_selected(losses=True))

    def _open_selected(self, *, losses: bool) -> None:
        chosen = self._selected()
        if len(chosen) == 1:
            self._open(chosen[0], losses=losses)

    def _open(self, account: Account | None, *, losses: bool) -> None:
        if not bring_back(self._window, "limits"):
            self._desk.tasks.start(self._ask(account, losses=losses), name="limits")

    async def _ask(self, account: Account | None, *, losses: bool) -> None:
        shown, verbs = await self._verbs.limits(), self._verbs
        dialog = LimitsDialog(self._window, self._desk, verbs, shown, account, losses=losses)
        if await dialog.ask():
            whose = "all accounts" if account is None else account.name
            what = "loss limits" if losses else "limits"
            when = "now" if losses else "the next order"
            self._desk.notices.info(f"The {what} of {whose} are set, from {when} on.")
