"""Columns of fields that stay in reach on any screen, at any size of text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QScrollArea, QWidget

_LEAST = QSize(280, 120)
"""Pixels: smaller than this nobody makes them."""


class ColumnsOfFields(QScrollArea):
    """Forms side by side; bars come where the screen has less room than they need."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._inside = QWidget()
        self._inside.setObjectName("fields")
        self._columns = QHBoxLayout(self._inside)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(20)
        self.setWidget(self._inside)
        self._wheel = _NoWheel(self)

    def begin(self, room: int = 0) -> QFormLayout:
        """One more column, to the right; each of them is to have ``room`` pixels."""
        self._inside.setMinimumWidth((self._columns.count() + 1) * room)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._columns.addLayout(form, 1)
        return form

    def keep(self, field: QWidget) -> None:
        """Turning the wheel over this field moves the form and changes no choice."""
        field.installEventFilter(self._wheel)

    @property
    def needed_width(self) -> int:
        """Pixels in which every field and button is seen whole."""
        return max(self._inside.minimumWidth(), self._inside.minimumSizeHint().width())

    @property
    def bar_height(self) -> int:
        """Pixels of the bar below them, where they are wider than what they have."""
        bar = self.horizontalScrollBar()
        return bar.sizeHint().height() if self.needed_width > self.width() else 0

    def sizeHint(self) -> QSize:
        """As large as all of them."""
        width = self.needed_width
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """Small: what has no room is scrolled to."""
        return self.sizeHint().boundedTo(_LEAST)

    def heightForWidth(self, width: int) -> int:
        """What the forms need where they have so many pixels; wrapped texts count whole."""
        self._columns.activate()
        wide = max(width, self.needed_width)
        if self._columns.hasHeightForWidth():
            return self._columns.totalHeightForWidth(wide)
        return self._columns.totalMinimumSize().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wrapped text keeps all of its lines also where the form is scrolled."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Give the forms the height that their texts need now."""
        self._inside.setMinimumHeight(self.heightForWidth(self.viewport().width()))


class _NoWheel(QObject):
    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.Wheel:
            return False
        event.ignore()  # whoever is around the field scrolls
        return True
