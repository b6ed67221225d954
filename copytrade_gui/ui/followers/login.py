"""One account's login of the day: the broker's own page in the browser, and the way back."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.services.verbs import SessionVerbs
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.state_words import client_tail


class LoginDialog(FormDialog):
    """Open the page, log in there, paste the end. ``wants_next``: go on with another account."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        account: Account,
        address: str,
        sessions: SessionVerbs,
        waiting: int,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Log in {account.name} - {desk.mode_word}",
            "login",
            verb="Finish login",
            save=lambda: sessions.finish_login(account.account_id, self.pasted.text().strip()),
        )
        self.wants_next = False
        self._address = address
        role = "master" if account.master else "follower"
        left = f" {waiting} accounts still wait for their login." if waiting > 1 else ""
        self.box.insertWidget(
            0,
            self.add_text(
                f"1. Open the broker's page and log in as {client_tail(account.client_id)} "
                f"({role}). Your password and code stay on that page.\n"
                "2. Copy the whole address that the browser ends on, paste it below and finish."
                + left
            ),
        )
        row = QHBoxLayout()
        shown = QLineEdit(address)
        shown.setReadOnly(True)
        shown.setObjectName("login_address")
        shown.setAccessibleName("Address of the login page")
        shown.setCursorPosition(0)
        row.addWidget(shown, 1)
        opener = self.make_button("Open in browser", "login_open", kind="primary")
        opener.clicked.connect(self._on_open_clicked)
        copy = self.make_button("Copy", "login_copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._address))
        row.addWidget(opener)
        row.addWidget(copy)
        self.box.insertLayout(1, row)
        self.pasted = QLineEdit()
        self.pasted.setPlaceholderText("https://…?authcode=…  or the code alone")
        self.add_field("code", "&Paste here", self.pasted)
        if waiting > 1:
            following = self.make_button("Finish and log in next", "login_next")
            following.clicked.connect(self._on_next_clicked)
            self.box.addStretch(1)
            self.add_buttons([self.back, following, self.verb])
        else:
            self.finish_form()
        self.pasted.setFocus()

    def _on_open_clicked(self) -> None:
        if not QDesktopServices.openUrl(QUrl(self._address)):
            self.show_problem("No browser could be opened. Copy the address and open it yourself.")
        self.pasted.setFocus()

    def _on_next_clicked(self) -> None:
        self.wants_next = True
        self.submit()
