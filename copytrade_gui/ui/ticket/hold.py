"""A check found something only a person can answer: he types the quantity, or goes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import answer_of
from copytrade_gui.ui.dialogs.form import FormDialog

T = TypeVar("T")


class HoldDialog(FormDialog, Generic[T]):
    """Says what was found, each in a line of its own, and asks for the quantity."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        found: str,
        quantity: str,
        send: Callable[[str], Awaitable[T]],
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
        self.finish_form()
        self.quantity.setFocus()

    async def _send(self) -> None:
        self.done_with = await self._submit(self.quantity.text() or "0")


async def place(parent: QWidget, desk: Desk, quantity: str, send: Callable[..., Awaitable[T]]) -> T:
    """Send; where a check holds it, ask for this quantity first, and call ``send`` with it.

    Raises RefusedError: it was not sent.
    """
    try:
        return await send()
    except RefusedError as refusal:
        if refusal.code != "hold":
            raise
        dialog = HoldDialog(parent, desk, refusal.sentence, quantity, send)
        dialog.open()
        done = await answer_of(dialog, lambda: dialog.done_with)
        if done is None:
            raise RefusedError(f"Not sent. {refusal.sentence}", code="hold") from refusal
        return done
