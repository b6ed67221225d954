"""The audit trail: everything a person or the program did, with its number in the chain."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.events import Event
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import HistoryRow, HistoryVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.activity.activity_words import details, what, who
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone

SHOWN = 1_000
SETTLE_MS = 1_000


class ActivityPanel(Panel):
    """Reads again a second after something happened, and only while it is visible.

    ``order_of`` says the order of a plan or an intent; empty if it is not in today's book.
    """

    def __init__(self, desk: Desk, history: HistoryVerbs) -> None:
        super().__init__()
        self.setObjectName("activity_panel")
        self._desk = desk
        self._history = history
        self.order_of: Callable[[str], str] = lambda _subject: ""
        columns = self._columns()
        self._texts: dict[int, str] = {}
        """What a filter looks through, by number: made once, or each letter would make all anew."""
        desk.roster.changed.connect(self._texts.clear)
        self.model: RowsModel[HistoryRow] = RowsModel(
            columns,
            lambda row: row.number,
            cap=SHOWN,
            newest_first=True,
            search=self._search_text,
            parent=self,
        )
        self.table: DataTable[HistoryRow] = DataTable(
            desk,
            "activity",
            self.model,
            columns,
            label="Activity and audit",
            kept=SHOWN,
        )
        self.table.say_when_empty("Nothing recorded yet. Every act and every outcome is kept here.")
        for act in (Act.VERIFY_AUDIT, Act.END_OF_DAY):
            self.table.add_tool(act, words=True)
        self.table.add_tool(Act.EXPORT_ORDERS)
        self.table.view.add_row_actions([desk.actions[Act.COPY]])
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.read)
        self._stale = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - the trail has its own
        self.read()

    def read(self) -> None:
        """Read the newest events now."""
        self._stale = False
        self._desk.tasks.start(self._read(), name="read activity")

    def on_events(self, batch: list[Event]) -> None:
        # Something happened: what is shown is old.
        if batch:
            self._stale = True
            if self.in_front and not self._settle.isActive():
                self._settle.start()

    def stop(self) -> None:
        self._settle.stop()

    def came(self) -> None:
        if self._stale:
            self._settle.start(0)

    def _search_text(self, row: HistoryRow) -> str:
        text = self._texts.get(row.number)
        if text is None:
            if len(self._texts) > 2 * SHOWN:
                self._texts.clear()
            text = "  ".join(column.text(row) for column in self.model.columns)
            self._texts[row.number] = text
        return text

    async def _read(self) -> None:
        newest = await self._history.events(SHOWN)
        last = self.model.rows()[0].number if self.model.rowCount() else -1
        fresh = [row for row in reversed(newest) if row.number > last]
        self.model.upsert(fresh)

    def _columns(self) -> tuple[Column[HistoryRow], ...]:
        roster = self._desk.roster

        def account(row: HistoryRow) -> str:
            return roster.name(AccountId(row.account_id)) if row.account_id else ""

        return (
            Column("number", "No.", lambda r: figures.whole(r.number), sort=lambda r: r.number,
                   numeric=True, chars=8, tone=lambda _: Tone.MUTED),
            Column("time", "Time IST", lambda r: figures.clock_ms(r.at_ns), sort=lambda r: r.at_ns,
                   tone=lambda _: Tone.MUTED, chars=12, tip=lambda r: figures.stamp(r.at_ns)),
            Column("actor", "Who", who, chars=9),
            Column("kind", "What", what, chars=16),
            Column("account", "Account", account, chars=16),
            Column("sentence", "Details", lambda r: details(r, self.order_of), chars=40,
                   takes_rest=True),
        )  # fmt: skip
