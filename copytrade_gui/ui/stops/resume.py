"""Coming back from a stop, to copying or to exits alone: a reason, and after a KILL the word.

The live day is armed here as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.trading_state import NOT_ARMED, StateChange, TradingState
from copytrade_gui.services.modes import LiveCheck
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.activity.activity_words import STATES
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.stops.morning import STANDS, WIDE, verdict
from copytrade_gui.ui.widgets.check_lines import check_lines

_THEN = {
    False: "After this, master orders are copied again; orders missed meanwhile are not sent.",
    True: "After this, what reduces positions leaves again, and whatever opens is denied until you "
    "resume; exits missed meanwhile are not sent.",
}


_ARM = "Each day begins so. Until you arm it exits and square-offs leave, and nothing is opened."


class ResumeDialog(FormDialog):
    """Says who stopped trading, when and why, and asks what ends it.

    ``into`` is ACTIVE, or REDUCE: then only what reduces leaves. ``checks`` say how the morning
    stands where the day is armed.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        change: StateChange,
        into: TradingState = TradingState.ACTIVE,
        checks: Sequence[LiveCheck] = (),
    ) -> None:
        exits = into is TradingState.REDUCE
        arms = change.not_armed and not exits
        verb = "Only exits" if exits else "Arm live trading" if arms else "Resume copying"
        name = "only_exits" if exits else "resume"
        super().__init__(
            parent, desk, f"{verb} - {desk.mode_word}", name, verb=verb, save=self._resume
        )
        self._leave = trading.only_exits if exits else trading.resume
        why = f" ({change.reason})" if change.reason else ""
        words = (
            f"{STATES[change.state]} since {figures.clock(change.at_ns)} IST, by "
            f"{read_actor(change.actor).in_a_sentence}{why}."
        )
        begins = f"{NOT_ARMED} {_ARM}" if arms else words
        self.box.insertWidget(0, self.add_text(f"{begins} {_THEN[exits]}"))
        if checks:
            self.setMinimumWidth(WIDE)
            self.box.insertWidget(1, self.add_text(verdict(checks), style="heading"))
            self.box.insertLayout(2, check_lines(checks, STANDS))
        self.reason = QLineEdit("Armed for the day." if arms else "")
        self.add_field("reason", "&Reason", self.reason, hint="Goes into the audit trail.")
        self.word: QLineEdit | None = None
        if change.state is TradingState.KILL:
            self.word = QLineEdit()
            self.add_field("word", "&Word", self.word, hint="Type RESUME.")
        self.finish_form()
        self.reason.setFocus()

    async def _resume(self) -> None:
        word = self.word.text().strip() if self.word is not None else ""
        await self._leave(self.reason.text().strip(), word)
