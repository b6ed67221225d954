"""Paints tone and mark; the only place where a table meets the theme."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from copytrade_gui.ui.icons import Icons, Mark
from copytrade_gui.ui.tables.columns import Role
from copytrade_gui.ui.theme import Theme

_MARK_SIZE = QSize(12, 12)


class ToneDelegate(QStyledItemDelegate):
    """Text in its tone, a mark before it, rows of one height."""

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        tone = index.data(Role.TONE)
        if tone is not None:
            colour = self._theme.colour(tone)
            option.palette.setColor(QPalette.ColorRole.Text, colour)
            option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)
        mark = index.data(Role.MARK)
        if isinstance(mark, str):
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = self._icons.mark(Mark(mark), tone or "text")
            option.decorationSize = _MARK_SIZE
        if index.data(Role.STRONG):
            option.font.setWeight(QFont.Weight.DemiBold)

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(40, self._theme.row_pixels())
