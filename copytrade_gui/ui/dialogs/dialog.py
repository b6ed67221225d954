"""The dialog every other one is: opened, awaited, never modal, so that the stops stay usable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

from PySide6.QtCore import QMargins, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.ui.tasks import OnError, Tasks
from copytrade_gui.ui.widgets.buttons import PressButton, is_gone, show_busy
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.label import PlainLabel

T = TypeVar("T")
_FRAME = QMargins(4, 16, 4, 16)
"""Pixels of a window's own title bar and edges, with some to spare."""
_STILL_BUSY = "The last press is still being worked on; this one began nothing."
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


async def answer_of(dialog: QDialog, read: Callable[[], T]) -> T | None:
    """Wait for a dialog that is shown: what ``read`` says of it once accepted, None otherwise.

    ``read`` is asked while the dialog is there. Whoever waits goes on in a later turn of the loop,
    when Qt may have deleted it. Cancelling the waiter closes the dialog.
    """
    answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(read() if result == QDialog.DialogCode.Accepted else None)

    dialog.finished.connect(settle)
    try:
        return await answer
    except asyncio.CancelledError:
        dialog.close()
        raise


class ConsoleDialog(QDialog):
    """A window over the console that does not block it.

    Closed, it is ``over`` and Qt deletes it as soon as nothing it has started runs any more: work
    that outlives its dialog may still read and write it, nobody sees what it writes.

    Enter presses the button that has the focus; the default one where a field has it. The focus
    goes nowhere by itself: a button is ``busy`` while what it began runs, and stays enabled.
    """

    def __init__(self, parent: QWidget | None, title: str, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title.replace("[*]", "[*][*]"))  # Qt's own sign; a name may hold it
        self.setModal(False)
        self.over = False
        self._running: dict[asyncio.Task[object], Sequence[QAbstractButton]] = {}
        """What runs, and the buttons that wait for its end."""
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 14, 16, 14)
        self.box.setSpacing(10)
        self.still_busy = ElidedLabel()
        self.still_busy.setObjectName("still_busy")
        self.still_busy.setProperty("role", "hint")
        self.still_busy.setParent(self)
        self.still_busy.hide()  # until it has a place beside buttons

    async def ask(self) -> bool:
        """Show it and wait; True when it was accepted. Cancelling the waiter closes the dialog."""
        self.present()
        return await answer_of(self, lambda: True) is True

    def begin(
        self,
        tasks: Tasks,
        work: Coroutine[object, object, object],
        *,
        name: str,
        on_error: OnError | None = None,
        buttons: Sequence[QAbstractButton] = (),
    ) -> bool:
        """Start work that touches this dialog; False when nothing starts any more.

        ``buttons`` are busy until it ends; see ``may_press``.
        """
        task = tasks.start(work, name=name, on_error=on_error)
        if task is None:
            return False
        self._running[task] = buttons
        for button in buttons:
            show_busy(button, busy=True)
        task.add_done_callback(self._on_work_ended)
        return True

    def busy(self, button: QAbstractButton) -> bool:
        """Whether work that this button waits for still runs."""
        return any(button is one for waiting in self._running.values() for one in waiting)

    def may_press(self, button: QAbstractButton) -> bool:
        """False while it is busy: then this press begins nothing, and that is said."""
        if not self.busy(button):
            return True
        self.still_busy.setText(_STILL_BUSY)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt would press the default button whichever button has the focus. A held key presses
        nothing, and nothing is pressed while the button that had the focus is gone.
        """
        focused, modifiers = self.focusWidget(), event.modifiers()
        if event.key() not in _ENTER or modifiers & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif event.isAutoRepeat() or focused is self or is_gone(focused):
            event.accept()
        elif isinstance(focused, QPushButton | QToolButton):
            focused.click()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's own name
        """Qt asks for the next one, too, when a button with the focus is disabled or hidden: who
        was about to press it would press its neighbour.
        """
        if is_gone(self.focusWidget()):
            self.setFocus()
            return True
        return super().focusNextPrevChild(next)

    def done(self, result: int) -> None:
        """Close with this result, once."""
        if self.over:
            return
        self.over = True
        super().done(result)
        self._go()

    def _on_work_ended(self, task: asyncio.Task[object]) -> None:
        for button in self._running.pop(task):
            if not self.over and not self.busy(button):
                show_busy(button, busy=False)
                self.still_busy.clear()
        self._go()

    def _go(self) -> None:
        if self.over and not self._running:
            self.deleteLater()

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
        needed = self.needed_height()
        if needed > self.height():
            self.resize(self.width(), needed)
        self._stay_on_screen()

    def needed_height(self) -> int:
        """Pixels in which all of it is seen at its present width."""
        return self.box.totalHeightForWidth(self.width())

    def _stay_on_screen(self) -> None:
        """Move up and to the left as far as it has grown beyond the screen."""
        place, room = self.frameGeometry(), self.screen().availableGeometry()
        left = max(room.left(), min(place.left(), room.right() - place.width()))
        top = max(room.top(), min(place.top(), room.bottom() - place.height()))
        if (left, top) != (place.left(), place.top()):
            self.move(left, top)

    @property
    def room(self) -> QSize:
        """What the screen has for a window inside its frame."""
        return self.screen().availableSize().shrunkBy(_FRAME)

    def add_text(self, text: str, *, style: str = "") -> PlainLabel:
        """A paragraph that wraps and can be selected."""
        label = PlainLabel(text)
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
        row.addWidget(self.still_busy, 1)
        self.still_busy.show()
        for button in buttons:
            button.setMinimumWidth(88)
            row.addWidget(button)
        self.box.addLayout(row)

    def make_button(self, text: str, name: str, *, kind: str = "") -> QPushButton:
        """A button with a verb. ``kind``: primary, danger, stop or nothing."""
        button = PressButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        if kind:
            button.setProperty("kind", kind)
        return button


def bring_back(window: QWidget, name: str) -> bool:
    """Show the open dialog of that name in front; False when there is none."""
    for dialog in window.findChildren(ConsoleDialog, name):
        if not dialog.over:
            dialog.present()
            return True
    return False


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
