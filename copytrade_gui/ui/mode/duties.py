"""The duties of who trades live, read and confirmed at the first live start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QWidget

from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.dialogs.pages import COMPLIANCE, checked_on


class DutiesDialog(ConsoleDialog):
    """Closed without a confirmation it comes again at the next live start."""

    def __init__(
        self, parent: QWidget, desk: Desk, confirm: Callable[[], Awaitable[object]]
    ) -> None:
        super().__init__(parent, f"Your duties - {desk.mode_word}", "duties")
        self.setMinimumWidth(560)
        self._desk = desk
        self._confirm = confirm
        self.add_text("This console is live: real orders, real money.", style="heading")
        self.add_text(COMPLIANCE)
        self.add_text(checked_on(), style="muted")
        self.problem = self.add_text("", style="problem")
        self.problem.hide()
        later = self.make_button("Later", "duties_later")
        later.clicked.connect(self.reject)
        self.read = self.make_button("I have read this", "duties_read", kind="primary")
        self.read.clicked.connect(self._on_read)
        self.add_buttons([later, self.read])
        later.setDefault(True)
        later.setFocus()

    def _on_read(self) -> None:
        if self.may_press(self.read):
            self.begin(self._desk.tasks, self._save(), name="duties", buttons=[self.read])

    async def _save(self) -> None:
        try:
            await self._confirm()
        except RefusedError as refusal:
            self.problem.setText(str(refusal))
            self.problem.show()
            self.grow()
            return
        self.accept()
