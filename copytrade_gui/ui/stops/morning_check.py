"""How the morning stands, to look at as often as one likes; it arms and stops nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from copytrade_gui.services.modes import LiveCheck
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.stops.morning import STANDS, WIDE, Morning, verdict
from copytrade_gui.ui.widgets.check_lines import check_lines


class MorningDialog(ConsoleDialog):
    """The verdict and its lines; *Look again* brings them up to date."""

    def __init__(
        self, parent: QWidget, desk: Desk, morning: Morning, checks: Sequence[LiveCheck]
    ) -> None:
        super().__init__(parent, f"Morning check - {desk.mode_word}", "morning")
        self.setMinimumWidth(WIDE)
        self._desk = desk
        self._morning = morning
        self.verdict = self.add_text("", style="heading")
        self._lines = QWidget()
        self.box.addWidget(self._lines)
        self.box.addStretch(1)
        self.close_button = self.make_button("Close", "morning_close")
        self.close_button.clicked.connect(self.reject)
        self.again = self.make_button("Look again", "morning_again", kind="primary")
        self.again.clicked.connect(self._on_again)
        self.add_buttons([self.close_button, self.again])
        self.again.setDefault(True)
        self.again.setFocus()
        self._show(checks)

    def _show(self, checks: Sequence[LiveCheck]) -> None:
        self.verdict.setText(verdict(checks))
        before, self._lines = self._lines, QWidget()
        grid = check_lines(checks, STANDS)
        grid.setContentsMargins(0, 0, 0, 0)
        self._lines.setLayout(grid)
        self.box.replaceWidget(before, self._lines)
        before.deleteLater()
        if self.isVisible():
            self.grow()

    def _on_again(self) -> None:
        if self.may_press(self.again):
            self.begin(self._desk.tasks, self._look(), name="look again", buttons=[self.again])

    async def _look(self) -> None:
        self._show(await self._morning.checks())
