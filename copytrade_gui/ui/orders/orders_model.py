"""The order book as a tree: plans, newest first, each with its copies."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from copytrade_gui.domain.ids import IntentId, PlanId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.domain.unmatched import Unmatched, unmatched, unmatched_seen
from copytrade_gui.ui.orders.order_rows import COLUMNS, OrderRow, copy_row, head_row, search_text
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.tables.columns import Role, cell, face, header, natural, runs

Index = QModelIndex | QPersistentModelIndex
PLANS_KEPT = 400


class _Node:
    """A plan with its rows; ``serial`` counts plans from 1 and never changes."""

    def __init__(self, serial: int, first: OrderView, roster: Roster) -> None:
        self.serial = serial
        self._roster = roster
        self.first = first
        self.master: OrderView | None = None
        self.seen: SeenOrder | None = None
        """What the master placed elsewhere, of a plan without an order of his here."""
        self.copies: list[OrderRow] = []
        self.places: dict[IntentId, int] = {}
        self._order: list[tuple[str, str]] = []
        self.unmatched: Unmatched | None = None
        self._head: OrderRow | None = None

    @property
    def head(self) -> OrderRow:
        """The plan's line. Made when somebody looks: 500 copies come in many parts."""
        if self._head is None:
            copies = self._followers()
            masters = self._masters() or ([] if copies else [self.first])
            self._head = head_row(masters, copies, self._roster, self.unmatched, self.seen)
        return self._head

    def is_head(self, order: OrderView) -> bool:
        """The master's first order is in the head; more slices stand among the copies as well."""
        return not order.is_copy and (
            self.master is None or self.master.intent_id == order.intent_id
        )

    def gaps(self, rows: Iterable[OrderRow]) -> list[tuple[int, list[OrderRow]]]:
        """Where new copies belong, by name: the last place first, so that each stays true."""
        found: dict[int, list[OrderRow]] = defaultdict(list)
        for row in sorted(rows, key=_by_name):
            found[bisect_left(self._order, _by_name(row))].append(row)
        return sorted(found.items(), reverse=True)

    def insert(self, place: int, rows: list[OrderRow]) -> None:
        """Put copies in at a place that ``gaps`` gave."""
        self.copies[place:place] = rows
        self._order[place:place] = [_by_name(row) for row in rows]

    def number_copies(self) -> None:
        """Note where each copy stands, after some were put in."""
        self.places = {row.order.intent_id: n for n, row in enumerate(self.copies)}

    def count_again(self) -> None:
        """Its orders changed: the head is another one, and copies may stand without a master."""
        self._head = None
        masters = self._masters()
        if masters:
            self.unmatched = unmatched([*masters, *self._followers()])
        elif self.seen is not None:
            self.unmatched = unmatched_seen(self.seen, self._followers())

    def _masters(self) -> list[OrderView]:
        slices = [row.order for row in self.copies if not row.order.is_copy]
        return [self.master, *slices] if self.master else slices

    def _followers(self) -> list[OrderView]:
        return [row.order for row in self.copies if row.order.is_copy]

    def mark_unmatched(self) -> list[int]:
        """Say of each copy whether it filled without the master; which ones changed by that."""
        changed = []
        for place, row in enumerate(self.copies):
            marked = self.unmatched is not None and row.order.filled_quantity > 0
            if row.unmatched is not marked:
                self.copies[place] = copy_row(row.order, self._roster, unmatched=marked)
                changed.append(place)
        return changed


def _by_name(row: OrderRow) -> tuple[str, str]:
    return natural(row.label), row.order.intent_id


class OrdersModel(QAbstractItemModel):
    """Two levels; an order older than the one shown is ignored, so replays do no harm."""

    def __init__(self, roster: Roster, parent: QObject) -> None:
        super().__init__(parent)
        self._roster = roster
        self._nodes: list[_Node] = []  # oldest first; shown newest first
        self._by_plan: dict[PlanId, _Node] = {}
        self._seen: dict[PlanId, SeenOrder] = {}
        self._dropped = 0

    # ------------------------------------------------------------ what Qt asks

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008 - Qt's own signature
    ) -> QModelIndex:
        # Qt's own hasIndex would ask rowCount and columnCount in Python for each of these.
        if not (0 <= row < self.rowCount(parent) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, 0)
        return self.createIndex(row, column, self._node_at(parent.row()).serial)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # QObject.parent() shares the name
        serial = index.internalId() if index.isValid() else 0
        if not serial:
            return QModelIndex()
        return self.createIndex(self._row_of(serial), 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        if not parent.isValid():
            return len(self._nodes)
        if parent.column() > 0 or parent.internalId():
            return 0
        return len(self._node_at(parent.row()).copies)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, ARG002 - Qt's own signature
        return len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.row_at(index)
        if role == Role.FACE:
            return face(COLUMNS[index.column()], row, strong=row.is_head)
        if role == Role.FILTER:
            return search_text(row)
        if role == Role.STRONG:
            return row.is_head
        return cell(COLUMNS[index.column()], row, role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        return header(COLUMNS[section], role)

    # ------------------------------------------------------------ what the panel asks

    def row_at(self, index: Index) -> OrderRow:
        """The row under an index."""
        serial = index.internalId()
        if not serial:
            return self._node_at(index.row()).head
        return self._nodes[serial - 1 - self._dropped].copies[index.row()]

    def orders_of(self, plan_id: PlanId) -> list[OrderView]:
        """The master's order of a plan and its copies, as known here."""
        node = self._by_plan.get(plan_id)
        if node is None:
            return []
        own = [node.master] if node.master else []
        return own + [row.order for row in node.copies]

    def order_of(self, plan_id: PlanId, intent_id: IntentId) -> OrderView | None:
        """One copy's order, or the plan's head where the intent is none of its copies."""
        node = self._by_plan.get(plan_id)
        if node is None:
            return None
        place = node.places.get(intent_id)
        if place is not None:
            return node.copies[place].order
        return node.master or node.head.order

    def sum_of(self, plan_id: PlanId) -> int | None:
        """Units of all the orders that a plan's head stands for; None where that is one."""
        node = self._by_plan.get(plan_id)
        total = None if node is None else node.head.sum
        return None if total is None else total.quantity

    def place_of(self, order: OrderView) -> QModelIndex:
        """Where a copy stands, or its plan's head; invalid where it has left the table."""
        node = self._by_plan.get(order.plan_id)
        if node is None:
            return QModelIndex()
        head = self.index(self._row_of(node.serial), 0)
        place = node.places.get(order.intent_id)
        return head if place is None else self.index(place, 0, head)

    def unmatched(self) -> list[Unmatched]:
        """Master orders that came to nothing although copies filled, newest first."""
        return [node.unmatched for node in reversed(self._nodes) if node.unmatched is not None]

    def all_orders(self) -> list[OrderView]:
        """Every order in the book, oldest plan first."""
        return [order for node in self._nodes for order in self.orders_of(node.first.plan_id)]

    def load(self, orders: Sequence[OrderView]) -> None:
        """Take a whole day as it was read, ``orders`` newest first.

        What is shown stays where it is. Plans that left because there are too many stay away.
        """
        plans = dict.fromkeys(order.plan_id for order in orders)
        wanted = set(itertools.islice(plans, PLANS_KEPT))
        if self._nodes:
            unseen = itertools.takewhile(lambda plan: plan not in self._by_plan, plans)
            wanted &= {*unseen, *self._by_plan}
        self.upsert(order for order in reversed(orders) if order.plan_id in wanted)

    def upsert(self, orders: Iterable[OrderView]) -> None:
        """Take orders as they stand now."""
        grouped: dict[PlanId, list[OrderView]] = defaultdict(list)
        for order in orders:
            grouped[order.plan_id].append(order)
        for plan_id, changed in grouped.items():
            node = self._by_plan.get(plan_id) or self._insert_plan(changed[0])
            self._update(node, changed)
        self._drop_oldest()

    def take_seen(self, orders: Iterable[SeenOrder]) -> None:
        """Take what masters placed elsewhere: copies of it may have filled alone."""
        for seen in orders:
            if seen.plan_id is None:
                continue
            self._seen[seen.plan_id] = seen
            node = self._by_plan.get(seen.plan_id)
            if node is not None and node.seen != seen:
                node.seen = seen
                self._update(node, [])

    # ------------------------------------------------------------ inside

    def _node_at(self, row: int) -> _Node:
        return self._nodes[len(self._nodes) - 1 - row]

    def _row_of(self, serial: int) -> int:
        return len(self._nodes) - (serial - self._dropped)

    def _insert_plan(self, order: OrderView) -> _Node:
        self.beginInsertRows(QModelIndex(), 0, 0)
        node = self._new_node(order)
        self.endInsertRows()
        return node

    def _new_node(self, order: OrderView) -> _Node:
        node = _Node(self._dropped + len(self._nodes) + 1, order, self._roster)
        node.seen = self._seen.get(order.plan_id)
        self._nodes.append(node)
        self._by_plan[order.plan_id] = node
        return node

    def _update(self, node: _Node, orders: list[OrderView]) -> None:
        fresh: dict[IntentId, OrderRow] = {}
        touched: list[int] = []
        for order in orders:
            if node.is_head(order):
                if node.master is None or order.changed_ns >= node.master.changed_ns:
                    node.master = order
                continue
            place = node.places.get(order.intent_id)
            if place is None:
                held = fresh.get(order.intent_id)
                if held is None or order.changed_ns >= held.order.changed_ns:
                    fresh[order.intent_id] = copy_row(order, self._roster)
            elif order.changed_ns >= node.copies[place].order.changed_ns:
                node.copies[place] = copy_row(order, self._roster)
                touched.append(place)
        parent = self.index(self._row_of(node.serial), 0)
        self._tell_changed(parent, touched)
        if fresh:
            for place, rows in node.gaps(fresh.values()):
                self.beginInsertRows(parent, place, place + len(rows) - 1)
                node.insert(place, rows)
                self.endInsertRows()
            node.number_copies()
        node.count_again()
        self._tell_changed(parent, node.mark_unmatched())
        self._tell_changed(QModelIndex(), [parent.row()])

    def _tell_changed(self, parent: QModelIndex, rows: Iterable[int]) -> None:
        last_column = len(COLUMNS) - 1
        for first, last in runs(sorted(set(rows))):
            self.dataChanged.emit(
                self.index(first, 0, parent), self.index(last, last_column, parent)
            )

    def _drop_oldest(self) -> None:
        surplus = len(self._nodes) - PLANS_KEPT
        if surplus <= 0:
            return
        self.beginRemoveRows(QModelIndex(), PLANS_KEPT, PLANS_KEPT + surplus - 1)
        for node in self._nodes[:surplus]:
            del self._by_plan[node.first.plan_id]
        del self._nodes[:surplus]
        self._dropped += surplus
        self.endRemoveRows()
