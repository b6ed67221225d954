"""Orders nobody can vouch for: what we sent, what the book shows, and a person's decision."""

from __future__ import annotations

import uuid

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.domain.events import Candidate, ReviewItem
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.services.verbs import RefusedError, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import order_words
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.label import PlainLabel

COLUMNS: tuple[Column[Candidate], ...] = (
    Column("order", "Broker order", lambda c: c.broker_order_id, chars=20,
           mark=lambda _: Mark.DIAMOND),
    Column("status", "Status there", lambda c: c.status_text, chars=12),
    Column("quantity", "Qty", lambda c: figures.whole(c.quantity), sort=lambda c: c.quantity,
           numeric=True, chars=6),
    Column("filled", "Filled", lambda c: figures.whole(c.filled_quantity),
           sort=lambda c: c.filled_quantity, numeric=True, chars=6),
    Column("price", "Price", lambda c: c.price, numeric=True, chars=9),
    Column("placed", "Placed at", lambda c: c.placed_at, chars=8,
           takes_rest=True),
)  # fmt: skip


class ReviewDialog(ConsoleDialog):
    """One order at a time, each decided once with a reason; closes itself when none is left."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        items: tuple[ReviewItem, ...],
    ) -> None:
        super().__init__(parent, f"Orders to decide - {desk.mode_word}", "review")
        self.resize(940, 480)
        self._desk = desk
        self._trading = trading
        self._items: tuple[ReviewItem, ...] = ()
        self._command = CommandId(uuid.uuid4().hex)
        self.add_text(
            "We asked the broker to place these orders and got no answer we can trust. "
            "Look at the broker's own screen, then say for each one whether it exists there."
        )
        self.list = QListWidget()
        self.list.setObjectName("review_list")
        self.list.setAccessibleName("Orders to decide")
        self.list.setMaximumWidth(250)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._on_chosen)
        self.sent = PlainLabel()
        self.sent.setWordWrap(True)
        self.sent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.model: RowsModel[Candidate] = RowsModel(
            COLUMNS, lambda candidate: candidate.broker_order_id, parent=self
        )
        self.table: DataTable[Candidate] = DataTable(
            desk, "review_candidates", self.model, COLUMNS, label="Rows of the broker's book"
        )
        self.table.say_when_empty("The broker's book shows no order that could be this one.")
        self.table.view.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        self.reason = QLineEdit()
        self.reason.setObjectName("review_reason")
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("Reason, e.g. seen on the broker's order screen")
        self.reason.textChanged.connect(lambda _text: self._refresh())
        self.needed = PlainLabel()
        self.needed.setProperty("role", "hint")
        self.problem = PlainLabel()
        self.problem.setObjectName("review_problem")
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        right = QVBoxLayout()
        right.addWidget(self.sent)
        right.addWidget(self.table, 1)
        right.addWidget(self.reason)
        right.addWidget(self.needed)
        right.addWidget(self.problem)
        row = QHBoxLayout()
        row.addWidget(self.list)
        row.addLayout(right, 1)
        self.box.addLayout(row, 1)
        later = self.make_button("Decide later", "review_later")
        later.clicked.connect(self.reject)
        later.setDefault(True)
        self.found = self.make_button("It is the selected order", "review_found", kind="primary")
        self.found.clicked.connect(self._on_found_clicked)
        self.absent = self.make_button("It does not exist", "review_absent", kind="danger")
        self.absent.clicked.connect(self._on_absent_clicked)
        self.add_buttons([later, self.absent, self.found])
        self.show_items(items)

    def show_items(self, items: tuple[ReviewItem, ...]) -> None:
        """The list as it stands now; the chosen one stays chosen."""
        chosen = self.item()
        self._items = items
        if not items:
            self.accept()
            return
        self.list.blockSignals(True)
        self.list.clear()
        for item in items:
            name = self._desk.roster.name(item.account_id)
            QListWidgetItem(f"{name}\n{order_words(item.sent.terms)}", self.list)
        ids = [item.intent_id for item in items]
        row = ids.index(chosen.intent_id) if chosen and chosen.intent_id in ids else 0
        self.list.blockSignals(False)
        self.list.setCurrentRow(row)
        self._on_chosen(row)

    def item(self) -> ReviewItem | None:
        """The order being decided."""
        row = self.list.currentRow()
        return self._items[row] if 0 <= row < len(self._items) else None

    def _on_chosen(self, _row: int) -> None:
        item = self.item()
        if item is None:
            return
        sent = item.sent
        self.sent.setText(
            f"Sent for {self._desk.roster.name(item.account_id)}: {order_words(sent.terms)}, "
            f"{sent.terms.product}, tag {item.tag}, last heard of "
            f"{figures.clock_ms(sent.changed_ns)} IST.\n{item.why}"
        )
        self.model.reset(item.candidates)
        self._command = CommandId(uuid.uuid4().hex)
        self._refresh()

    def _refresh(self) -> None:
        has_reason = bool(self.reason.text().strip())
        chosen = len(self.table.view.selectionModel().selectedRows()) == 1
        self.found.setEnabled(has_reason and chosen)
        self.absent.setEnabled(has_reason)
        missing = []
        if not has_reason:
            missing.append("a reason")
        if not chosen and self._items and self.model.rowCount():
            missing.append("a selected row, if it is one of these")
        self.needed.setText(f"Still needed: {' and '.join(missing)}." if missing else "")

    def _on_found_clicked(self) -> None:
        indexes = self.table.view.source_rows()
        if indexes:
            self._start(self.model.row_at(indexes[0].row()))

    def _on_absent_clicked(self) -> None:
        self._start(None)

    def _start(self, found: Candidate | None) -> None:
        item = self.item()
        if item is None or not self.may_press(self.found):
            return
        self.begin(
            self._desk.tasks,
            self._decide(item, found),
            name="decide order",
            on_error=self._say,
            buttons=[self.found, self.absent],
        )

    async def _decide(self, item: ReviewItem, found: Candidate | None) -> None:
        reason = self.reason.text().strip()
        try:
            if found is None:
                await self._trading.decide_absent(item.intent_id, reason, self._command)
            else:
                order = found.broker_order_id
                await self._trading.decide_found(item.intent_id, order, reason, self._command)
        except RefusedError as refusal:
            self._say(refusal.sentence)
            return
        self.reason.setFocus()  # the next one needs a reason of its own
        self.reason.clear()
        self.show_items(tuple(i for i in self._items if i.intent_id != item.intent_id))

    def _say(self, sentence: str) -> None:
        if self.over:
            self._desk.notices.warn(sentence)
        else:
            self.problem.setText(sentence)
