"""Buttons with a rule of their own: one never repeats, one must be held, one may be busy."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget

HOLD_MS = 1_500


def show_busy(button: QAbstractButton, *, busy: bool) -> None:
    """Show that what a press began still runs. It stays enabled: so the focus stays on it."""
    button.setProperty("busy", busy)
    button.style().polish(button)


def is_gone(focused: QWidget | None) -> bool:
    """Whether it is a button that can be pressed no longer: disabled, or hidden."""
    if not isinstance(focused, QAbstractButton):
        return False
    return not (focused.isEnabled() and focused.isVisible())


class PressButton(QPushButton):
    """Answers Enter and Space once per press: a held key presses once."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setAutoDefault(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            event.accept()
            return
        super().keyPressEvent(event)


class HoldButton(QPushButton):
    """``held`` after the mouse or Space was down for 1.5 s; nothing when let go early."""

    held = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setAutoDefault(False)
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(30)
        self._timer.timeout.connect(self._on_tick)

    @property
    def share(self) -> float:
        """How much of the hold is done, 0 to 1."""
        if not self._timer.isActive():
            return 0.0
        return min(1.0, self._since.elapsed() / HOLD_MS)

    def begin(self) -> None:
        """The finger is down."""
        self._since.start()
        self._timer.start()
        self.setDown(True)

    def let_go(self) -> None:
        """The finger is up."""
        self._timer.stop()
        self.setDown(False)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.begin()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self.let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.begin()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat():
            self.let_go()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.let_go()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.share:
            painter = QPainter(self)
            filled = QRectF(2, self.height() - 6, (self.width() - 4) * self.share, 4)
            painter.fillRect(filled, QColor("white"))
            painter.end()

    def _on_tick(self) -> None:
        self.update()
        if self._since.elapsed() >= HOLD_MS:
            self.let_go()
            self.held.emit()
