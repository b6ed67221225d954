"""Closing the day: how far the last reads have come, what is still open, and the seal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QProgressBar, QWidget

from copytrade_gui.domain.day import DayReport, DayStep
from copytrade_gui.services.day_words import day_lines
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.widgets.label import PlainLabel


class DayEndDialog(ConsoleDialog):
    """Checks when it opens. Nothing is sent to the broker but reads; closing it stops nothing."""

    def __init__(self, parent: QWidget, desk: Desk, trading: TradingVerbs) -> None:
        super().__init__(parent, f"Close the day - {desk.mode_word}", "day_end")
        self.resize(700, 480)
        self._desk = desk
        self._trading = trading
        self._report: DayReport | None = None
        self.verdict = self.add_text("", style="heading")
        self.verdict.setObjectName("day_verdict")
        self.bar = QProgressBar()
        self.bar.setObjectName("day_progress")
        self.bar.setAccessibleName("Accounts read")
        self.bar.setTextVisible(False)
        self.box.addWidget(self.bar)
        self.counted = PlainLabel()
        self.counted.setObjectName("day_counted")
        self.counted.setProperty("role", "muted")
        self.box.addWidget(self.counted)
        self.text = QPlainTextEdit()
        self.text.setObjectName("day_text")
        self.text.setAccessibleName("What the check found")
        self.text.setReadOnly(True)
        self.text.setPlaceholderText("What is found appears here.")
        self.box.addWidget(self.text, 1)
        self.close_button = self.make_button("Close", "day_close")
        self.close_button.clicked.connect(self.reject)
        self.close_button.setDefault(True)
        self.again = self.make_button("Check again", "day_again")
        self.again.clicked.connect(self._on_again)
        self.seal = self.make_button("Seal as it is", "day_seal", kind="danger")
        self.seal.clicked.connect(self._on_seal)
        self.seal.hide()
        self.sheets = self.make_button("Sheets", "day_sheets")
        self.sheets.clicked.connect(desk.actions[Act.DAY_SHEETS].trigger)
        self.add_buttons([self.close_button, self.sheets, self.again, self.seal])

    def check(self, accepted: Sequence[str] = ()) -> None:
        """Read every account once more; ``accepted`` differences keep the day open no longer."""
        self.verdict.setText(
            "Every account that traded today is read once more. Nothing is sent. If nothing is "
            "open, the day is sealed."
        )
        self.text.clear()
        self.counted.setText("Waiting for the first account")
        self.bar.show()
        self.bar.setRange(0, 0)
        self.begin(
            self._desk.tasks,
            self._check(accepted),
            name="close the day",
            on_error=self._failed,
            buttons=[self.again, self.seal],
        )

    def show_step(self, step: DayStep) -> None:
        """So many accounts are read."""
        if not self.busy(self.again):
            return  # a check that the program makes by itself
        self.bar.setRange(0, max(1, step.of))
        self.bar.setValue(step.done)
        self.counted.setText(
            f"{figures.whole(step.done)} of {figures.plural(step.of, 'account')} read"
        )

    def show_report(self, report: DayReport) -> None:
        """What came of it."""
        if self.over:
            return  # the window tells it
        self._report = report
        verdict, *rest = day_lines(report)
        self.verdict.setText(verdict)
        self.text.setPlainText("\n".join(rest).strip())
        self.bar.hide()
        self.counted.setText(f"Checked at {figures.clock(report.checked_ns)} IST")
        only_differ = report.seal is None and not report.blocked
        self.seal.setVisible(only_differ)
        self.seal.setText(f"Seal with {figures.plural(len(report.differences), 'difference')}")
        self.grow()

    async def _check(self, accepted: Sequence[str]) -> None:
        self.show_report(await self._trading.end_of_day(accepted))

    def _on_again(self) -> None:
        if self.may_press(self.again):
            self.check()

    def _on_seal(self) -> None:
        if self.may_press(self.seal) and self._report is not None:
            self.check(self._report.differences)

    def _failed(self, sentence: str) -> None:
        if self.over:
            self._desk.notices.warn(sentence)
            return
        self.verdict.setText(sentence)
        self.bar.hide()
        self.counted.setText("Not checked")
        self.grow()
