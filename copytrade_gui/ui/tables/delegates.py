"""Paints tone and mark; the only place where a table meets the theme."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QStaticText, QTransform
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
_TEXTS_KEPT = 3_000
_State = QStyle.StateFlag
_SPECIAL = (_State.State_Selected | _State.State_MouseOver | _State.State_HasFocus).value
_ENABLED = _State.State_Enabled.value
_TextKey = tuple[str, bool, int]
"""Text, whether it is strong, and the pixels it was cut to (0: whole)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Pixels from a cell's edges to its text and its mark."""

    height: int
    left: int
    right: int
    top: int
    text_height: int
    mark: tuple[int, int, int, int]


class ToneDelegate(QStyledItemDelegate):
    """Text in its tone, a mark before it, rows of one height.

    A cell that is not selected, pointed at or under the cursor is painted here, in a quarter of the
    time that Qt's style takes with a style sheet; the style says only where text and mark belong.
    Every call of Qt here lets go of the interpreter, and the engine's thread may take it: as few
    as possible.
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
            x, y, wide, high = layout.mark
            self._icons.mark(face.mark, tone).paint(
                painter, box.left() + x, box.top() + y, wide, high
            )
        room = box.width() - layout.left - layout.right
        if not face.text or room <= 0:
            return
        font, metrics = self._font(option, strong=face.strong)
        words, width = self._written(face, font, metrics, room)
        left = box.left() + layout.left + (room - width if face.numeric else 0.0)
        top = box.top() + layout.top + layout.text_height // 2 - metrics.height() // 2
        painter.setPen(self._colour(tone))
        if not face.strong:
            painter.drawStaticText(QPointF(left, top), words)
            return
        painter.setFont(font)
        painter.drawStaticText(QPointF(left, top), words)
        painter.setFont(option.font)

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
        self._texts: dict[_TextKey, tuple[QStaticText, float]] = {}

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
            mark=(mark.left() - box.left(), mark.top() - box.top(), mark.width(), mark.height()),
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

    def _written(
        self, face: Face, font: QFont, metrics: QFontMetrics, room: int
    ) -> tuple[QStaticText, float]:
        """The text laid out, cut to its room, and its width: most cells say what others say."""
        known = self._texts.get((face.text, face.strong, 0))
        if known is None:
            known = self._keep((face.text, face.strong, 0), face.text, font)
        if known[1] <= room:
            return known
        place = (face.text, face.strong, -room if face.numeric else room)
        cut = self._texts.get(place)
        if cut is None:
            # Never a part of a number: it would be read as a smaller one.
            fitting = "…"
            if not face.numeric:
                fitting = metrics.elidedText(face.text, Qt.TextElideMode.ElideRight, room)
            cut = self._keep(place, fitting, font)
        return cut

    def _keep(self, key: _TextKey, text: str, font: QFont) -> tuple[QStaticText, float]:
        if len(self._texts) >= _TEXTS_KEPT:
            self._texts.clear()
        words = QStaticText(text.replace("\n", " "))
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.prepare(QTransform(), font)
        made = self._texts[key] = (words, words.size().width())
        return made
