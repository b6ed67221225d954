"""What stands in the place of a locked window: its mode, how trading stands, stops, passphrase."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.strip.stop_button import stop_button
from copytrade_gui.ui.widgets.buttons import show_busy
from copytrade_gui.ui.widgets.label import PlainLabel, caption

STOPS = (Act.PAUSE, Act.HALT, Act.KILL)
_NEEDS = "The stops work; all else needs the passphrase."
_STOPPED = (
    "Locked and stopped: nothing leaves but cancels, also once it is unlocked, until you resume."
)
_FORGOTTEN = "The key of the app secrets is forgotten; sessions stay."


class LockScreen(QFrame):
    """Covers the window but for its frame. ``typed``: somebody wants to unlock with this."""

    typed = Signal(str)
    _before: QWidget | None = None
    """What had the keys in the window that is covered."""

    def __init__(self, window: QWidget, desk: Desk) -> None:
        super().__init__(window)
        self.setObjectName("lock_screen")
        self.setAutoFillBackground(True)
        self._window = window
        self._stopped = _STOPPED if desk.paper else f"{_STOPPED}\n{_FORGOTTEN}"
        self._waits = False
        self.state = PlainLabel()
        self.state.setObjectName("lock_state")
        self.state.setProperty("role", "heading")
        mode = PlainLabel("PAPER TRADING" if desk.paper else "LIVE")
        mode.setObjectName("mode_band")
        mode.setProperty("mode", "paper" if desk.paper else "live")
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.setSpacing(8)
        top.addWidget(mode)
        top.addSpacing(8)
        top.addWidget(self.state)
        top.addStretch(1)
        stops = [stop_button(desk, act, f"lock_{act}") for act in STOPS]
        for stop in stops:
            if stop is stops[-1]:
                top.addSpacing(12)
            top.addWidget(stop)
        self.field = QLineEdit()
        self.field.setObjectName("lock_passphrase")
        self.field.setAccessibleName("Passphrase")
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setMinimumWidth(260)
        self.field.returnPressed.connect(self._on_typed)
        self.button = QPushButton("Unlock")
        self.button.setObjectName("lock_unlock")
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(self._on_typed)
        self._keys: list[QWidget] = [self.field, self.button, *stops]
        title = PlainLabel("The window is locked")
        title.setProperty("role", "heading")
        self.words = _lines("lock_words")
        self.problem = _lines("lock_problem")
        self.problem.setProperty("role", "problem")
        row = QHBoxLayout()
        row.addWidget(caption("Passphrase", self.field))
        row.addWidget(self.field)
        row.addWidget(self.button)
        middle = QVBoxLayout()
        middle.setSpacing(12)
        for label in (title, self.words):
            middle.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addLayout(row)
        middle.addWidget(self.problem, 0, Qt.AlignmentFlag.AlignHCenter)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addLayout(middle)
        centred.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addStretch(2)
        column.addLayout(centred)
        column.addStretch(3)
        window.installEventFilter(self)
        self.hide()

    def cover(self) -> None:
        """Stand over everything, with the keys in the field."""
        self._fit()
        self.words.setText(f"Copying is as it was. {_NEEDS}")
        self.problem.clear()
        self.field.clear()
        self._before = self._window.focusWidget()
        self.show()
        self.raise_()
        self._window.activateWindow()  # a dialog may have had the keys
        self.wait(waits=False)

    def say_stopped(self) -> None:
        """It was locked by a stop: what that means, until the window is unlocked."""
        self.words.setText(f"{self._stopped}\n{_NEEDS}")

    def uncover(self) -> None:
        """Stand there no more; who typed before it was locked types on."""
        before, self._before = self._before, None
        self.hide()
        if before is not None and isValid(before):
            before.setFocus()

    def wait(self, *, waits: bool) -> None:
        """Nothing more can be typed while a passphrase is tried. What has the focus keeps it, for
        a stop stands next.
        """
        self._waits = waits
        self.field.setReadOnly(waits)
        show_busy(self.button, busy=waits)
        if not waits:
            self.field.setFocus()

    def take_focus(self) -> None:
        """Whatever took the keys meanwhile, they are for the passphrase."""
        if self.isVisible():
            self.field.setFocus()

    def refuse(self, sentence: str) -> None:
        """It was not the one."""
        self.field.clear()
        self.problem.setText(sentence)
        self.wait(waits=False)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's own name
        """Tab goes round among what stands here; what is covered gets no key."""
        here = [one for one in self._keys if one.isEnabled()]
        focused = next_to(here, self.focusWidget(), 1 if next else -1)
        focused.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the window at any time."""
        if event.type() is QEvent.Type.Resize and watched is self._window:
            self._fit()
        return False

    def _fit(self) -> None:
        self.setGeometry(self._window.rect() - self._window.contentsMargins())

    def _on_typed(self) -> None:
        if self._waits:
            self.problem.setText("The passphrase is still being tried.")
        else:
            self.typed.emit(self.field.text())


def _lines(name: str) -> PlainLabel:
    """Room for more than one line, each in the middle."""
    label = PlainLabel()
    label.setObjectName(name)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label


def next_to(ring: Sequence[QWidget], one: QWidget | None, step: int) -> QWidget:
    """The neighbour in a ring; the first where ``one`` is not in it."""
    if one is None or one not in ring:
        return ring[0]
    return ring[(ring.index(one) + step) % len(ring)]
