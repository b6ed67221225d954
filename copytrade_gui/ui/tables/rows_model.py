"""Frozen rows in a table: upsert by key, one announcement per contiguous run, a cap.

The shape of the table, how many rows and columns there are, is kept by Qt itself: a view that lays
out 5,000 rows asks four questions about each of them, and asked of Python, with the engine's
thread at work, they take up to a tenth of a second for every batch of new rows. Only what a cell
says is Python's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QStandardItemModel

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


class RowsModel(QStandardItemModel, Generic[R]):
    """Rows in order of arrival, or newest first. The oldest leave above ``cap``.

    Rows are frozen values: an update is another row under the same key.
    """

    def __init__(
        self,
        columns: Sequence[Column[R]],
        key: Callable[[R], Hashable],
        *,
        cap: int = 5_000,
        newest_first: bool = False,
        search: Callable[[R], str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(0, len(columns), parent)
        self.columns = tuple(columns)
        self._key = key
        self._cap = cap
        self._newest_first = newest_first
        self._search = search or self._all_texts
        self._rows: list[R] = []  # oldest first
        self._serials: dict[Hashable, int] = {}
        self._gone = 0  # serial of _rows[0]
        # The first to hear it: the rows are gone here too before anybody else asks for one.
        self.rowsRemoved.connect(self._on_rows_removed)

    # ------------------------------------------------------------ what Qt asks

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.row_at(index.row())
        if role == Role.FACE:
            return face(self.columns[index.column()], row)
        if role == Role.FILTER:
            return self._search(row)
        return cell(self.columns[index.column()], row, role)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        return header(self.columns[section], role)

    # ------------------------------------------------------------ what panels ask

    def row_at(self, number: int) -> R:
        """The row shown at ``number``."""
        return self._rows[self._place(number)]

    def get(self, key: Hashable) -> R | None:
        """The row under ``key``, or None."""
        serial = self._serials.get(key)
        return None if serial is None else self._rows[serial - self._gone]

    def rows(self) -> list[R]:
        """Every row as shown, first to last."""
        return self._rows[::-1] if self._newest_first else list(self._rows)

    def upsert(self, rows: Iterable[R]) -> None:
        """Replace rows whose key is known, add the others; announce both."""
        changed: dict[int, R] = {}
        fresh: dict[Hashable, R] = {}
        for row in rows:
            key = self._key(row)
            serial = self._serials.get(key)
            if serial is None:
                fresh.pop(key, None)
                fresh[key] = row
            else:
                changed[serial - self._gone] = row
        self._replace(changed)
        self._append(fresh)

    def reset(self, rows: Iterable[R]) -> None:
        """Forget everything and show these (oldest first); the cap applies."""
        unique = {self._key(row): row for row in rows}
        self.beginResetModel()
        self._rows = list(unique.values())[-self._cap :]
        self._gone = 0
        self._reindex()
        quiet = self.blockSignals(True)
        self.setRowCount(len(self._rows))
        self.blockSignals(quiet)
        self.endResetModel()

    def remove(self, keys: Iterable[Hashable]) -> None:
        """Take rows out; unknown keys are ignored."""
        places = sorted(
            {self._serials[key] - self._gone for key in keys if key in self._serials}, reverse=True
        )
        for place in places:
            self.removeRow(self._place(place))

    # ------------------------------------------------------------ inside

    def _all_texts(self, row: R) -> str:
        return "  ".join(column.text(row) for column in self.columns)

    def _place(self, number: int) -> int:
        # By Qt's count and not ours: rows that are about to be shown stand behind it already.
        return self.rowCount() - 1 - number if self._newest_first else number

    def _replace(self, changed: dict[int, R]) -> None:
        touched: dict[int, tuple[int, int]] = {}
        for place, row in changed.items():
            if row == self._rows[place]:
                continue
            span = changed_columns(self.columns, self._rows[place], row)
            if span is None:
                self._rows[place] = row
            else:
                touched[self._place(place)] = span
        for first, last in runs(sorted(touched)):
            # Written only now: a proxy sorts an announced run back in among rows it takes to be
            # in order, and rows already changed but not yet announced would not be.
            for number in range(first, last + 1):
                place = self._place(number)
                self._rows[place] = changed[place]
            spans = [touched[number] for number in range(first, last + 1)]
            left, right = min(span[0] for span in spans), max(span[1] for span in spans)
            self.dataChanged.emit(self.index(first, left), self.index(last, right))

    def _append(self, fresh: dict[Hashable, R]) -> None:
        if not fresh:
            return
        added = list(fresh.items())[-self._cap :]
        overflow = len(self._rows) + len(added) - self._cap
        if overflow > 0:
            self._drop_oldest(overflow)
        for key, row in added:
            self._serials[key] = self._gone + len(self._rows)
            self._rows.append(row)
        self.insertRows(0 if self._newest_first else self.rowCount(), len(added))

    def _drop_oldest(self, count: int) -> None:
        self.removeRows(self.rowCount() - count if self._newest_first else 0, count)

    def _on_rows_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        count = last - first + 1
        start = self.rowCount() - first if self._newest_first else first
        for row in self._rows[start : start + count]:
            del self._serials[self._key(row)]
        del self._rows[start : start + count]
        if start == 0:
            self._gone += count
        else:
            self._reindex()

    def _reindex(self) -> None:
        self._serials = {self._key(row): self._gone + n for n, row in enumerate(self._rows)}
