"""A number field that steps: Up and Down one tick or lot, PgUp and PgDn ten. Never by the wheel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.widgets.tip import set_tip

_KEYS = {
    Qt.Key.Key_Up: 1, Qt.Key.Key_Plus: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_Minus: -1,
    Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10,
}  # fmt: skip


class StepLine(QLineEdit):
    """The text part. ``finished`` when Enter is pressed."""

    stepped = Signal(int)
    finished = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _KEYS:
            self.stepped.emit(_KEYS[key])
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.finished.emit()
            return
        super().keyPressEvent(event)


class StepEdit(QWidget):
    """Minus, text, plus. ``step`` gives the new text for a number of steps, or None."""

    edited = Signal()

    def __init__(
        self, icons: Icons, name: str, label: str, step: Callable[[str, int], str | None]
    ) -> None:
        super().__init__()
        self._step = step
        self.line = StepLine()
        self.line.setObjectName(name)
        self.line.setAccessibleName(label)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.line.stepped.connect(self._on_stepped)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for picture, words, steps in (("minus", "less", -1), ("plus", "more", 1)):
            button = QToolButton()
            button.setObjectName(f"{name}_{words}")
            button.setAccessibleName(f"{label}: one step {words}")
            set_tip(button, f"One step {words}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("kind", "step")
            button.setAutoRepeat(True)
            icons.dress(button, picture, "muted")
            button.clicked.connect(lambda _checked=False, n=steps: self._on_stepped(n))
            row.addWidget(button)
            if steps < 0:
                row.addWidget(self.line, 1)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        """What stands in the field."""
        return self.line.text()

    def set_text(self, text: str) -> None:
        """Write without telling anybody."""
        self.line.setText(text)

    def _on_stepped(self, steps: int) -> None:
        text = self._step(self.line.text(), steps)
        if text is not None:
            self.line.setText(text)
            self.edited.emit()
