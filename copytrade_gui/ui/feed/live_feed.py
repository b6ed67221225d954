"""The live feed: every order and outcome as it happens, newest first, at most 5,000 lines."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QPushButton, QVBoxLayout

from copytrade_gui.domain.events import Event
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.feed.feed_rows import COLUMNS, FeedRow, FeedWriter, search_text
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.segments import Segments

CAP = 5_000


class LiveFeedPanel(Panel):
    """Holds still while the user reads older lines, and says how many came meanwhile."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("live_feed_panel")
        self._writer = FeedWriter(desk.roster)
        self.model: RowsModel[FeedRow] = RowsModel(
            COLUMNS, lambda row: row.number, cap=CAP, newest_first=True, search=search_text,
            parent=self,
        )  # fmt: skip
        self.table: DataTable[FeedRow] = DataTable(
            desk,
            "live_feed",
            self.model,
            COLUMNS,
            label="Live feed",
            noun="line",
            kept=CAP,
        )
        self.table.say_when_empty(
            "No orders yet today. Every order and every outcome appears here as it happens."
        )
        self.kinds: Segments[str] = Segments(
            "feed_kinds",
            [("", "All", "Everything"), ("§problem", "Problems", "What did not become an order"),
             ("§fill", "Fills", "Fills only")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        self.table.add_before_filter(self.kinds)
        self.table.add_tool(Act.EXPORT)
        self.table.view.add_row_actions(
            [desk.actions[act] for act in (Act.COPY, Act.BUY_ROW, Act.SELL_ROW)]
        )
        self.newest = QPushButton()
        self.newest.setObjectName("feed_newest")
        self.newest.setProperty("kind", "link")
        self.newest.clicked.connect(self.go_to_newest)
        self.newest.hide()
        self.table.foot.insertWidget(1, self.newest)
        self._missed = 0
        self.table.view.proxy.rowsInserted.connect(self._on_rows_inserted)
        self.table.view.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        """Show what is not shown yet of today's orders as they stand; in any order."""
        told = (self._writer.row_of(order) for order in sorted(orders, key=_changed))
        self.model.upsert(row for row in told if row is not None)

    def on_events(self, batch: list[Event]) -> None:
        """Add what happened."""
        self.model.upsert(self._writer.rows(batch))
        # Qt would do it a turn later, and paint these lines together with another panel's.
        self.table.view.executeDelayedItemsLayout()

    def selected_order(self) -> OrderView | None:
        """The order under the cursor."""
        index = self.table.view.current_source()
        return self.model.row_at(index.row()).order if index.isValid() else None

    def selected_instrument(self) -> Instrument | None:
        order = self.selected_order()
        return order.terms.instrument if order else None

    def go_to_newest(self) -> None:
        """Scroll to the top and follow again."""
        self.table.view.scrollToTop()

    def _on_rows_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        view = self.table.view
        if parent.isValid() or first > 0:
            return
        if view.verticalScrollBar().value() == 0 and not view.pointed_at:
            return
        self._missed += last - first + 1
        self.newest.setText(f"{figures.whole(self._missed)} new, go to newest")
        self.newest.show()

    def _on_scrolled(self, value: int) -> None:
        if value == 0:
            self._missed = 0
            self.newest.hide()


def _changed(order: OrderView) -> int:
    return order.changed_ns
