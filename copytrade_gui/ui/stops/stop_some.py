"""Only exits, HALT and KILL of accounts or of a group alone: whom, why, and what it does there."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import answer_of, bring_back
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.stops.whom import Whom, choices

_ACTS = {
    Act.SOME_ONLY_EXITS: TradingState.REDUCE,
    Act.SOME_HALT: TradingState.HALT,
    Act.SOME_KILL: TradingState.KILL,
}
_WORDS = {
    TradingState.REDUCE: "Only exits",
    TradingState.HALT: "Halt",
    TradingState.KILL: "Kill",
}
_MEANS = {
    TradingState.REDUCE: "Only what reduces positions leaves there; whatever opens is not sent, "
    "also what waits. Open orders stay at the broker.",
    TradingState.HALT: "Nothing leaves there but cancels. Open orders stay at the broker: as long "
    "as it lasts they can be cancelled, and follow no change.",
    TradingState.KILL: "They are halted at once. The next panel shows what is open there and "
    "begins to cancel it; it ends when the broker's books show none. Copies of a master's order "
    "that is cancelled are cancelled with it, in every account.",
}
_OTHERS = "Every other account goes on. It lasts until you lift it with a reason (Lift halt)."


class StopSomeDialog(FormDialog):
    """Asks whom a stop is about, and why; the stop holds before the dialog closes."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        state: TradingState,
        whom: Sequence[Whom],
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"{_WORDS[state]}: some accounts - {desk.mode_word}",
            "stop_some",
            verb="Halt, then kill..." if state is TradingState.KILL else _WORDS[state],
            save=self._stop,
        )
        self.setMinimumWidth(540)
        self._trading, self._state = trading, state
        self._command = CommandId(uuid.uuid4().hex)
        self._whom = tuple(whom)
        for place, (text, style) in enumerate(((_MEANS[state], ""), (_OTHERS, "muted"))):
            self.box.insertWidget(place, self.add_text(text, style=style))
        self.choice = QComboBox()
        self.choice.addItems([one.name for one in self._whom])
        self.add_field("whom", "&Whom", self.choice)
        self.reason = QLineEdit()
        self.add_field("reason", "&Reason", self.reason, hint="Goes into the audit trail.")
        self.finish_form()
        self.reason.setFocus()

    @property
    def whom(self) -> Whom:
        """Who is chosen."""
        return self._whom[self.choice.currentIndex()]

    @property
    def why(self) -> str:
        """The reason as typed, or what was pressed: a stop never waits for words."""
        return self.reason.text().strip() or f"pressed {_WORDS[self._state]}"

    async def _stop(self) -> None:
        # A KILL's first step: what it cancels is shown first, and cancelled from the next panel.
        state = TradingState.HALT if self._state is TradingState.KILL else self._state
        await self._trading.stop_some(self.whom.scopes, state, self.why, self._command)


class StopSomeWork(QObject):
    """Connects the stops of some to the verbs."""

    def __init__(
        self,
        desk: Desk,
        trading: TradingVerbs,
        selected: Callable[[], list[Account]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk, self._trading = desk, trading
        self._selected, self._window = selected, window
        for act, state in _ACTS.items():
            desk.actions.on(act, partial(self._open, state))

    def _open(self, state: TradingState) -> None:
        whom = choices(self._desk.roster, self._selected())
        if not whom:
            self._desk.notices.warn("There is no account yet. Add the master first.")
        elif not bring_back(self._window, "stop_some"):
            dialog = StopSomeDialog(self._window, self._desk, self._trading, state, whom)
            self._desk.tasks.start(self._ask(dialog, state), name=f"{state} of some")

    async def _ask(self, dialog: StopSomeDialog, state: TradingState) -> None:
        dialog.present()
        answer = await answer_of(dialog, lambda: (dialog.whom, dialog.why))
        if answer is None:
            return
        whom, why = answer
        if state is TradingState.KILL:
            guard = KillGuard(self._window, self._desk, self._trading, whom, why)
            guard.start()
            guard.present()
            return
        what = "only exits leave" if state is TradingState.REDUCE else "halted"
        self._desk.notices.info(f"{whom.name}: {what}, until you lift it.")
