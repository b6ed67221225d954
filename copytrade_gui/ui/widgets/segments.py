"""A few choices side by side, one of them on: quicker than a list that must be opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from copytrade_gui.ui.widgets.tip import set_tip

V = TypeVar("V")


class Segments(QWidget, Generic[V]):
    """Exclusive buttons; left and right move between them. ``chosen`` follows the user only."""

    chosen = Signal()

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
        self._group.button(0).setChecked(True)
        self.setFocusProxy(self._group.button(0))
        self._group.idClicked.connect(lambda _number: self.chosen.emit())

    @property
    def value(self) -> V:
        """What is on."""
        return self._values[self._group.checkedId()]

    def choose(self, value: V) -> None:
        """Turn a choice on without telling anybody."""
        button = self._group.button(self._values.index(value))
        button.setChecked(True)
        self.setFocusProxy(button)

    def button(self, value: V) -> QPushButton:
        """The button of one choice."""
        found = self._group.button(self._values.index(value))
        assert isinstance(found, QPushButton)  # noqa: S101 - only push buttons are in the group
        return found


def _place(number: int, count: int) -> str:
    if number == 0:
        return "first"
    return "last" if number == count - 1 else "middle"
