"""A passphrase for the window, typed twice; the one before first, where there is one."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.services.lock_verbs import LockVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog


class SetPassphraseDialog(FormDialog):
    """Nothing that is typed is kept here or shown. ``covers``: what else locks the window."""

    def __init__(
        self, parent: QWidget, desk: Desk, verbs: LockVerbs, *, has: bool, covers: str
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Set passphrase - {desk.mode_word}",
            "set_passphrase",
            verb="Set passphrase",
            save=self._set,
        )
        self._verbs = verbs
        words = (
            f"It unlocks the window. Ctrl+L, ten idle minutes, {covers} lock it."
            if covers
            else "It unlocks the window. Ctrl+L and ten idle minutes lock it; the system's own "
            "lock is not told here."
        )
        if not desk.paper:
            words += " The console asks for it at each start, too: it opens the app secrets."
        self.box.insertWidget(0, self.add_text(words))
        self.before = self._add_secret("before", "Passphrase so &far") if has else None
        self.first = self._add_secret("passphrase", "&New passphrase")
        self.second = self._add_secret("again", "&Once more")
        self.finish_form()
        (self.before or self.first).setFocus()

    def _add_secret(self, name: str, label: str) -> QLineEdit:
        line = QLineEdit()
        line.setEchoMode(QLineEdit.EchoMode.Password)
        self.add_field(name, label, line)
        return line

    async def _set(self) -> None:
        if self.first.text() != self.second.text():
            raise RefusedError("The two differ. Type the second one again.", field="again")
        before = "" if self.before is None else self.before.text()
        await self._verbs.set_passphrase(self.first.text(), before)
