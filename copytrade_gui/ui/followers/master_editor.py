"""Adding and changing master accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QCheckBox, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import UNDECLARED
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.followers.account_editor import AccountEditor
from copytrade_gui.ui.followers.basis import BasisFields
from copytrade_gui.ui.followers.route import RouteFields, TestRoute
from copytrade_gui.ui.state_words import rights_words
from copytrade_gui.ui.widgets.tip import set_tip

_FIXED = "Orders and copies of today go by it. For another client id, add a master."


class MasterEditor(AccountEditor):
    """A master account, new or as it is stored; his client id is chosen once."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        account: Account | None,
        save: Callable[[MasterEditor], Awaitable[object]],
        *,
        test: TestRoute,
    ) -> None:
        title = "Add master" if account is None else f"Edit master {account.name}"
        super().__init__(
            parent,
            desk,
            f"{title} - {desk.mode_word}",
            "master_editor",
            verb="Add master" if account is None else "Save changes",
            save=lambda: save(self),
        )
        rights = "" if account is None else rights_words(desk.roster.status(account.account_id))
        self.add_texts(account, rights=rights)
        self.show_texts(account)
        if account is not None:
            self.client_id.setEnabled(False)
            set_tip(self.client_id, _FIXED)
        self.active = QCheckBox("Orders may be placed in it, and its own are seen")
        self.active.setChecked(account is None or account.active)
        self.add_field("active", "&On", self.active)
        self.begin_column()
        self.declared = BasisFields(self, desk, UNDECLARED if account is None else account.declared)
        self.routed = RouteFields(self, desk, test, account)
        self.shown = {} if account is None else self.typed()
        self.finish_form()

    def typed(self) -> dict[str, str | bool]:
        """Every field as it stands, by its name in a draft."""
        return {**super().typed(), "active": self.active.isChecked()}
