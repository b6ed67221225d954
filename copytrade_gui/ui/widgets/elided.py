"""Texts that end in dots where there is no room, with the whole text as tool tip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QStyle, QStyleOption

from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import plain_tip, set_tip


class ElidedLabel(PlainLabel):
    """One line; asks for its whole width and takes what it gets."""

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        area = self.contentsRect()
        words = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, area.width()
        )
        self.style().drawItemText(
            painter, area, int(self.alignment()), self.palette(), self.isEnabled(), words,
            self.foregroundRole(),
        )  # fmt: skip
        painter.end()
        if words != self.text() and self.toolTip() != plain_tip(self.text()):
            set_tip(self, self.text())
