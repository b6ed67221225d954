"""A few choices side by side, one of them on: quicker than a list that must be opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from copytrade_gui.ui.widgets.tip import set_tip

V = TypeVar("V")


class Segments(QWidget, Generic[V]):
    """Exclusive buttons; left and right move between them. ``chosen`` follows the user only,
    ``finished`` is Enter: the choice stands.
    """

    chosen = Signal()
    finished = Signal()

    def __init__(
        self, name: str, choices: Sequence[tuple[V, str, str]], *, label: str, stretch: bool = True
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self._values = [value for value, _, _ in choices]
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for number, (_, text, tip) in enumerate(choices):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setObjectName(f"{name}_{number}")
            set_tip(button, tip)
            button.setAccessibleName(f"{label}: {text}")
            button.setProperty("segment", _place(number, len(choices)))
            if stretch:
                button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idToggled.connect(self._on_toggled)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(lambda _number: self.chosen.emit())

    @property
    def value(self) -> V:
        """What is on."""
        return self._values[self._group.checkedId()]

    def choose(self, value: V) -> None:
        """Turn a choice on without telling anybody."""
        self._group.button(self._values.index(value)).setChecked(True)

    def button(self, value: V) -> QPushButton:
        """The button of one choice."""
        found = self._group.button(self._values.index(value))
        assert isinstance(found, QPushButton)  # noqa: S101 - only push buttons are in the group
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What no button takes; Enter presses none of them."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.finished.emit()
        super().keyPressEvent(event)

    def _on_toggled(self, number: int, checked: bool) -> None:
        if checked:  # who comes here by a key stands on what is chosen
            self.setFocusProxy(self._group.button(number))


def _place(number: int, count: int) -> str:
    if number == 0:
        return "first"
    return "last" if number == count - 1 else "middle"
