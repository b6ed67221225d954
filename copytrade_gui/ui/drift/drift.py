"""The drift board: every copied position against the broker's books, and what was never copied."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftLine, DriftReport
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.drift_verbs import DriftVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.asking import Asking
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.drift.drift_rows import COLUMNS, key_of, search_text
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.segments import Segments

EMPTY = "Nothing is copied now. Positions appear here with the first fill of a copy."
ACTS = (Act.CATCH_UP, Act.CLOSE_DRIFT, Act.IGNORE_DRIFT, Act.DISARM_DRIFT)


class DriftPanel(Panel):
    """Asks once a second, shown or not: the followers' table shows it too.

    ``reported``: there is a newer report; ``looked``: it was asked for, newer or not.
    ``drift_work.py`` does what the buttons say.
    """

    reported = Signal(object)
    looked = Signal()

    def __init__(self, desk: Desk, drift: DriftVerbs) -> None:
        super().__init__()
        self.setObjectName("drift_panel")
        self._desk = desk
        self._drift = drift
        self._report: DriftReport | None = None
        self.model: RowsModel[DriftLine] = RowsModel(
            COLUMNS, key_of, search=search_text, parent=self
        )
        self.table: DataTable[DriftLine] = DataTable(
            desk, "drift", self.model, COLUMNS, label="Drift", noun="position"
        )
        self.table.say_when_empty("Not compared yet. It comes as soon as the engine is.")
        self.kinds: Segments[str] = Segments(
            "drift_kinds",
            [("", "All", "Every copied position, and what was missed whole"),
             ("§off", "To look at", "Missing, drifting or unexplained"),
             ("§unknown", "Not known", "The broker's books do not tell yet")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        self.table.add_before_filter(self.kinds)
        for act in ACTS:
            self.table.add_tool(act, words=True)
        self.table.add_tool(Act.EXPORT)
        actions, view = desk.actions, self.table.view
        view.add_row_actions([actions[act] for act in (*ACTS, Act.COPY)])
        view.selectionModel().selectionChanged.connect(lambda *_: self._refresh_actions())
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.sums = ElidedLabel()
        self.sums.setObjectName("drift_sums")
        self.sums.setProperty("role", "foot")
        self.table.foot.insertSpacing(1, 12)
        self.table.foot.insertWidget(2, self.sums, 1)
        self._asking = Asking(desk, "drift", self._ask, self)
        self.look = self._asking.look
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self._refresh_actions()

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - the engine compares
        self._take(await self._drift.report())

    def begin(self) -> None:
        self._asking.start()

    def stop(self) -> None:
        self._asking.stop()

    def lines(self) -> tuple[DriftLine, ...]:
        """Every line of the newest report."""
        return () if self._report is None else self._report.lines

    def selected(self) -> list[DriftLine]:
        """The selected lines, from top to bottom."""
        return [self.model.row_at(index.row()) for index in self.table.view.source_rows()]

    def came(self) -> None:
        self._show()

    # ------------------------------------------------------------ inside

    async def _ask(self) -> None:
        self._take(await self._drift.report())

    def _take(self, report: DriftReport) -> None:
        first, same = self._report is None, self._report is report
        self._report = report
        if first:
            self.table.say_when_empty(EMPTY)
        if not same:
            self.reported.emit(report)
            if first or self.in_front:
                self._show()
        self.looked.emit()

    def _show(self) -> None:
        if self._report is None:
            return
        lines = self._report.lines
        if [key_of(one) for one in lines] == [key_of(one) for one in self.model.rows()]:
            self.model.upsert(lines)  # nothing came or went: nothing moves
        else:
            chosen = {key_of(line) for line in self.selected()}
            self.model.reset(lines)
            self._select(chosen)
        self.sums.setText(_sums(lines))
        self._refresh_actions()

    def _select(self, keys: set[object]) -> None:
        view = self.table.view
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for number, line in enumerate(self.model.rows()):
            if key_of(line) in keys:
                index = view.proxy.mapFromSource(self.model.index(number, 0))
                view.selectionModel().select(index, flags)

    def _refresh_actions(self) -> None:
        chosen, actions = self.selected(), self._desk.actions
        actions[Act.CATCH_UP].setEnabled(len(chosen) == 1 and len(chosen[0].masters) == 1)
        actions[Act.CLOSE_DRIFT].setEnabled(any(line.exit for line in chosen))
        actions[Act.IGNORE_DRIFT].setEnabled(any(line.trouble for line in chosen))
        actions[Act.DISARM_DRIFT].setEnabled(any(line.masters for line in chosen))


def _sums(lines: tuple[DriftLine, ...]) -> str:
    """``2 drifting, 1 unexplained, 3 not known``; empty while all are in step."""
    counts = [
        (sum(line.step is step and not line.ignored for line in lines), word)
        for step, word in (
            (Step.MISSING, "missing"),
            (Step.DRIFTING, "drifting"),
            (Step.UNEXPLAINED, "unexplained"),
            (Step.UNKNOWN, "not known"),
        )
    ]
    return ", ".join(f"{figures.whole(count)} {word}" for count, word in counts if count)
