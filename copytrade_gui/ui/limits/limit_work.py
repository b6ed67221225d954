"""What the actions about limits do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.services.limit_verbs import LimitVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.limits.limits import EVERYBODY, LimitsDialog, Whose


class LimitWork(QObject):
    """Opens the forms for all accounts, for the one that is selected, or for its group."""

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
        desk.actions.on(Act.LIMITS, lambda: self._open(EVERYBODY, losses=False))
        desk.actions.on(Act.LOSS_LIMITS, lambda: self._open(EVERYBODY, losses=True))
        desk.actions.on(Act.FOLLOWER_LIMITS, lambda: self._open_selected(losses=False))
        desk.actions.on(Act.FOLLOWER_LOSSES, lambda: self._open_selected(losses=True))
        desk.actions.on(Act.GROUP_LIMITS, lambda: self._open_group(losses=False))
        desk.actions.on(Act.GROUP_LOSSES, lambda: self._open_group(losses=True))

    def _open_selected(self, *, losses: bool) -> None:
        chosen = self._selected()
        if len(chosen) == 1:
            self._open(Whose(chosen[0].name, chosen[0].account_id), losses=losses)

    def _open_group(self, *, losses: bool) -> None:
        chosen = {account.account_id for account in self._selected()}
        links = [one.link for one in self._desk.roster.followers()]
        groups = {link.group for link in links if link.follower_id in chosen}
        if len(groups) == 1 and "" not in groups:
            (group,) = groups
            self._open(Whose(f"group {group}", group_scope(group), several=losses), losses=losses)
        else:
            self._desk.notices.warn("Select followers of one group, and of no other, first.")

    def _open(self, whose: Whose, *, losses: bool) -> None:
        if not bring_back(self._window, "limits"):
            self._desk.tasks.start(self._ask(whose, losses=losses), name="limits")

    async def _ask(self, whose: Whose, *, losses: bool) -> None:
        shown, verbs = await self._verbs.limits(), self._verbs
        dialog = LimitsDialog(self._window, self._desk, verbs, shown, whose, losses=losses)
        if await dialog.ask():
            what = "loss limits" if losses else "limits"
            when = "now" if losses else "the next order"
            self._desk.notices.info(f"The {what} of {whose.name} are set, from {when} on.")
