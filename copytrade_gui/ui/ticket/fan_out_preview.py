"""Who would get what: one line, and the list with reasons on a click."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.services.verbs import Preview, PreviewRow
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.ticket.worth import (
    HELD_AFTER_NOTE,
    MARGIN_NOTE,
    ORDERS_NOTE,
    held_after_words,
    margin_words,
    sum_words,
)
from copytrade_gui.ui.ticket_words import fan_out_summary, skip_reasons, why_not
from copytrade_gui.ui.widgets.label import PlainLabel

COLUMNS: tuple[Column[PreviewRow], ...] = (
    Column("name", "Account", lambda r: r.name, chars=12, takes_rest=True,
           mark=lambda r: Mark.CIRCLE if r.quantity else Mark.DIAMOND,
           tone=lambda r: Tone.INFO if r.is_master else Tone.PLAIN if r.quantity else Tone.WARN),
    Column("quantity", "Gets", lambda r: figures.whole(r.quantity) if r.quantity else why_not(r),
           numeric=True, chars=13, sort=lambda r: r.quantity, tip=lambda r: r.reason,
           tone=lambda r: Tone.PLAIN if r.quantity else Tone.WARN),
    Column("lots", "Lots", lambda r: figures.lots(r.lots) if r.quantity else "", numeric=True,
           chars=11, shown=False, sort=lambda r: r.lots),
    Column("margin", "Margin", margin_words, numeric=True, chars=20, note=MARGIN_NOTE,
           sort=lambda r: r.cost.margin,
           tone=lambda r: Tone.WARN if r.cost.short else Tone.PLAIN),
    Column("value", "Value", lambda r: figures.money(r.cost.value) if r.quantity else "",
           numeric=True, chars=14, sort=lambda r: r.cost.value),
    Column("held_after", "Copies after", held_after_words, numeric=True, chars=11,
           note=HELD_AFTER_NOTE, sort=lambda r: r.cost.held_after),
    Column("orders", "Orders", lambda r: figures.whole(r.cost.orders) if r.quantity else "",
           numeric=True, chars=7, note=ORDERS_NOTE, sort=lambda r: r.cost.orders),
)  # fmt: skip


class FanOutPreview(QWidget):
    """Shows the newest preview; skipped followers first in the list.

    ``head`` (the one line, and the button for the list) is placed apart, where it never scrolls
    away: how many get the order is seen beside the button that sends it.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("fan_out_preview")
        self._preview: Preview | None = None
        self.summary = PlainLabel()
        self.summary.setObjectName("fan_out_summary")
        self.summary.setWordWrap(True)
        self.reasons = PlainLabel()
        self.reasons.setProperty("role", "warn")
        self.reasons.setWordWrap(True)
        self.toggle = QPushButton("Show list")
        self.toggle.setObjectName("fan_out_toggle")
        self.toggle.setProperty("kind", "link")
        self.toggle.setCheckable(True)
        self.toggle.toggled.connect(self._on_toggled)
        self.model: RowsModel[PreviewRow] = RowsModel(
            COLUMNS, lambda row: row.account_id, parent=self
        )
        self.view = TableView(desk, "fan_out_list", COLUMNS)  # type: ignore[arg-type]  # keys and titles only, never rows
        self.view.set_source(self.model)
        self.view.setAccessibleName("What each account would get")
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setMinimumHeight(190)
        self.view.hide()
        self.sum = PlainLabel()
        self.sum.setObjectName("fan_out_sum")
        self.sum.setWordWrap(True)
        self.sum.hide()
        self.not_known = PlainLabel()
        self.not_known.setObjectName("fan_out_not_known")
        self.not_known.setProperty("role", "hint")
        self.not_known.setWordWrap(True)
        self.not_known.hide()
        self.head = QFrame()
        self.head.setObjectName("ticket_reach")
        self.head_column = QVBoxLayout(self.head)
        self.head_column.setContentsMargins(10, 4, 10, 0)
        self.head_column.setSpacing(2)
        reach = QHBoxLayout()
        reach.addWidget(self.summary, 1)
        reach.addWidget(self.toggle)
        self.head_column.addLayout(reach)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.reasons)
        column.addWidget(self.view, 1_000)
        column.addWidget(self.sum)
        column.addWidget(self.not_known)
        column.addStretch(1)
        self.show_preview(None)

    def show_preview(self, preview: Preview | None) -> None:
        """Show a preview, or that there is none yet."""
        before, self._preview = self._preview, preview
        usable = preview is not None and bool(preview.rows)
        self.toggle.setVisible(usable)
        if preview is None or not preview.rows:
            self.summary.setText("Who gets what appears here once the ticket is complete.")
            self.summary.setProperty("role", "muted")
            self.reasons.hide()
            for one in (self.view, self.sum, self.not_known):
                one.hide()
        else:
            self.summary.setText(fan_out_summary(preview.rows))
            self.summary.setProperty("role", "")
            reasons = skip_reasons(preview.rows)
            self.reasons.setText(f"Skipped: {reasons}")
            self.reasons.setVisible(bool(reasons))
            self._show_list(preview)
            if self.toggle.isChecked() and (before is None or before.rows != preview.rows):
                self._fill(preview)  # equal rows stay where they were scrolled to
        self.summary.style().polish(self.summary)

    def _show_list(self, preview: Preview) -> None:
        """The list, its sum below it, and what no check could look at, as it does not change with
        each quote.
        """
        shown = self.toggle.isChecked()
        self.view.setVisible(shown)
        self.sum.setText(sum_words(preview))
        self.sum.setVisible(shown)
        self.not_known.setText(f"Not known, so not checked: {', '.join(preview.not_known)}.")
        self.not_known.setVisible(shown and bool(preview.not_known))

    def _fill(self, preview: Preview) -> None:
        # Skipped accounts first: they are what the trader looks for.
        rows = sorted(preview.rows, key=lambda r: (r.quantity > 0, not r.is_master))
        if [row.account_id for row in rows] == [row.account_id for row in self.model.rows()]:
            self.model.upsert(rows)  # a value that follows each quote moves no row
        else:
            self.model.reset(rows)

    def _on_toggled(self, on: bool) -> None:
        self.toggle.setText("Hide list" if on else "Show list")
        preview = self._preview
        if preview is None or not preview.rows:
            return
        if on:
            self._fill(preview)
        self._show_list(preview)
