"""A new key for the app secrets, which are all encrypted anew; the passphrase stays."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.services.lock_verbs import LockVerbs
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog


class RenewKeyDialog(FormDialog):
    """Asks for the passphrase where there is one. Nothing that is typed is kept here or shown."""

    def __init__(self, parent: QWidget, desk: Desk, verbs: LockVerbs, *, has: bool) -> None:
        super().__init__(
            parent,
            desk,
            f"Renew key - {desk.mode_word}",
            "renew_key",
            verb="Renew key",
            save=self._renew,
        )
        self._verbs = verbs
        words = (
            "All app secrets, sessions and proxy logins are encrypted with a new key, which makes "
            "a copy of the key from before worth nothing for what is stored from now on. A copy "
            "of the file that somebody took earlier is not changed: renew the secrets at the "
            "broker then. Sessions and orders go on."
        )
        self.box.insertWidget(0, self.add_text(words))
        self.passphrase = QLineEdit() if has else None
        if self.passphrase is not None:
            self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
            self.add_field("passphrase", "&Passphrase", self.passphrase)
        self.finish_form()
        if self.passphrase is not None:
            self.passphrase.setFocus()

    async def _renew(self) -> None:
        await self._verbs.renew_key("" if self.passphrase is None else self.passphrase.text())
