"""Positions: what masters and copies hold, what it cost, and what it is worth at this moment."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.position_report import PositionReport, PositionVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.asking import Asking
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.positions.position_rows import (
    COLUMNS,
    DriftOf,
    PositionRow,
    groups_of,
    search_text,
)
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.grouped_rows import GroupedRows
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.widgets.tip import set_tip

EMPTY = "No positions today. They appear with the first fill, and with what was carried in."


class PositionsPanel(Panel):
    """Asks once a second, shown or not: the strip shows the sums. ``reported``: there is more."""

    reported = Signal(object)

    def __init__(self, desk: Desk, positions: PositionVerbs) -> None:
        super().__init__()
        self.setObjectName("positions_panel")
        self._desk = desk
        self._positions = positions
        self._report: PositionReport | None = None
        self._drift: DriftOf = {}
        self.model: GroupedRows[PositionRow] = GroupedRows(COLUMNS, search_text, self)
        self.table: DataTable[PositionRow] = DataTable(
            desk, "positions", self.model, COLUMNS, label="Positions", noun="instrument"
        )
        view = self.table.view
        view.setRootIsDecorated(True)
        view.setIndentation(16)
        self.table.say_when_empty("Positions are not read yet. They come as soon as the engine is.")
        self.kinds: Segments[str] = Segments(
            "position_kinds",
            [("", "All", "Whatever was held today"), ("§open", "Open", "Held now"),
             ("§look", "To look at", "Traded by its owner, off, not read, or of unknown cost")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(self._on_kind_chosen)
        self.table.add_before_filter(self.kinds)
        self.table.add_tool(Act.SQUARE_OFF, words=True)
        self.table.add_tool(Act.EXPORT)
        leaving = (Act.SQUARE_OFF, Act.SQUARE_OFF_INSTRUMENT, Act.SQUARE_OFF_ACCOUNT)
        view.add_row_actions(
            [desk.actions[a] for a in (*leaving, Act.BUY_ROW, Act.SELL_ROW, Act.COPY)]
        )
        self.unread = ElidedLabel()
        self.unread.setObjectName("positions_unread")
        self.unread.setProperty("role", "foot")
        self.unread.setProperty("tone", "warning")
        self.table.foot.insertSpacing(1, 12)
        self.table.foot.insertWidget(2, self.unread, 1)
        self._asking = Asking(desk, "positions", self._ask, self)
        self.look = self._asking.look
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    @property
    def report(self) -> PositionReport:
        """What was told last; an empty one before anything was read."""
        return self._report or PositionReport()

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - the engine sums them up
        self._take(await self._positions.report())

    def begin(self) -> None:
        self._asking.start()

    def stop(self) -> None:
        self._asking.stop()

    def selected_instrument(self) -> Instrument | None:
        index = self.table.view.current_source()
        return self.model.row_at(index).instrument if index.isValid() else None

    def selected(self) -> list[PositionRow]:
        """The selected rows, from top to bottom."""
        return [self.model.row_at(index) for index in self.table.view.source_rows()]

    def came(self) -> None:
        self._show()

    def show_drift(self, report: DriftReport) -> None:
        """Take how copies stand to the broker's books; the worst comes first."""
        self._drift = {line.key: line for line in report.lines}
        if self.in_front:
            self._show()

    # ------------------------------------------------------------ inside

    async def _ask(self) -> None:
        self._take(await self._positions.report())

    def _take(self, report: PositionReport) -> None:
        first, self._report = self._report is None, report
        if first:
            self.table.say_when_empty(EMPTY)
        self.reported.emit(report)
        if first or self.in_front:
            self._show()

    def _show(self) -> None:
        if self._report is None:
            return
        self.model.show(groups_of(self._report.lines, self._desk.wall_ns(), self._drift))
        unread = self._report.unread
        if not unread:
            self.unread.setText("")
            return
        names = ", ".join(name for name, _ in unread[:3]) + (" and others" if unread[3:] else "")
        self.unread.setText(f"{figures.plural(len(unread), 'account')} not read: {names}")
        set_tip(self.unread, "\n".join(f"{name}: {why}" for name, why in unread[:20]))

    def _on_kind_chosen(self) -> None:
        self.table.narrow(self.kinds.value)
        if self.kinds.value == "§look":
            self.table.view.expandAll()
