"""Adding and changing accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.number import plain
from copytrade_gui.domain.sizing import Strategy
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.sizing_words import STRATEGY_WORDS, parameter_hint
from copytrade_gui.ui.widgets.label import PlainLabel


class FollowerEditor(FormDialog):
    """One follower's fields; a refusal stands beside the field it names."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        follower: Follower | None,
        save: Callable[[FollowerEditor], Awaitable[object]],
    ) -> None:
        account = None if follower is None else follower.account
        title = "Add follower" if account is None else f"Edit {account.name}"
        super().__init__(
            parent,
            desk,
            f"{title} - {desk.mode_word}",
            "follower_editor",
            verb="Add follower" if account is None else "Save changes",
            save=lambda: save(self),
        )
        self.name = QLineEdit(account.name if account else "")
        self.add_field("name", "&Name", self.name)
        self.client_id = QLineEdit(account.client_id if account else "")
        self.add_field("client_id", "&Client id", self.client_id, hint="As the broker spells it.")
        self.app_key = QLineEdit(account.app_key if account else "")
        self.add_field("app_key", "App &key", self.app_key)
        self.app_secret = QLineEdit()
        self.app_secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.app_secret.setPlaceholderText("" if account is None else "Leave empty to keep it")
        self.add_field(
            "app_secret",
            "App &secret",
            self.app_secret,
            hint="Kept in this computer's key store, never in the database or a log.",
        )
        self.strategy = QComboBox()
        for strategy, words in STRATEGY_WORDS.items():
            self.strategy.addItem(words, str(strategy))
        self.strategy.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.add_field("strategy", "S&izing", self.strategy)
        self.parameter = QLineEdit("1")
        self.add_field("parameter", "&Value", self.parameter)
        self.parameter_hint = PlainLabel()
        self.parameter_hint.setProperty("role", "hint")
        self.form.addRow("", self.parameter_hint)
        self.max_quantity = QLineEdit()
        self.max_quantity.setPlaceholderText("No cap")
        self.add_field(
            "max_quantity", "&Most units", self.max_quantity, hint="In one order; empty for no cap."
        )
        self.active = QCheckBox("Copy to this follower")
        self.active.setChecked(account.active if account else True)
        self.add_field("active", "&On", self.active)
        if follower is not None:
            rule = follower.link.sizing
            self.strategy.setCurrentIndex(self.strategy.findData(str(rule.strategy)))
            self.parameter.setText(plain(rule.parameter))
            self.max_quantity.setText("" if rule.max_quantity is None else str(rule.max_quantity))
        self.parameter.textChanged.connect(lambda _text: self._show_hint())
        self._show_hint()
        self.finish_form()

    def draft(self) -> FollowerDraft:
        """The fields as typed."""
        return FollowerDraft(
            name=self.name.text().strip(),
            client_id=self.client_id.text().strip(),
            app_key=self.app_key.text().strip(),
            app_secret=self.app_secret.text(),
            strategy=str(self.strategy.currentData()),
            parameter=self.parameter.text().strip(),
            max_quantity=self.max_quantity.text().strip(),
            active=self.active.isChecked(),
        )

    def _show_hint(self) -> None:
        strategy = Strategy(str(self.strategy.currentData()))
        self.parameter_hint.setText(parameter_hint(strategy, self.parameter.text()))


class MasterEditor(FormDialog):
    """A new master account."""

    def __init__(
        self, parent: QWidget, desk: Desk, save: Callable[[MasterEditor], Awaitable[object]]
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
            hint="Kept in this computer's key store, never in the database or a log.",
        )
        self.finish_form()

    def fields(self) -> tuple[str, str, str, str]:
        """Name, client id, app key, app secret as typed."""
        return (
            self.name.text().strip(),
            self.client_id.text().strip(),
            self.app_key.text().strip(),
            self.app_secret.text(),
        )
