"""Going between paper and live: asked, stored, and then the console is opened anew."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.modes import ModeVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.dialogs.pages import CHECKED
from copytrade_gui.ui.mode.duties import DutiesDialog
from copytrade_gui.ui.mode.trade_live import TradeLiveDialog

_LIVE_STORED = "From the next start on the console opens LIVE: real orders, real money."
_PAPER_STORED = "From the next start on the console opens PAPER TRADING."
_PAPER_ONCE = (
    "This start is PAPER TRADING because that was asked for. The next one opens LIVE, as stored; "
    "Console > Back to paper there takes that back."
)
_BACK = (
    "From the next start on the console opens paper. It closes now and opens on paper; what works "
    "or is held at the broker stays there, and while live is closed nothing is copied there. The "
    "live accounts and records stay as they are."
)


class ModeWork(QObject):
    """Where nobody can choose (a demo, the profile of paper) there are no such actions.

    ``leave`` asks what a quit asks, and then has the console opened in that mode.
    """

    def __init__(
        self,
        desk: Desk,
        modes: ModeVerbs | None,
        leave: Callable[[Mode], object],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._modes = modes
        self._leave = leave
        self._window = window
        self._duties_shown = False
        self._told = False
        desk.actions[Act.TRADE_LIVE].setVisible(modes is not None and desk.paper)
        desk.actions[Act.BACK_TO_PAPER].setVisible(modes is not None and not desk.paper)
        desk.actions.on(Act.TRADE_LIVE, self._begin_live)
        desk.actions.on(Act.BACK_TO_PAPER, self._begin_paper)

    async def load(self) -> None:
        """What is stored, where it is not what is open; in live the duties, until confirmed."""
        if self._modes is None:
            return
        if self._desk.paper:
            if not self._told and await self._modes.chosen() is Mode.LIVE:
                self._told = True
                self._desk.notices.warn(_PAPER_ONCE)
            return
        await self._show_choice(self._modes)
        if not self._duties_shown and await self._modes.duties_read() != CHECKED.isoformat():
            self._duties_shown = True
            modes = self._modes
            DutiesDialog(
                self._window, self._desk, lambda: modes.confirm_duties(CHECKED.isoformat())
            ).present()

    async def _show_choice(self, modes: ModeVerbs) -> None:
        live_for_once = not self._desk.paper and await modes.chosen() is Mode.PAPER
        self._desk.actions[Act.TRADE_LIVE].setVisible(self._desk.paper or live_for_once)

    def _begin_live(self) -> None:
        if not bring_back(self._window, "trade_live"):
            self._desk.tasks.start(self._trade_live(), name=f"action {Act.TRADE_LIVE}")

    async def _trade_live(self) -> None:
        modes = self._modes
        if modes is None:
            return
        checks, chosen = await modes.checklist(), await modes.chosen()
        dialog = TradeLiveDialog(
            self._window, self._desk, checks, lambda: modes.choose(Mode.LIVE), chosen=chosen
        )
        once = False

        def note(_result: int) -> None:
            nonlocal once
            once = dialog.chose_once

        dialog.finished.connect(note)
        if not await dialog.ask():
            return
        if not once:
            self._desk.notices.warn(_LIVE_STORED)
            await self._show_choice(modes)
        if self._desk.paper:
            self._leave(Mode.LIVE)

    def _begin_paper(self) -> None:
        self._desk.tasks.start(self._back_to_paper(), name=f"action {Act.BACK_TO_PAPER}")

    async def _back_to_paper(self) -> None:
        if self._modes is None:
            return
        question = Question(
            self._window,
            f"Back to paper - {self._desk.mode_word}",
            _BACK,
            verb="Back to paper",
            back="Stay live",
            safe_first=True,
        )
        if not await question.ask():
            return
        await self._modes.choose(Mode.PAPER)
        self._desk.notices.info(_PAPER_STORED)
        await self._show_choice(self._modes)
        self._leave(Mode.PAPER)
