"""Sorting and filtering between a model and its view."""

from __future__ import annotations

import re

from PySide6.QtCore import QObject, QRegularExpression, QSortFilterProxyModel

from copytrade_gui.ui.tables.columns import Role


class TableProxy(QSortFilterProxyModel):
    """Sorts by our sort role, keeps rows that contain every typed word, in any order."""

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

    def hold(self, held: bool) -> None:
        """Stop rows from moving under the pointer; letting go sorts again."""
        if self.dynamicSortFilter() is held:
            self.setDynamicSortFilter(not held)
            if not held and self.sortColumn() >= 0:
                self.invalidate()
