"""Squaring off: what would be closed before it is, and its report until nothing is left."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from msgspec import structs
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QProgressBar,
    QWidget,
)

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.square_off import OVER, Leg, Line, Scope, SquareOffReport
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.square_off_verbs import (
    SquareOffPreview,
    SquareOffVerbs,
)
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog, answer_of
from copytrade_gui.ui.positions.square_off_asks import OutOfStop, OwnersToo
from copytrade_gui.ui.positions.square_off_rows import LEG_COLUMNS, LINE_COLUMNS
from copytrade_gui.ui.tables.columns import natural
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.label import PlainLabel

_NAMED = 4
SIZE = (1080, 460)
_LOOK_MS = 500
_WHAT_IT_DOES = (
    "Closes what copies hold, at the market with a protected price. What masters hold is not "
    "touched, nor is what owners hold themselves unless you choose it below. "
)
_WHOLE = "Copies that work there are cancelled first."
_PART = "What copies other orders or other masters stays, and so do its working orders."


class SquareOffDialog(ConsoleDialog):
    """The preview, read again while it stands there; its verb begins the square-off."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        verbs: SquareOffVerbs,
        scope: Scope,
        words: str,
        *,
        command: CommandId | None = None,
    ) -> None:
        super().__init__(parent, f"Square off - {desk.mode_word}", "square_off")
        self.resize(*SIZE)
        self._desk = desk
        self._verbs = verbs
        self._scope = scope
        self._asking = False
        self._blocked_by = ""
        self.command = command or CommandId(uuid.uuid4().hex)
        self.add_text(f"Square off {words}", style="heading").setObjectName("square_off_words")
        self.add_text(_WHAT_IT_DOES + (_PART if any(one.keep for one in scope) else _WHOLE))
        self.model: RowsModel[Line] = RowsModel(LINE_COLUMNS, lambda r: r.key, parent=self)
        self.table: DataTable[Line] = DataTable(
            desk, "square_off_lines", self.model, LINE_COLUMNS, label="To be closed",
            noun="position",
        )  # fmt: skip
        self.table.say_when_empty("Nothing is held there.")
        self.box.addWidget(self.table, 1)
        self.sum = self.add_text("Reading what is held.")
        self.sum.setObjectName("square_off_sum")
        self.own = OwnersToo()
        self.own.box.setChecked(any(one.owners for one in scope))
        self.own.box.toggled.connect(self._on_owners)
        self.box.addWidget(self.own)
        self.out_of_stop = OutOfStop()
        self.out_of_stop.hide()
        self.box.addWidget(self.out_of_stop)
        self.problem = PlainLabel()
        self.problem.setObjectName("square_off_problem")
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.box.addWidget(self.problem)
        self.back = self.make_button("Back", "square_off_back")
        self.back.clicked.connect(self.reject)
        self.verb = self.make_button("Square off", "square_off_verb", kind="danger")
        self.verb.setEnabled(False)
        self.verb.clicked.connect(self._on_verb)
        self.add_buttons([self.back, self.verb])
        self.back.setFocus()
        self._looks = QTimer(self)
        self._looks.setInterval(2 * _LOOK_MS)
        self._looks.timeout.connect(self.look)
        self.finished.connect(self._looks.stop)

    async def ask_for(self) -> CommandId | None:
        """Show it and wait: the command that began the square-off, None if it was left."""
        self.present()
        self.look()
        self._looks.start()
        return await answer_of(self, lambda: self.command)

    def look(self) -> None:
        """Read what would be closed now."""
        if not self._asking and not self.over:
            self._asking = self.begin(
                self._desk.tasks,
                self._preview(),
                name="square-off preview",
                on_error=self.show_problem,
            )

    async def _preview(self) -> None:
        try:
            self.show_preview(await self._verbs.preview(self._scope))
        finally:
            self._asking = False

    def show_preview(self, preview: SquareOffPreview) -> None:
        """Show what would be closed, and let it be begun if anything can be sent."""
        gone = {line.key for line in self.model.rows()} - {line.key for line in preview.lines}
        if gone:
            self.model.reset(preview.lines)
        else:
            self.model.upsert(preview.lines)
        self.sum.setText(sum_words(preview))
        self.out_of_stop.show_stop(preview.stopped)
        first = not self.verb.isEnabled()
        may = bool(preview.units) and not preview.blocked_by
        self.verb.setText(f"Square off {figures.plural(preview.units, 'unit')}")
        self.verb.setEnabled(may)
        if may and first:
            self.verb.setDefault(True)
            self.out_of_stop.first(otherwise=self.own.first(otherwise=self.verb)).setFocus()
        if preview.blocked_by or self.problem.text() == self._blocked_by:
            self.show_problem(preview.blocked_by)  # what was said of the last press stays
        self._blocked_by = preview.blocked_by

    def _on_owners(self, of_all: bool) -> None:
        self._scope = tuple(structs.replace(one, owners=of_all) for one in self._scope)
        self.sum.setText("Reading what is held.")
        self.verb.setEnabled(False)
        self.grow()
        self.look()

    def _on_verb(self) -> None:
        if not self.may_press(self.verb):
            return
        self._looks.stop()
        self.show_problem("")
        self.begin(
            self._desk.tasks,
            self._begin(),
            name="square off",
            on_error=self._failed,
            buttons=[self.verb],
        )

    async def _begin(self) -> None:
        try:
            asked = self.out_of_stop
            await self._verbs.begin(
                self._scope,
                self.command,
                asked.reason.text(),
                asked.word.text(),
                self.own.word.text(),
            )
        except RefusedError as refusal:
            self.command = CommandId(uuid.uuid4().hex)  # the next press is another one
            self._failed(refusal.sentence)
            self.out_of_stop.focus(refusal.field)
            if refusal.field == "own":
                self.own.word.setFocus()
            return
        self.accept()

    def _failed(self, sentence: str) -> None:
        if self.over:
            self._desk.notices.warn(f"Nothing was squared off. {sentence}")
            return
        self._looks.start()
        self.show_problem(sentence)

    def show_problem(self, sentence: str) -> None:
        """Say why nothing is squared off now, or nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.grow()


class SquareOffReportDialog(ConsoleDialog):
    """The report while it runs and when it is over; closing it stops nothing.

    ``accepted`` means: square off what is left (``left``).
    """

    def __init__(
        self, parent: QWidget, desk: Desk, verbs: SquareOffVerbs, command: CommandId
    ) -> None:
        super().__init__(parent, f"Square-off report - {desk.mode_word}", "square_off_report")
        self.resize(*SIZE)
        self._desk = desk
        self._verbs = verbs
        self._command = command
        self._asking = False
        self.left: Scope = ()
        self.verdict = self.add_text("Squaring off.", style="heading")
        self.verdict.setObjectName("square_off_verdict")
        self.bar = QProgressBar()
        self.bar.setObjectName("square_off_progress")
        self.bar.setAccessibleName("Positions that are over")
        self.bar.setTextVisible(False)
        self.box.addWidget(self.bar)
        self.model: RowsModel[Leg] = RowsModel(LEG_COLUMNS, lambda r: r.key, parent=self)
        self.table: DataTable[Leg] = DataTable(
            desk, "square_off_legs", self.model, LEG_COLUMNS, label="Square-off report",
            noun="position",
        )  # fmt: skip
        self.box.addWidget(self.table, 1)
        self.proof = self.add_text("")
        self.proof.setObjectName("square_off_proof")
        self.close_button = self.make_button("Close", "square_off_close")
        self.close_button.clicked.connect(self.reject)
        self.close_button.setDefault(True)
        self.again = self.make_button("Square off what is left", "square_off_again", kind="danger")
        self.again.clicked.connect(self.accept)
        self.again.hide()
        self.add_buttons([self.close_button, self.again])
        self.close_button.setFocus()
        self._looks = QTimer(self)
        self._looks.setInterval(_LOOK_MS)
        self._looks.timeout.connect(self.look)
        self.finished.connect(self._looks.stop)

    async def follow(self) -> Scope | None:
        """Show it and wait: what is to be squared off again, None if nothing is."""
        self.present()
        self.look()
        self._looks.start()
        return await answer_of(self, lambda: self.left)

    def look(self) -> None:
        """Ask how it stands."""
        if not self._asking and not self.over:
            self._asking = self.begin(
                self._desk.tasks, self._ask(), name="square-off report",
                on_error=lambda _words: None,
            )  # fmt: skip

    async def _ask(self) -> None:
        try:
            report = await self._verbs.report(self._command)
        finally:
            self._asking = False
        if report is not None:
            self.show_report(report)

    def show_report(self, report: SquareOffReport) -> None:
        """Show how it stands."""
        if not self.model.rows():
            self.model.reset(sorted(report.legs, key=_place))
        self.model.upsert(report.legs)
        over = sum(leg.state in OVER for leg in report.legs)
        self.bar.setRange(0, max(1, len(report.legs)))
        self.bar.setValue(over)
        self.verdict.setText(verdict_words(report))
        self.proof.setText(proof_words(report))
        self.left = tuple(leg.chosen for leg in report.left)
        self.bar.setHidden(report.over)
        self.again.setVisible(report.over and bool(self.left))
        if report.over and all(leg.state in OVER for leg in report.legs):
            self._looks.stop()
        self.grow()


def _place(leg: Leg) -> tuple[str, str]:
    return natural(leg.instrument.symbol), natural(leg.account)


def sum_words(preview: SquareOffPreview) -> str:
    """What all orders come to, and who gets none."""
    lines: Sequence[Line] = preview.lines
    if not lines:
        return "Nothing is held there."
    orders = sum(bool(line.units) for line in lines)
    words = (
        f"{figures.plural(orders, 'order')} in {figures.plural(preview.accounts, 'account')}: "
        f"{figures.plural(preview.units, 'unit')}, worth {figures.amount(preview.value)} at "
        "the worst prices."
    )
    if preview.unpriced:
        verb = "is" if preview.unpriced == 1 else "are"
        without = figures.plural(preview.unpriced, "order")
        words += f" {without} without a price {verb} not in it."
    none = len(lines) - orders
    if none:
        words += f" No order is sent for {figures.plural(none, 'position')}; the list says why."
    working = sum(line.orders for line in lines)
    if working:
        words += f" {figures.plural(working, 'order')} of copies to cancel first."
    return words


def verdict_words(report: SquareOffReport) -> str:
    """The report's heading."""
    if report.broken_off and report.left:
        return broken_words(report)
    if not report.over:
        over = sum(leg.state in OVER for leg in report.legs)
        return f"Squaring off: {figures.whole(over)} of {figures.whole(len(report.legs))} are over."
    return "Nothing is left." if not report.left else "Not all of it is closed."


def broken_words(report: SquareOffReport) -> str:
    """What broke it off."""
    begun = figures.clock(report.began_ns)
    why = "by a stop" if report.stopped else "when the program ended"
    return f"The square-off of {begun} IST was broken off {why}."


def left_words(report: SquareOffReport) -> str:
    """``Asha +20 INFY-EQ, Ravi -75 NIFTY...``: who is left with what, the first few."""
    names = [
        f"{leg.account} {figures.signed(leg.left)} {leg.instrument.symbol}" for leg in report.left
    ]
    return listed(names, _NAMED)


def proof_words(report: SquareOffReport) -> str:
    """What is closed and left, and what that rests on."""
    words = f"{report.in_words}"
    if report.cancelled:
        words += f" {figures.plural(report.cancelled, 'order')} of copies cancelled first."
    return f"{words} Begun at {figures.clock(report.began_ns)} IST."
