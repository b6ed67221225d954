"""Adding a master account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.basis import BasisFields
from copytrade_gui.ui.followers.follower_editor import kept_words
from copytrade_gui.ui.followers.route import RouteFields, TestRoute


class MasterEditor(FormDialog):
    """A new master account."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        save: Callable[[MasterEditor], Awaitable[object]],
        *,
        test: TestRoute,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Add master - {desk.mode_word}",
            "master_editor",
            verb="Add master",
            save=lambda: save(self),
        )
        self.name, self.client_id, self.app_key = QLineEdit(), QLineEdit(), QLineEdit()
        self.app_secret = QLineEdit()
        self.app_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.add_field("name", "&Name", self.name)
        self.add_field("client_id", "&Client id", self.client_id)
        self.add_field("app_key", "App &key", self.app_key)
        self.add_field(
            "app_secret",
            "App &secret",
            self.app_secret,
            hint=kept_words(desk),
        )
        self.begin_column()
        self.declared = BasisFields(self, desk)
        self.routed = RouteFields(self, desk, test)
        self.finish_form()

    def draft(self) -> FollowerDraft:
        """The account's fields as typed."""
        said = {**self.declared.typed(), **self.routed.typed()}
        return FollowerDraft(
            name=self.name.text().strip(),
            client_id=self.client_id.text().strip(),
            app_key=self.app_key.text().strip(),
            app_secret=self.app_secret.text(),
            basis=said["basis"],
            basis_reference=said["basis_reference"],
            algo_id=said["algo_id"],
            route=said["route"],
            route_address=said["route_address"],
            proxy_login=said["proxy_login"],
            address_family=said["address_family"],
            registered_addresses=said["registered_addresses"],
        )
