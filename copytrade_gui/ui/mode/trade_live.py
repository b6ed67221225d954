"""The checklist before live is opened: each line with how it stands and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QCheckBox, QWidget

from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.modes import LiveCheck, Standing, lacking
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.widgets.check_lines import check_lines

_WIDTH = 760
_WORDS = {Standing.OK: "✓ Ready", Standing.LACKS: "✗ Missing", Standing.NOTE: "Note"}
_READY = "Nothing is missing. The choice holds from the next start on, until you go back to paper."
_NOT_READY = (
    "Live can be opened for one start, to enrol accounts and enter what is missing: an account "
    "without basis, secret or login sends no order that opens."
)


_NEXT = {
    Mode.PAPER: " The start after it is paper again.",
    Mode.LIVE: " Live is stored already, so the start after it is LIVE too.",
}


class TradeLiveDialog(ConsoleDialog):
    """``store`` stores live for the next starts; ``chose_once``: open it for one start alone.

    ``chosen``: what the next start opens so far.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        checks: Sequence[LiveCheck],
        store: Callable[[], Awaitable[object]],
        *,
        chosen: Mode = Mode.PAPER,
    ) -> None:
        super().__init__(parent, f"Trade live - {desk.mode_word}", "trade_live")
        self.setMinimumWidth(_WIDTH)
        self._desk = desk
        self._store = store
        self.chose_once = False
        ready = not lacking(checks)
        self.box.addLayout(check_lines(checks, _WORDS))
        self.add_text(_READY if ready else _NOT_READY + _NEXT[chosen])
        self.agreed = QCheckBox("I have looked at the limits; live orders are &real and cost money")
        self.agreed.setObjectName("trade_live_agreed")
        self.agreed.setEnabled(ready)
        self.box.addWidget(self.agreed)
        self.problem = self.add_text("", style="problem")
        self.problem.hide()
        self.back = self.make_button("Not now", "trade_live_back")
        self.back.clicked.connect(self.reject)
        self.once = self.make_button("Open live once", "trade_live_once")
        self.once.clicked.connect(self._on_once)
        self.once.setVisible(desk.paper)
        words = "Store and open live" if desk.paper else "Store live"
        self.always = self.make_button(words, "trade_live_always", kind="danger")
        self.always.setEnabled(False)
        self.always.clicked.connect(self._on_always)
        self.agreed.toggled.connect(self.always.setEnabled)
        self.add_buttons([self.back, self.once, self.always])
        self.back.setDefault(True)
        self.back.setFocus()

    def _on_once(self) -> None:
        self.chose_once = True
        self.accept()

    def _on_always(self) -> None:
        if self.may_press(self.always):
            self.begin(
                self._desk.tasks, self._save(), name="store live", buttons=[self.always, self.once]
            )

    async def _save(self) -> None:
        try:
            await self._store()
        except RefusedError as refusal:
            self.problem.setText(str(refusal))
            self.problem.show()
            self.grow()
            return
        self.accept()
