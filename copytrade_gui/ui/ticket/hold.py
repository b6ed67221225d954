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


class AskingDialog(FormDialog, Generic[T]):
    """Says what was found, each in a line of its own, and sends it when a person lets it pass."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        title: str,
        name: str,
        refusal: RefusedError,
        send: Callable[..., Awaitable[T]],
    ) -> None:
        super().__init__(
            parent, desk, f"{title} - {desk.mode_word}", name, verb="Send it", save=self._send
        )
        self._submit, self._shown = send, refusal.found
        self._answer: T | RefusedError | None = None
        self.box.insertWidget(0, self.add_text("\n".join(refusal.lines) or refusal.sentence))

    def finish_asking(self) -> None:
        """Put the buttons below; where an order is unlike its master, with the stop beside them."""
        if not any(one.code in UNLIKE_HIM for one in self._shown):
            self.finish_form()
            return
        pause = self.make_button("Pause copying", "unlike_pause")
        pause.clicked.connect(self.reject)
        pause.clicked.connect(self._desk.actions[Act.PAUSE].trigger)
        self.box.addStretch(1)
        self.add_buttons([pause, self.back, self.verb])

    def typed(self) -> str:
        """The quantity as it was typed; empty where none is asked for."""
        return ""

    def answer(self) -> T | RefusedError | None:
        """What came of sending it; a refusal: more was found, or it goes further by now."""
        return self._answer

    async def _send(self) -> None:
        try:
            self._answer = await self._submit(confirmed=self.typed(), despite=self._shown)
        except RefusedError as refusal:
            if all(any(seen.covers(one) for seen in self._shown) for one in refusal.found):
                raise
            self._answer = refusal


class HoldDialog(AskingDialog[T]):
    """Asks for the quantity."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        refusal: RefusedError,
        quantity: str,
        send: Callable[..., Awaitable[T]],
    ) -> None:
        super().__init__(parent, desk, "Is this meant?", "hold", refusal, send)
        self.quantity = QLineEdit()
        self.add_field("quantity", "&Quantity", self.quantity, hint=f"Type {quantity} to send it.")
        self.finish_asking()
        self.quantity.setFocus()

    def typed(self) -> str:
        """The quantity as it was typed."""
        return self.quantity.text() or "0"


class WarningDialog(AskingDialog[T]):
    """Asks for a tick, which says that it was read; only then it can be sent."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        refusal: RefusedError,
        send: Callable[..., Awaitable[T]],
    ) -> None:
        super().__init__(parent, desk, "Send it all the same?", "warning", refusal, send)
        self.read = QCheckBox("I have &read this")
        self.read.setObjectName("warning_read")
        self.read.toggled.connect(self.verb.setEnabled)
        self.form.addRow(self.read)
        self.finish_asking()
        self.verb.setEnabled(False)
        self.read.setFocus()


async def place(parent: QWidget, desk: Desk, quantity: str, send: Callable[..., Awaitable[T]]) -> T:
    """Send; where a check holds it or warns, ask first. ``send`` is called again with what was
    ``confirmed``, this quantity, and ``despite`` which findings, as they were shown. Where more is
    found by then, that is asked as well.

    Raises RefusedError: it was not sent.
    """
    try:
        return await send()
    except RefusedError as refused:
        refusal = refused
    while True:
        dialog: AskingDialog[T]
        if refusal.code == "hold":
            dialog = HoldDialog(parent, desk, refusal, quantity, send)
        elif refusal.code == "warn":
            dialog = WarningDialog(parent, desk, refusal, send)
        else:
            raise refusal
        dialog.open()
        answer = await answer_of(dialog, dialog.answer)
        if answer is None:
            raise RefusedError(f"Not sent. {refusal.sentence}", code=refusal.code) from refusal
        if not isinstance(answer, RefusedError):
            return answer
        refusal = answer
