"""Sorting and filtering between a model and its view."""

from __future__ import annotations

import re

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRegularExpression,
    QSortFilterProxyModel,
    Qt,
)

from copytrade_gui.ui.tables.columns import Role


class TableProxy(QSortFilterProxyModel):
    """Sorts by our sort role, keeps rows that contain every typed word, in any order.

    Rows that sort alike stand as in the model, whichever of them changed last.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.setSortRole(Role.SORT)
        self.setFilterRole(Role.FILTER)
        self.setFilterKeyColumn(0)
        self.setRecursiveFilteringEnabled(True)
        self.setAutoAcceptChildRows(True)
        self.words = ""

    def set_words(self, text: str) -> None:
        """Filter by the words of ``text``; empty shows all."""
        self.words = text.strip()
        pattern = "".join(f"(?=.*{re.escape(word)})" for word in self.words.split())
        self.setFilterRegularExpression(
            QRegularExpression(pattern, QRegularExpression.PatternOption.CaseInsensitiveOption)
        )

    def lessThan(
        self, left: QModelIndex | QPersistentModelIndex, right: QModelIndex | QPersistentModelIndex
    ) -> bool:
        model = self.sourceModel()
        one, other = model.data(left, Role.SORT), model.data(right, Role.SORT)
        if one == other:  # Qt asks the other way round when it sorts downwards
            upwards = self.sortOrder() is Qt.SortOrder.AscendingOrder
            return (left.row() < right.row()) is upwards
        return bool(one < other)

    def hold(self, held: bool) -> None:
        """Stop rows from moving under the pointer; letting go sorts again."""
        if self.dynamicSortFilter() is held:
            self.setDynamicSortFilter(not held)
            if not held and self.sortColumn() >= 0:
                self.invalidate()
