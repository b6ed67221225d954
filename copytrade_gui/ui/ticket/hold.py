"""A check found something only a person can answer: he types the quantity, ticks, or goes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from copytrade_gui.domain.habit import UNLIKE_HIM
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import answer_of
from copytrade_gui.ui.dialogs.form import FormDialog

T = TypeVar("T")


def _finish(dialog: FormDialog, desk: Desk, *, pauses: bool) -> None:
    """Put the buttons below; where an order is unlike its master, with the stop beside them."""
    if not pauses:
        dialog.finish_form()
        return
    pause = dialog.make_button("Pause copying", "unlike_pause")
    pause.clicked.connect(dialog.reject)
    pause.clicked.connect(desk.actions[Act.PAUSE].trigger)
    dialog.box.addStretch(1)
    dialog.add_buttons([pause, dialog.back, dialog.verb])


class HoldDialog(FormDialog, Generic[T]):
    """Says what was found, each in a line of its own, and asks for the quantity."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        found: str,
        quantity: str,
        send: Callable[[str], Awaitable[T]],
        *,
        pauses: bool = False,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Is this meant? - {desk.mode_word}",
            "hold",
            verb="Send it",
            save=self._send,
        )
        self._submit = send
        self.done_with: T | None = None
        self.box.insertWidget(0, self.add_text(found))
        self.quantity = QLineEdit()
        self.add_field("quantity", "&Quantity", self.quantity, hint=f"Type {quantity} to send it.")
        _finish(self, desk, pauses=pauses)
        self.quantity.setFocus()

    async def _send(self) -> None:
        self.done_with = await self._submit(self.quantity.text() or "0")


class WarningDialog(FormDialog, Generic[T]):
    """Says what was warned of; a tick says that it was read, and only then it can be sent."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        found: str,
        send: Callable[[], Awaitable[T]],
        *,
        pauses: bool = False,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Send it all the same? - {desk.mode_word}",
            "warning",
            verb="Send it",
            save=self._send,
        )
        self._submit = send
        self.done_with: T | None = None
        self.box.insertWidget(0, self.add_text(found))
        self.read = QCheckBox("I have &read this")
        self.read.setObjectName("warning_read")
        self.read.toggled.connect(self.verb.setEnabled)
        self.form.addRow(self.read)
        _finish(self, desk, pauses=pauses)
        self.verb.setEnabled(False)
        self.read.setFocus()

    async def _send(self) -> None:
        self.done_with = await self._submit()


async def place(parent: QWidget, desk: Desk, quantity: str, send: Callable[..., Awaitable[T]]) -> T:
    """Send; where a check holds it or warns, ask first. ``send`` is called again with what was
    ``confirmed``, this quantity, or with the warnings ``despite`` which it is sent.

    Raises RefusedError: it was not sent.
    """
    try:
        return await send()
    except RefusedError as refusal:
        dialog: HoldDialog[T] | WarningDialog[T]
        said, found = "\n".join(refusal.lines) or refusal.sentence, refusal.found
        pauses = not UNLIKE_HIM.isdisjoint(found)
        if refusal.code == "hold":
            dialog = HoldDialog(
                parent, desk, said, quantity, lambda typed: send(confirmed=typed), pauses=pauses
            )
        elif refusal.code == "warn":
            dialog = WarningDialog(parent, desk, said, lambda: send(despite=found), pauses=pauses)
        else:
            raise
        dialog.open()
        done = await answer_of(dialog, lambda: dialog.done_with)
        if done is None:
            raise RefusedError(f"Not sent. {refusal.sentence}", code=refusal.code) from refusal
        return done
