"""Before there is a window: the passphrase of the app secrets, where no key store has it."""

from __future__ import annotations

from typing import cast

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout

from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.dialogs.preferences import apply_look
from copytrade_gui.ui.theme import Theme
from copytrade_gui.ui.widgets.label import PlainLabel, caption
from copytrade_gui.ui.window_state import WindowMemory

_WIDTH = 520
_CAPTION_GAP = 4


class PassphraseDialog(ConsoleDialog):
    """Asks for the passphrase of the app secrets: twice for a new one, once for one there is.

    ``problem`` is why it is asked again. The passphrase is kept nowhere; a new one that is
    forgotten costs the stored app secrets, which can be typed again.
    """

    def __init__(self, memory: WindowMemory, *, new: bool, least: int, problem: str = "") -> None:
        super().__init__(None, "CopyTrade Console - passphrase", "passphrase")
        self._theme = Theme(cast("QApplication", QApplication.instance()))
        apply_look(self._theme, memory)
        self.setMinimumWidth(_WIDTH)
        self._new = new
        self._least = least
        self.add_text(
            "Choose a passphrase for your app secrets" if new else "Passphrase of your app secrets",
            style="heading",
        )
        self.add_text(
            "This computer offers no key store, so the app secrets of your accounts are kept in a "
            f"file that only this passphrase opens. Use at least {least} characters. It is asked "
            "for at every start and stored nowhere: keep it safe."
            if new
            else "The app secrets of your accounts are kept in a file that it opens. Nothing is "
            "sent before."
        )
        self.first = self._add_secret("&Passphrase", "passphrase_first")
        self.second = self._add_secret("&Once more", "passphrase_second") if new else None
        self.problem = PlainLabel(problem)
        self.problem.setObjectName("passphrase_problem")
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "problem")
        self.problem.setVisible(bool(problem))
        self.box.addWidget(self.problem)
        self.back = self.make_button("Close", "passphrase_back")
        self.back.clicked.connect(self.reject)
        self.open_button = self.make_button("Open the console", "passphrase_open", kind="primary")
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self.submit)
        self.add_buttons([self.back, self.open_button])
        self.first.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.grow()

    def passphrase(self) -> str:
        """As typed."""
        return self.first.text()

    def submit(self) -> None:
        """Accept what can be a passphrase; say what is wrong with anything else."""
        typed = self.first.text()
        if not typed:
            self._complain("The passphrase is empty. Type it.", self.first)
        elif self._new and len(typed) < self._least:
            self._complain(
                f"The passphrase has {len(typed)} characters; use at least {self._least}.",
                self.first,
            )
        elif self.second is not None and self.second.text() != typed:
            self._complain("The two passphrases differ. Type the second one again.", self.second)
        else:
            self.accept()

    def _complain(self, sentence: str, field: QLineEdit) -> None:
        self.problem.setText(sentence)
        self.problem.show()
        self.grow()
        field.setFocus()
        field.selectAll()

    def _add_secret(self, words: str, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setObjectName(name)
        field.setAccessibleName(words.replace("&", ""))
        together = QVBoxLayout()
        together.setSpacing(_CAPTION_GAP)
        together.addWidget(caption(words, field))
        together.addWidget(field)
        self.box.addLayout(together)
        return field
