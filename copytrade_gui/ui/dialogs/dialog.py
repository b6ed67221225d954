"""The dialog every other one is: opened, awaited, never modal, so that the stops stay usable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class ConsoleDialog(QDialog):
    """A window over the console that does not block it."""

    def __init__(self, parent: QWidget, title: str, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 14, 16, 14)
        self.box.setSpacing(10)

    async def ask(self) -> bool:
        """Show it and wait; True when it was accepted. Cancelling the waiter closes the dialog."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(result: int) -> None:
            if not answer.done():
                answer.set_result(result == QDialog.DialogCode.Accepted)

        self.finished.connect(settle)
        self.present()
        try:
            return await answer
        except asyncio.CancelledError:
            self.close()
            raise

    def present(self) -> None:
        """Show it in front."""
        self.show()
        self.grow()  # afterwards: only what is shown knows its font
        self.raise_()
        self.activateWindow()

    def grow(self) -> None:
        """Give wrapped texts the height they need; call it after one has changed.

        Qt counts a wrapped text with one line when it works out how small a window may be.
        """
        self.box.activate()
        needed = self.box.totalHeightForWidth(self.width())
        if needed > self.height():
            self.resize(self.width(), needed)

    def add_text(self, text: str, *, style: str = "") -> QLabel:
        """A paragraph that wraps and can be selected."""
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if style:
            label.setProperty("role", style)
        self.box.addWidget(label)
        return label

    def add_buttons(self, buttons: Sequence[QPushButton]) -> None:
        """The last row: safe button first in reach of Esc, verbs to the right."""
        row = QHBoxLayout()
        row.addStretch(1)
        for button in buttons:
            button.setMinimumWidth(88)
            row.addWidget(button)
        self.box.addLayout(row)

    def make_button(self, text: str, name: str, *, kind: str = "") -> QPushButton:
        """A button with a verb. ``kind``: primary, danger, stop or nothing."""
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        if kind:
            button.setProperty("kind", kind)
        return button


class Question(ConsoleDialog):
    """A sentence and buttons that say what they do; Esc means the safe one."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        sentence: str,
        *,
        verb: str,
        back: str = "Back",
        also: str = "",
        kind: str = "primary",
        safe_first: bool = False,
    ) -> None:
        super().__init__(parent, title, "question")
        self.setMinimumWidth(420)
        self.chose_also = False
        self.add_text(sentence)
        self.back = self.make_button(back, "question_back")
        self.back.clicked.connect(self.reject)
        self.verb = self.make_button(verb, "question_verb", kind=kind)
        self.verb.clicked.connect(self.accept)
        buttons = [self.back, self.verb]
        if also:
            self.also = self.make_button(also, "question_also", kind="danger")
            self.also.clicked.connect(self._on_also_clicked)
            buttons.insert(1, self.also)
        self.add_buttons(buttons)
        first = self.back if safe_first else self.verb
        first.setDefault(True)
        first.setFocus()

    def _on_also_clicked(self) -> None:
        self.chose_also = True
        self.accept()
