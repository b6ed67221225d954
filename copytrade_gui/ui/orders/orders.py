"""The order book: each master order with its copies below, and cancelling."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from PySide6.QtCore import QItemSelectionModel, Signal
from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.catch_up import NOT_THERE
from copytrade_gui.domain.events import Event, OrderChanged
from copytrade_gui.domain.ids import CommandId, IntentId, PlanId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.services.master_verbs import ChangeVerbs
from copytrade_gui.services.verbs import CancelAnswer, HistoryVerbs, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question, bring_back
from copytrade_gui.ui.orders.cancel_words import STAYS, answer_words, one_order
from copytrade_gui.ui.orders.change import ChangeDialog, why_not_changed
from copytrade_gui.ui.orders.order_details import OrderDetails
from copytrade_gui.ui.orders.order_rows import COLUMNS, OrderRow
from copytrade_gui.ui.orders.orders_model import PLANS_KEPT, OrdersModel
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.state_words import order_words
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.widgets.segments import Segments


@dataclass(frozen=True, slots=True)
class CancelChoice:
    """What a cancel would ask for: whole plans and single orders, or every order there is.

    ``everything``: no filter is on, so what is meant is all that is open, also what the table does
    not hold.
    """

    plans: tuple[PlanId, ...] = ()
    intents: tuple[IntentId, ...] = ()
    everything: bool = False


class OrdersPanel(Panel):
    """Orders of today. ``counts_changed`` when the number of open orders may have changed."""

    counts_changed = Signal()
    again = Signal(object)
    """Intents of the chosen copies, which somebody wants to send again."""

    def __init__(
        self, desk: Desk, trading: TradingVerbs, changes: ChangeVerbs, history: HistoryVerbs
    ) -> None:
        super().__init__()
        self.setObjectName("orders_panel")
        self._desk = desk
        self._trading = trading
        self._changes = changes
        self._history = history
        self.model = OrdersModel(desk.roster, self)
        self.table: DataTable[OrderRow] = DataTable(
            desk,
            "orders",
            self.model,
            COLUMNS,
            label="Order book",
            noun="line",
            kept=PLANS_KEPT,
        )
        view = self.table.view
        view.setRootIsDecorated(True)
        view.setIndentation(16)
        self.table.say_when_empty("No orders today. They appear here with their copies below them.")
        self.kinds: Segments[str] = Segments(
            "order_kinds",
            [("", "All", "Every order of today"), ("§open", "Open", "Still at the broker"),
             ("§problem", "Problems", "Refused, blocked, unknown, or filled without the master"),
             ("§filled", "Filled", "Done")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(self._on_kind_chosen)
        self.table.add_before_filter(self.kinds)
        for act in (Act.CANCEL_SELECTED, Act.CANCEL_VIEW, Act.SEND_AGAIN, Act.REVIEWS):
            self.table.add_tool(act, words=act is not Act.CANCEL_VIEW)
        self.table.add_tool(Act.EXPORT)
        actions = desk.actions
        view.add_row_actions(
            [actions[a] for a in (Act.CHANGE, Act.CANCEL_SELECTED, Act.CANCEL_VIEW,
                                  Act.SEND_AGAIN, Act.BUY_ROW, Act.SELL_ROW, Act.COPY)]
        )  # fmt: skip
        actions.on(Act.CHANGE, self.change)
        actions.on(Act.CANCEL_SELECTED, lambda: self._ask_cancel(self.selected()))
        actions.on(Act.SEND_AGAIN, lambda: self.again.emit(self._chosen()))
        actions.on(Act.CANCEL_VIEW, lambda: self._ask_cancel(self.in_view()))
        view.activated.connect(lambda _index: self._on_opened())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        """Bring the book up to date with today's orders, newest first; what is open stays open."""
        self.model.load(orders)
        self.counts_changed.emit()

    def on_events(self, batch: list[Event]) -> None:
        """Take orders as they stand now."""
        orders = [event.order for event in batch if isinstance(event, OrderChanged)]
        if orders:
            self.model.upsert(orders)
            self.counts_changed.emit()

    def take_seen(self, orders: list[SeenOrder]) -> None:
        """Take what masters placed elsewhere."""
        self.model.take_seen(orders)
        self.counts_changed.emit()

    # ------------------------------------------------------------ reading

    def open_orders(self) -> list[OrderView]:
        """Orders the broker may still work."""
        return [order for order in self.model.all_orders() if order.state.open_at_broker]

    def words_of(self, subject: str) -> str:
        """The order of a plan or an intent in words; empty when it is not in the book."""
        plan = PlanId(subject.partition(".")[0])
        order = self.model.order_of(plan, IntentId(subject))
        if order is None:
            return ""
        # A head that stands for several orders is all of them together.
        together = self.model.sum_of(plan) if subject == plan else None
        terms = order.terms
        return order_words(terms if not together else replace(terms, quantity=together))

    def selected_order(self) -> OrderView | None:
        """The order under the cursor."""
        row = self._current()
        return None if row is None else row.order

    def selected_instrument(self) -> Instrument | None:
        order = self.selected_order()
        return order.terms.instrument if order else None

    def selected(self) -> CancelChoice:
        """Selected rows as something to cancel; a head stands for its whole plan."""
        rows = [self.model.row_at(index) for index in self.table.view.source_rows()]
        plans = tuple(dict.fromkeys(row.plan_id for row in rows if row.is_head))
        intents = tuple(
            row.order.intent_id for row in rows if not row.is_head and row.plan_id not in plans
        )
        return CancelChoice(plans, intents)

    def _chosen(self) -> list[IntentId]:
        """Every selected copy; a head stands for those of its plan that came to nothing, or for all
        where none did.
        """
        choice = self.selected()
        chosen = list(choice.intents)
        for plan in choice.plans:
            orders = self._of(plan)
            lost = [one for one in orders if one.state in NOT_THERE]
            chosen += [one.intent_id for one in lost or orders]
        return chosen

    def in_view(self) -> CancelChoice:
        """Everything open that the filter lets through."""
        view = self.table.view
        proxy = view.proxy
        intents: list[IntentId] = []
        for number in range(proxy.rowCount()):
            parent = proxy.index(number, 0)
            children = [proxy.index(n, 0, parent) for n in range(proxy.rowCount(parent))]
            for index in (parent, *children):
                row = self.model.row_at(proxy.mapToSource(index))
                intents.append(row.order.intent_id)
        unfiltered = not self.table.filter.text().strip() and self.kinds.value in ("", "§open")
        return CancelChoice((), tuple(dict.fromkeys(intents)), everything=unfiltered)

    # ------------------------------------------------------------ doing

    def show_problems(self, chosen: Sequence[OrderView] = ()) -> None:
        """Narrow the book to what went wrong, with these chosen."""
        self.kinds.choose("§problem")
        self._on_kind_chosen()
        view = self.table.view
        wanted = [
            place
            for one in chosen
            if (place := view.proxy.mapFromSource(self.model.place_of(one))).isValid()
        ]
        if not wanted:
            return
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        view.setCurrentIndex(wanted[0])
        for place in wanted:
            view.selectionModel().select(place, flags)

    def show_details(self) -> None:
        """Everything known about the order under the cursor."""
        order = self.selected_order()
        if order is None:
            return
        dialog = OrderDetails(self.window(), self._desk, order, self._history)

        def follow() -> None:
            dialog.take(self.model.order_of(order.plan_id, order.intent_id))

        self.counts_changed.connect(follow)
        dialog.finished.connect(lambda _result: self.counts_changed.disconnect(follow))
        dialog.present()

    def change(self) -> None:
        """Change the order under the cursor, or say why it cannot be."""
        row = self._current()
        if row is None:
            return
        if why := why_not_changed(row):
            self._desk.notices.warn(why)
        elif not bring_back(self.window(), "change_order"):
            self._desk.tasks.start(self._change(row.order), name="change an order")

    async def _change(self, order: OrderView) -> None:
        copies = [
            one
            for one in self._of(order.plan_id)
            if one.is_copy and one.state.open_at_broker and not one.diverged
        ]
        dialog = ChangeDialog(self.window(), self._desk, self._changes, order, len(copies))
        asked = await dialog.ask_how_many()
        if asked is not None:
            self._desk.notices.info(f"Change asked for {figures.plural(asked, 'order')}.")

    def _on_opened(self) -> None:
        """Enter shows all of an order; a double click changes one that works."""
        row = self._current()
        if row is not None and self.table.view.double_clicked and not why_not_changed(row):
            self.change()
        else:
            self.show_details()

    def _current(self) -> OrderRow | None:
        index = self.table.view.current_source()
        return self.model.row_at(index) if index.isValid() else None

    def _ask_cancel(self, choice: CancelChoice) -> None:
        self._desk.tasks.start(self._cancel(choice), name="cancel orders")

    async def _cancel(self, choice: CancelChoice) -> None:
        count = await self._count(choice)
        if not count:
            self._desk.notices.warn("None of these orders is open, so there is nothing to cancel.")
            return
        # One command per question, so that pressing its button twice is one cancel.
        command = uuid.uuid4().hex
        orders = figures.plural(count, "open order")
        question = Question(
            self.window(),
            f"Cancel orders - {self._desk.mode_word}",
            f"Ask the broker to cancel {self._which(choice, count)}. {STAYS}",
            verb=f"Cancel {orders}",
            kind="danger",
        )
        if not await question.ask():
            return
        sentence, done = answer_words(await self._ask_broker(choice, command))
        (self._desk.notices.info if done else self._desk.notices.warn)(sentence)

    async def _count(self, choice: CancelChoice) -> int:
        """How many of them the engine knows as not ended: the table may lack some."""
        if choice.everything:
            return sum(one.ours for one in await self._trading.open_orders())
        return await self._trading.count_open(choice.intents, choice.plans)

    def _which(self, choice: CancelChoice, count: int) -> str:
        orders = figures.plural(count, "open order")
        if choice.everything:
            return orders
        chosen = [*choice.intents, *(o.intent_id for p in choice.plans for o in self._of(p))]
        if count == 1 and len(set(chosen)) == 1:
            (order,) = (o for o in self.model.all_orders() if o.intent_id == chosen[0])
            return one_order(order, self._desk.roster.name(order.account_id))
        if len(choice.plans) == 1 and not choice.intents:
            plan = self._of(choice.plans[0])
            head, *more = [one for one in plan if not one.is_copy] or plan
            if more:  # a master's order in slices, or copies alone: no one order names them
                return f"all of {head.terms.side} {head.terms.instrument.symbol}, {orders} in all"
            name = self._desk.roster.name(head.account_id)
            return f"{one_order(head, name)} with all its copies, {orders} in all"
        return f"{orders}, master orders with all their copies" if choice.plans else orders

    def _of(self, plan: PlanId) -> list[OrderView]:
        return list(self.model.orders_of(plan))

    async def _ask_broker(self, choice: CancelChoice, command: str) -> CancelAnswer:
        trading = self._trading
        if choice.everything:
            return await trading.cancel_all(CommandId(command))
        answers = []
        if choice.intents:
            answers.append(await trading.cancel(choice.intents, CommandId(command)))
        for number, plan in enumerate(choice.plans):
            answers.append(await trading.cancel_plan(plan, CommandId(f"{command}-{number}")))
        return CancelAnswer(*(sum(column) for column in zip(*map(astuple, answers), strict=True)))

    def _on_kind_chosen(self) -> None:
        self.table.narrow(self.kinds.value)
        if self.kinds.value:
            self.table.view.expandAll()
