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
    """Opens the form for all accounts, or for the one that is selected."""

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
        desk.actions.on(Act.LIMITS, lambda: self._open(None))
        desk.actions.on(Act.FOLLOWER_LIMITS, self._open_selected)

    def _open_selected(self) -> None:
        chosen = self._selected()
        if len(chosen) == 1:
            self._open(chosen[0])

    def _open(self, account: Account | None) -> None:
        if not bring_back(self._window, "limits"):
            self._desk.tasks.start(self._ask(account), name="limits")

    async def _ask(self, account: Account | None) -> None:
        shown = await self._verbs.limits()
        if await LimitsDialog(self._window, self._desk, self._verbs, shown, account).ask():
            whose = "all accounts" if account is None else account.name
            self._desk.notices.info(f"The limits of {whose} are set, from the next order on.")
