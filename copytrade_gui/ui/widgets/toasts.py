"""Messages at the bottom right that leave by themselves: six seconds, three at most."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QToolButton, QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.notices import Notice
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

SHOWN_MS = 6_000
MOST = 3
WIDTH = 400
GAP = 6
MARGIN_RIGHT = 16
MARGIN_BELOW = 34
LOOKS = {
    Severity.INFO: ("circle-check", Tone.OK),
    Severity.WARNING: ("triangle-alert", Tone.WARN),
    Severity.CRITICAL: ("octagon-x", Tone.BAD),
}


class Toast(QFrame):
    """One message; stays while the pointer is on it. Critical ones stay until they are closed."""

    left = Signal(object)

    def __init__(self, icons: Icons, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.notice = notice
        self.setObjectName("toast")
        self.setProperty("severity", str(notice.severity))
        name, tone = LOOKS[notice.severity]
        picture = PlainLabel()
        picture.setPixmap(icons.icon(name, tone).pixmap(20, 20))
        words = notice.sentence  # its code stands in the notice centre
        if notice.count > 1:
            words = f"{words}  × {notice.count}"
        text = PlainLabel(words)
        text.setWordWrap(True)
        text.setAccessibleName(f"{notice.severity}: {words}")
        close = QToolButton()
        close.setAutoRaise(True)
        close.setAccessibleName("Close this message")
        set_tip(close, "Close")
        close.setIcon(icons.icon("x", "muted"))
        close.clicked.connect(self.leave)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 6, 8)
        row.addWidget(picture)
        row.addWidget(text, 1)
        if notice.show is not None:
            shown = QToolButton()
            shown.setObjectName("toast_show")
            shown.setText("Show")
            set_tip(shown, "Go to what this is about")
            shown.clicked.connect(lambda _checked=False, go=notice.show: go())
            shown.clicked.connect(self.leave)
            row.addWidget(shown)
        row.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.leave)
        if notice.severity is not Severity.CRITICAL:
            self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self.notice.severity is not Severity.CRITICAL:
            self._timer.start()

    def fit(self) -> None:
        """As high as its words need."""
        self.ensurePolished()
        for label in self.findChildren(PlainLabel):
            label.ensurePolished()
        width = round(WIDTH * max(1.0, self.fontMetrics().height() / 17))
        layout = self.layout()
        self.setFixedSize(width, layout.totalHeightForWidth(width) if layout else 0)

    def leave(self) -> None:
        """Go away."""
        self._timer.stop()
        self.hide()
        self.left.emit(self)
        self.deleteLater()


class Toasts(QObject):
    """Stacks toasts in the corner of a window, the newest lowest, above every panel."""

    def __init__(self, icons: Icons, over: QWidget) -> None:
        super().__init__(over)
        self._icons = icons
        self._over = over
        self._shown: list[Toast] = []
        over.installEventFilter(self)

    def show_notice(self, notice: Notice) -> None:
        """Show a message, or count it up when its words are already there."""
        for dock in self._over.findChildren(QDockWidget):
            dock.installEventFilter(self)  # once, however often it is asked for
        kept = [toast for toast in self._shown if toast.notice.number != notice.number]
        kept = kept[-(MOST - 1) :]
        for toast in self._shown:
            if toast not in kept:
                toast.leave()
        made = Toast(self._icons, notice, self._over)
        made.left.connect(self._on_left)
        self._shown = [*kept, made]
        made.show()
        self._place()

    def clear(self) -> None:
        """Take every message away."""
        for toast in list(self._shown):
            toast.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._over:
            if event.type() == QEvent.Type.ZOrderChange:  # a panel comes to the front
                # Behind it: Qt shows a panel's tab only while nothing else is on top of it.
                QTimer.singleShot(0, self, self._raise)
        elif event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _raise(self) -> None:
        for toast in self._shown:
            toast.raise_()

    def _on_left(self, toast: object) -> None:
        self._shown = [shown for shown in self._shown if shown is not toast]
        self._place()

    def _place(self) -> None:
        below = self._over.height() - MARGIN_BELOW
        for toast in reversed(self._shown):
            toast.fit()
            below -= toast.height() + GAP
            toast.move(self._over.width() - toast.width() - MARGIN_RIGHT, below)
            toast.raise_()
