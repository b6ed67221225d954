"""What masters place elsewhere: every such order of today, and what becomes of the next ones."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from copytrade_gui.domain.events import Event, MasterSeen
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import Follow, Seen, SeenOrder
from copytrade_gui.services.master_verbs import MasterVerbs
from copytrade_gui.services.verbs import MarketVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.masters.seen_rows import COLUMNS, SeenRow, key_of
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.segments import Segments

PRICES_EVERY_MS = 3_000
MOST_PRICES = 20
OLD_NS = 15_000_000_000
"""An older price says nothing of what a copy would get."""
_MEANS = {
    Follow.ASK: "Each order waits for you, until you have copied one; then the next are copied",
    Follow.COPY: "Each order is copied by itself as soon as it is at the exchange",
    Follow.SHOW: "Orders are shown here and never copied by themselves",
}


class MastersPanel(Panel):
    """Shows them; ``master_work.py`` does what is decided.

    ``asked_changed`` when the number of orders that wait for a person may have changed,
    ``told`` when orders were seen or changed, ``follow_chosen`` when its user wants something else
    for the chosen master's next orders.
    """

    asked_changed = Signal()
    told = Signal(list)
    follow_chosen = Signal(str)

    def __init__(self, desk: Desk, masters: MasterVerbs, market: MarketVerbs) -> None:
        super().__init__()
        self.setObjectName("masters_panel")
        self._desk = desk
        self._masters = masters
        self._market = market
        self._last: dict[InstrumentKey, Decimal] = {}
        self.model: RowsModel[SeenRow] = RowsModel(COLUMNS, key_of, newest_first=True, parent=self)
        self.table: DataTable[SeenRow] = DataTable(
            desk, "masters", self.model, COLUMNS, label="Master's orders", noun="order"
        )
        self.table.say_when_empty(
            "Orders that a master places on the broker's own page appear here."
        )
        self._build_follow()
        for act in (Act.COPY_SEEN, Act.IGNORE_SEEN):
            self.table.add_tool(act, words=True)
        self.table.add_tool(Act.EXPORT)
        actions, view = desk.actions, self.table.view
        view.add_row_actions([actions[a] for a in (Act.COPY_SEEN, Act.IGNORE_SEEN, Act.COPY)])
        view.activated.connect(lambda _index: actions[Act.COPY_SEEN].trigger())
        view.selectionModel().currentChanged.connect(lambda *_: self._refresh_actions())
        desk.roster.changed.connect(self._on_roster_changed)
        desk.roster.master_changed.connect(self.read_follow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self._looks = QTimer(self)
        self._looks.setInterval(PRICES_EVERY_MS)
        self._looks.timeout.connect(self._look_at_prices)
        self._asking = False
        self._refresh_actions()

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - these are others
        """Take every order that was seen today, and what is chosen for the next ones."""
        seen = await self._masters.seen()
        self.model.reset([self._row(order) for order in reversed(seen)])
        self.told.emit(list(seen))
        await self._show_follow()
        self._on_rows_changed()

    def on_events(self, batch: list[Event]) -> None:
        """Take orders as they stand now."""
        seen = [event.order for event in batch if isinstance(event, MasterSeen)]
        if seen:
            self.model.upsert([self._row(order) for order in seen])
            self.told.emit(seen)
            self._on_rows_changed()

    def begin(self) -> None:
        self._looks.start()

    def stop(self) -> None:
        self._looks.stop()

    # ------------------------------------------------------------ reading

    def selected(self) -> SeenOrder | None:
        """The order under the cursor."""
        index = self.table.view.current_source()
        return self.model.row_at(index.row()).order if index.isValid() else None

    def asked(self) -> list[SeenOrder]:
        """Orders that wait for a person, the newest first."""
        return [row.order for row in self.model.rows() if row.order.became is Seen.ASKED]

    def select(self, order: SeenOrder) -> None:
        """Bring one under the cursor."""
        places = {key_of(row): number for number, row in enumerate(self.model.rows())}
        number = places.get((order.account_id, order.broker_order_id))
        if number is not None:
            view = self.table.view
            view.setCurrentIndex(view.proxy.mapFromSource(self.model.index(number, 0)))

    # ------------------------------------------------------------ what becomes of the next ones

    def missed(self) -> list[SeenOrder]:
        """Orders that nobody looked at in time and nobody has decided about, the newest first."""
        return [row.order for row in self.model.rows() if row.order.became is Seen.MISSED]

    async def last_price(self, order: SeenOrder) -> Decimal | None:
        """The last price of its instrument, in rupees, asked for now; None if there is none."""
        if order.key is None:
            return None
        quote = await self._market.quote(order.key)
        if quote is None or self._desk.wall_ns() - quote.at_ns > OLD_NS:
            return None
        return quote.last

    def read_follow(self) -> None:
        """Show again what is chosen for the chosen master."""
        self._desk.tasks.start(self._show_follow(), name="what becomes of his orders")

    async def _show_follow(self) -> None:
        master = self._desk.roster.master
        self._follow_place.setVisible(master is not None)
        if master is None:
            return
        self.follow_label.setText(f"{master.name} elsewhere:")
        follow = await self._masters.follow(master.account_id)
        if self._chosen_master() == master.account_id:  # still
            self.follow.choose(follow)

    def _chosen_master(self) -> AccountId | None:
        master = self._desk.roster.master
        return None if master is None else master.account_id

    def _build_follow(self) -> None:
        self._follow_place = QWidget()
        row = QHBoxLayout(self._follow_place)
        row.setContentsMargins(4, 0, 8, 0)
        self.follow_label = ElidedLabel()
        self.follow: Segments[Follow] = Segments(
            "follow",
            [(one, one.in_words, _MEANS[one]) for one in Follow],
            label="Orders that the master places elsewhere",
            stretch=False,
        )
        self.follow.chosen.connect(lambda: self.follow_chosen.emit(self.follow.value.value))
        row.addWidget(self.follow_label)
        row.addWidget(self.follow)
        self.table.add_before_filter(self._follow_place)

    # ------------------------------------------------------------ inside

    def _row(self, order: SeenOrder) -> SeenRow:
        last = self._last.get(order.key) if order.key and order.became.open_to_copy else None
        return SeenRow(order, self._desk.roster.name(order.account_id), last)

    def _look_at_prices(self) -> None:
        """Ask for the prices of what may still be copied, while somebody looks at it."""
        if self._asking or not self.in_front:
            return
        wanted: dict[InstrumentKey, SeenOrder] = {}
        for row in self.model.rows():
            if row.order.key is not None and row.order.became.open_to_ignore:
                wanted.setdefault(row.order.key, row.order)
        if wanted:
            self._asking = True
            orders = list(wanted.values())[:MOST_PRICES]
            started = self._desk.tasks.start(
                self._ask_prices(orders), name="prices of missed orders", on_error=lambda _: None
            )
            self._asking = started is not None

    async def _ask_prices(self, orders: list[SeenOrder]) -> None:
        try:
            for order in orders:
                last = await self.last_price(order)
                if order.key is not None and last is not None:
                    self._last[order.key] = last
            self.model.upsert([self._row(row.order) for row in self.model.rows()])
        finally:
            self._asking = False

    def _on_roster_changed(self) -> None:
        """A master may have another name."""
        self.model.upsert([self._row(row.order) for row in self.model.rows()])

    def _on_rows_changed(self) -> None:
        self._refresh_actions()
        self.asked_changed.emit()

    def _refresh_actions(self) -> None:
        order, actions = self.selected(), self._desk.actions
        actions[Act.COPY_SEEN].setEnabled(order is not None and order.became.open_to_copy)
        actions[Act.IGNORE_SEEN].setEnabled(order is not None and order.became.open_to_ignore)
