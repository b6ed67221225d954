"""Why the console cannot open: the one window of a start that is refused."""

from __future__ import annotations

from typing import cast

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication

from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.dialogs.preferences import apply_look
from copytrade_gui.ui.theme import Theme
from copytrade_gui.ui.window_state import WindowMemory


class Refusal(ConsoleDialog):
    """The sentence, and a button that ends it; no console is there to be stopped."""

    def __init__(
        self, memory: WindowMemory, sentence: str, heading: str = "The console does not open"
    ) -> None:
        super().__init__(None, "CopyTrade Console", "refusal")
        self._theme = Theme(cast("QApplication", QApplication.instance()))
        apply_look(self._theme, memory)
        self.setMinimumWidth(460)
        self.add_text(heading, style="heading")
        self.add_text(sentence).setObjectName("refusal_sentence")
        close = self.make_button("Close", "refusal_close", kind="primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        self.add_buttons([close])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.grow()
