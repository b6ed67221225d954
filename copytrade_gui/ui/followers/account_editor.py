"""The fields of an account, whoever it is: what editors of masters and of followers share."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from copytrade_gui.domain.account import Account
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.basis import BasisFields
from copytrade_gui.ui.followers.route import RouteFields
from copytrade_gui.ui.widgets.tip import set_tip

_NEW = "Never shown again"
_KEPT = "Kept encrypted on this computer, never in the database or a log."
_KEPT_ON_PAPER = "Kept in a file of the paper accounts, never in the database or a log."
_NEXT_LOGIN = "Another key or secret is used from the next login on."


class AccountEditor(FormDialog):
    """A form with the fields of an account.

    ``belonging`` are fields that are asked for together: a value belongs to its choice.
    """

    declared: BasisFields
    routed: RouteFields
    belonging: tuple[frozenset[str], ...] = (
        frozenset({"basis", "basis_reference"}),
        frozenset({"route", "route_address"}),
    )

    def add_texts(self, account: Account | None, *, rights: str = "") -> None:
        """Name, client id, key and secret; ``rights`` are told below the client id."""
        self.shown: dict[str, str | bool] = {}
        """What is stored already, as it was shown."""
        self.name = QLineEdit()
        self.add_field("name", "&Name", self.name)
        self.client_id = QLineEdit()
        self.client_id.setPlaceholderText("As the broker spells it")
        self.add_field("client_id", "&Client id", self.client_id, hint=rights)
        self.app_key = QLineEdit()
        self.add_field("app_key", "App &key", self.app_key)
        self.app_secret = QLineEdit()
        self.app_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.app_secret.setPlaceholderText(_NEW if account is None else "Leave empty to keep it")
        kept = kept_words(self._desk)
        set_tip(self.app_secret, kept if account is None else f"{kept} {_NEXT_LOGIN}")
        self.add_field("app_secret", "App &secret", self.app_secret)

    def show_texts(self, account: Account | None) -> None:
        """Show an account's name, client id and key; a secret is never shown."""
        self.name.setText(account.name if account else "")
        self.client_id.setText(account.client_id if account else "")
        self.app_key.setText(account.app_key if account else "")

    def draft(self) -> FollowerDraft:
        """What is asked for: of an account or link that is here, the fields that were changed.

        So nothing that changed elsewhere while the window was open is put back by it.
        """
        typed = self.typed()
        kept = {field for field, was in self.shown.items() if typed[field] == was}
        for fields in self.belonging:
            if not fields <= kept:
                kept -= fields
        return FollowerDraft(
            **{field: text for field, text in typed.items() if field not in kept}  # type: ignore[arg-type]  # by name
        )

    def typed(self) -> dict[str, str | bool]:
        """Every field as it stands, by its name in a draft."""
        texts = {
            "name": self.name, "client_id": self.client_id, "app_key": self.app_key,
            "app_secret": self.app_secret,
        }  # fmt: skip
        return {
            **{field: line.text().strip() for field, line in texts.items()},
            **self.declared.typed(),
            **self.routed.typed(),
        }


def kept_words(desk: Desk) -> str:
    """Where an app secret is kept."""
    return _KEPT_ON_PAPER if desk.paper else _KEPT
