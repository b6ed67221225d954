"""Frozen rows in two levels: a head with its rows below it, shown whole again and again.

What did not change is not announced, so a report of thousands of rows a second draws only what is
new in it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic

from msgspec import Struct
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from copytrade_gui.ui.tables.columns import (
    Column,
    R,
    Role,
    cell,
    changed_columns,
    face,
    header,
    runs,
)

Index = QModelIndex | QPersistentModelIndex


class Group(Struct, Generic[R], frozen=True):
    """A head and the rows below it, each under a key of its own."""

    key: Hashable
    head: R
    rows: tuple[tuple[Hashable, R], ...]


class _Node(Generic[R]):
    """A group as it is shown; ``serial`` counts from 1 and is never given again."""

    def __init__(self, serial: int, group: Group[R]) -> None:
        self.serial = serial
        self.key = group.key
        self.head = group.head
        self.keys = [key for key, _ in group.rows]
        self.rows = [row for _, row in group.rows]


class GroupedRows(QAbstractItemModel, Generic[R]):
    """Groups in the order they are given; rows likewise."""

    def __init__(
        self,
        columns: Sequence[Column[R]],
        search: Callable[[R], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._search = search
        self._nodes: list[_Node[R]] = []
        self._by_serial: dict[int, _Node[R]] = {}
        self._serial = 0

    # ------------------------------------------------------------ what Qt asks

    def index(
        self,
        row: int,
        column: int,
        parent: Index = QModelIndex(),  # noqa: B008 - Qt's own signature
    ) -> QModelIndex:
        if not (0 <= row < self.rowCount(parent) and 0 <= column < len(self.columns)):
            return QModelIndex()
        serial = self._nodes[parent.row()].serial if parent.isValid() else 0
        return self.createIndex(row, column, serial)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # QObject.parent() shares the name
        serial = index.internalId() if index.isValid() else 0
        node = self._by_serial.get(serial)
        return QModelIndex() if node is None else self.createIndex(self._nodes.index(node), 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        if not parent.isValid():
            return len(self._nodes)
        if parent.column() > 0 or parent.internalId():
            return 0
        return len(self._nodes[parent.row()].rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, ARG002 - Qt's own signature
        return len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, is_head = self.row_at(index), not index.internalId()
        if role == Role.FACE:
            column = self.columns[index.column()]
            return face(column, row, strong=is_head or column.strong)
        if role == Role.FILTER:
            return self._search(row)
        if role == Role.STRONG and is_head:
            return True
        return cell(self.columns[index.column()], row, role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        return header(self.columns[section], role)

    # ------------------------------------------------------------ what the panel asks

    def row_at(self, index: Index) -> R:
        """The row under an index."""
        serial = index.internalId()
        if not serial:
            return self._nodes[index.row()].head
        return self._by_serial[serial].rows[index.row()]

    def show(self, groups: Sequence[Group[R]]) -> None:
        """Show these and nothing else; what stays keeps its place on the screen."""
        wanted = {group.key: group for group in groups}
        for place in range(len(self._nodes) - 1, -1, -1):
            if self._nodes[place].key not in wanted:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self._by_serial[self._nodes.pop(place).serial]
                self.endRemoveRows()
        shown = {node.key: node for node in self._nodes}
        for place, group in enumerate(groups):
            node = shown.get(group.key)
            if node is None:
                self._insert(place, group)
            else:
                self._update(node, group)

    # ------------------------------------------------------------ inside

    def _insert(self, place: int, group: Group[R]) -> None:
        place = min(place, len(self._nodes))
        self._serial += 1
        node = _Node(self._serial, group)
        self.beginInsertRows(QModelIndex(), place, place)
        self._nodes.insert(place, node)
        self._by_serial[node.serial] = node
        self.endInsertRows()

    def _update(self, node: _Node[R], group: Group[R]) -> None:
        parent = self.index(self._nodes.index(node), 0)
        wanted = dict(group.rows)
        for first, last in reversed(runs([n for n, k in enumerate(node.keys) if k not in wanted])):
            self.beginRemoveRows(parent, first, last)
            del node.keys[first : last + 1], node.rows[first : last + 1]
            self.endRemoveRows()
        known = set(node.keys)
        fresh = [place for place, (key, _) in enumerate(group.rows) if key not in known]
        for first, last in runs(fresh):
            place = min(first, len(node.rows))
            self.beginInsertRows(parent, place, place + last - first)
            node.keys[place:place] = [key for key, _ in group.rows[first : last + 1]]
            node.rows[place:place] = [row for _, row in group.rows[first : last + 1]]
            self.endInsertRows()
        spans: dict[int, tuple[int, int]] = {}
        for place, key in enumerate(node.keys):
            before, row = node.rows[place], wanted[key]
            if row != before:
                span = changed_columns(self.columns, before, row)
                node.rows[place] = row
                if span is not None:
                    spans[place] = span
        self._tell_changed(parent, spans)
        if group.head != node.head:
            span = changed_columns(self.columns, node.head, group.head)
            node.head = group.head
            if span is not None:
                self._tell_changed(QModelIndex(), {parent.row(): span})

    def _tell_changed(self, parent: QModelIndex, spans: dict[int, tuple[int, int]]) -> None:
        for first, last in runs(sorted(spans)):
            left, right = widest(spans[place] for place in range(first, last + 1))
            self.dataChanged.emit(self.index(first, left, parent), self.index(last, right, parent))


def widest(spans: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The columns that some spans cover together."""
    lefts, rights = zip(*spans, strict=True)
    return min(lefts), max(rights)
