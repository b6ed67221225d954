"""Paints tone and mark; the only place where a table meets the theme."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from copytrade_gui.ui.icons import Icons, Mark
from copytrade_gui.ui.tables.columns import Face, Role
from copytrade_gui.ui.theme import Theme, Tone

_MARK_SIZE = QSize(12, 12)
_TEXTS_KEPT = 4_000
_State = QStyle.StateFlag
_SPECIAL = (_State.State_Selected | _State.State_MouseOver | _State.State_HasFocus).value
_ENABLED = _State.State_Enabled.value
_LINE = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignTop
_LEFT = int(_LINE | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(_LINE | Qt.AlignmentFlag.AlignRight)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Pixels from a cell's edges to its text and its mark."""

    height: int
    left: int
    right: int
    top: int
    text_height: int
    mark: QRect


class ToneDelegate(QStyledItemDelegate):
    """Text in its tone, a mark before it, rows of one height.

    A cell that is not selected, pointed at or under the cursor is painted here, in a fifth of the
    time that Qt's style takes with a style sheet; the style says only where text and mark belong.
    """

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._forget()
        theme.changed.connect(self._forget)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        state = option.state.value
        face = index.data(Role.FACE)
        if state & _SPECIAL or not state & _ENABLED or not isinstance(face, Face):
            super().paint(painter, option, index)
            return
        tone = face.tone or Tone.PLAIN
        box = option.rect
        layout = self._layout(option, index, marked=face.mark is not None)
        if face.mark is not None:
            place = layout.mark.translated(box.topLeft())
            self._icons.mark(face.mark, tone).paint(painter, place)
        room = box.width() - layout.left - layout.right
        if not face.text or room <= 0:
            return
        font, metrics = self._font(option, strong=face.strong)
        painter.setFont(font)
        painter.setPen(self._colour(tone))
        painter.drawText(
            box.left() + layout.left,
            box.top() + layout.top + layout.text_height // 2 - metrics.height() // 2,
            room,
            metrics.height(),
            _RIGHT if face.numeric else _LEFT,
            self._fitting(face, metrics, room),
        )

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

    # ------------------------------------------------------------ what is the same in every cell

    def _forget(self) -> None:
        self._layouts: dict[bool, _Layout] = {}
        self._colours: dict[str, QColor] = {}
        self._fonts: dict[bool, tuple[QFont, QFontMetrics]] = {}
        self._widths: dict[tuple[str, bool], int] = {}

    def _layout(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
        *,
        marked: bool,
    ) -> _Layout:
        known = self._layouts.get(marked)
        if known is None or known.height != option.rect.height():
            known = self._layouts[marked] = self._asked(option, index)
        return known

    def _asked(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> _Layout:
        """Where the style puts text and mark; it puts them there in every cell of this kind."""
        full = QStyleOptionViewItem(option)
        self.initStyleOption(full, index)
        widget, box = full.widget, full.rect
        style = widget.style()
        text = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, full, widget)
        mark = style.subElementRect(QStyle.SubElement.SE_ItemViewItemDecoration, full, widget)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, full, widget) + 1
        return _Layout(
            height=box.height(),
            left=text.left() - box.left() + margin,
            right=box.right() - text.right() + margin,
            top=text.top() - box.top(),
            text_height=text.height(),
            mark=mark.translated(-box.topLeft()),
        )

    def _font(self, option: QStyleOptionViewItem, *, strong: bool) -> tuple[QFont, QFontMetrics]:
        known = self._fonts.get(strong)
        if known is None:
            font = QFont(option.font)
            if strong:
                font.setWeight(QFont.Weight.DemiBold)
            known = self._fonts[strong] = (font, QFontMetrics(font))
        return known

    def _colour(self, tone: str) -> QColor:
        known = self._colours.get(tone)
        if known is None:
            known = self._colours[tone] = self._theme.colour(tone)
        return known

    def _fitting(self, face: Face, metrics: QFontMetrics, room: int) -> str:
        key = (face.text, face.strong)
        width = self._widths.get(key)
        if width is None:
            if len(self._widths) >= _TEXTS_KEPT:
                self._widths.clear()
            width = self._widths[key] = metrics.horizontalAdvance(face.text)
        if width <= room:
            return face.text
        return metrics.elidedText(face.text, Qt.TextElideMode.ElideRight, room)
