"""A text field that shows, while it is typed in, which known words hold what is typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget

_MOST_ROWS = 6
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class SuggestEdit(QLineEdit):
    """Down goes into the list, Enter and Tab take its chosen row, Esc closes it; any other word
    may be typed.

    The list is a part of the window and no popup, which Qt's completer would open: that takes the
    first click outside it for itself, be it on Save or on KILL.
    """

    def __init__(self, text: str, known: Sequence[str]) -> None:
        super().__init__(text)
        self._known = tuple(known)
        self.list = QListWidget(self)
        self.list.setObjectName("suggestions")
        self.list.setAccessibleName("Words that are here")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda item: self._take(item.text()))
        self.list.hide()
        self.textEdited.connect(lambda _text: self._suggest())

    def suggested(self) -> list[str]:
        """The rows of the list; none while it is closed."""
        if self.list.isHidden():
            return []
        return [self.list.item(row).text() for row in range(self.list.count())]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS:
            self._step(_STEPS[key])
        elif self.list.isHidden():
            super().keyPressEvent(event)
        elif key is Qt.Key.Key_Escape:
            self.list.hide()
        elif key in _ENTER and self.list.currentRow() >= 0:
            self._take(self.list.currentItem().text())
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's own name
        if self.suggested() and self.list.currentRow() >= 0:
            self._take(self.list.currentItem().text())
        return super().focusNextPrevChild(next)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.list.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list does not stay where the field no longer is."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.list.hide()
        return super().eventFilter(watched, event)

    def _take(self, word: str) -> None:
        self.list.hide()
        self.setText(word)

    def _step(self, step: int) -> None:
        if self.list.isHidden():
            if step > 0:
                self._suggest(empty=True)
            return
        row = self.list.currentRow() + step
        self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))

    def _suggest(self, *, empty: bool = False) -> None:
        """Show what holds the typed word; with an ``empty`` field, too: all that are here."""
        typed = self.text().strip().casefold()
        found = [word for word in self._known if typed in word.casefold()]
        self.list.clear()
        if not found or not (typed or empty) or [word.casefold() for word in found] == [typed]:
            self.list.hide()
            return
        self.list.addItems(found)
        self.list.setCurrentRow(-1)
        self._show()

    def _show(self) -> None:
        window = self.window()
        if self.list.parent() is not window:
            self.list.setParent(window)
            around = self.parentWidget()
            while around is not None:
                around.installEventFilter(self)
                around = None if around is window else around.parentWidget()
        rows = min(self.list.count(), _MOST_ROWS)
        height = rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth()
        place = self.mapTo(window, QPoint(0, self.height()))
        if place.y() + height > window.height():
            place = self.mapTo(window, QPoint(0, -height))
        top = max(0, place.y())
        self.list.setGeometry(place.x(), top, self.width(), min(height, window.height() - top))
        self.list.show()
        self.list.raise_()
