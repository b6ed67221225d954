"""The notice centre: every message of the day, kept and filtered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.events import Severity
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.notices import KEPT, Notice
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.state_words import Look
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.segments import Segments

LOOKS = {
    Severity.INFO: Look("Note", Tone.OK, Mark.CIRCLE),
    Severity.WARNING: Look("Warning", Tone.WARN, Mark.TRIANGLE),
    Severity.CRITICAL: Look("Critical", Tone.BAD, Mark.SQUARE),
}
COLUMNS: tuple[Column[Notice], ...] = (
    Column("time", "Time IST", lambda n: figures.clock(n.at_ns), sort=lambda n: n.at_ns,
           tone=lambda _: Tone.MUTED, chars=9),
    Column("severity", "Kind", lambda n: LOOKS[n.severity].word, chars=11,
           sort=lambda n: list(Severity).index(n.severity),
           tone=lambda n: LOOKS[n.severity].tone, mark=lambda n: LOOKS[n.severity].mark),
    Column("count", "Times", lambda n: figures.whole(n.count), sort=lambda n: n.count,
           numeric=True, chars=6),
    Column("sentence", "Message", lambda n: n.sentence, chars=60, takes_rest=True),
    Column("code", "Code", lambda n: n.code, tone=lambda _: Tone.MUTED, chars=12),
)  # fmt: skip


_SIGNS = {
    Severity.INFO: "",
    Severity.WARNING: "§loud",
    Severity.CRITICAL: "§loud §critical",
}


def search_text(notice: Notice) -> str:
    """What the filter looks through; signs mark what the quick filters want."""
    words = " ".join(column.text(notice) for column in COLUMNS)
    return f"{words} {_SIGNS[notice.severity]}".rstrip()


class NoticeCentre(Panel):
    """Newest first; looking at it marks everything read."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("notice_centre")
        self._desk = desk
        self.model: RowsModel[Notice] = RowsModel(
            COLUMNS, lambda notice: notice.number, cap=KEPT, newest_first=True,
            search=search_text, parent=self,
        )  # fmt: skip
        self.table: DataTable[Notice] = DataTable(
            desk,
            "notices",
            self.model,
            COLUMNS,
            label="Notices",
            kept=KEPT,
        )
        self.table.say_when_empty("No messages yet. What the console tells you is kept here.")
        self.kinds: Segments[str] = Segments(
            "notice_kinds",
            [("", "All", "Every message of the day"),
             ("§loud", "Warnings", "Warnings, and what is critical"),
             ("§critical", "Critical", "What is critical alone")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        self.table.add_before_filter(self.kinds)
        self.table.add_tool(Act.SHOW_NOTICE, words=True)
        self.table.view.add_row_actions([desk.actions[Act.SHOW_NOTICE], desk.actions[Act.COPY]])
        self.table.view.selectionModel().selectionChanged.connect(
            lambda *_: desk.actions[Act.SHOW_NOTICE].setEnabled(self._chosen() is not None)
        )
        desk.actions[Act.SHOW_NOTICE].setEnabled(False)
        desk.actions.on(Act.SHOW_NOTICE, self._show_chosen)
        desk.notices.told.connect(self._on_told)
        desk.notices.unread_changed.connect(self._on_unread_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def came(self) -> None:
        self._desk.notices.mark_read()

    def _chosen(self) -> Callable[[], object] | None:
        """What the first chosen message that leads anywhere leads to."""
        rows = (self.model.row_at(index.row()) for index in self.table.view.source_rows())
        return next((one.show for one in rows if one.show is not None), None)

    def _show_chosen(self) -> None:
        go = self._chosen()
        if go is not None:
            go()

    def _on_unread_changed(self, number: int) -> None:
        self.titled.emit(f"Notices ({figures.whole(number)})" if number else "Notices")

    def _on_told(self, notice: Notice) -> None:
        self.model.upsert([notice])
        if self.in_front:
            self._desk.notices.mark_read()
