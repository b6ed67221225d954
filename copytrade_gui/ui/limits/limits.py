"""The limits of all accounts or of one: a form with what holds otherwise beside each field."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS, LimitField
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.services.limit_verbs import LimitsShown, LimitVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog

_ALL = (
    "What one order, one plan and one account may reach, for master and followers alike, from the "
    "next order on. An order above a limit is refused. An empty field is no limit."
)
_ONE = (
    "Limits of this account alone, from the next order on. They can only be lower than those of "
    "all accounts, which hold where a field is empty."
)


class LimitsDialog(FormDialog):
    """``account`` None: those of all accounts."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        verbs: LimitVerbs,
        shown: LimitsShown,
        account: Account | None,
    ) -> None:
        whose = "all accounts" if account is None else account.name
        super().__init__(
            parent,
            desk,
            f"Limits of {whose} - {desk.mode_word}",
            "limits",
            verb="Set limits",
            save=self._set,
        )
        self.setMinimumWidth(940)
        self._verbs = verbs
        self._account = account
        self._command = CommandId(uuid.uuid4().hex)
        self.box.insertWidget(0, self.add_text(_ALL if account is None else _ONE))
        now = shown.of_all
        if account is not None:
            now = shown.own.get(account.account_id, NO_LIMITS)
        self.fields: dict[str, QLineEdit] = {}
        for field in fields_for(account):
            line = QLineEdit(field.typed(now))
            line.setPlaceholderText("no limit" if account is None else "as for all accounts")
            self.fields[field.name] = line
            if account is None:
                beside = f"At first {field.words(shown.first)}. {field.means}."
            else:
                beside = f"All accounts: {field.words(shown.of_all)}. {field.means}."
            self.add_field(field.name, field.label, line, beside=beside)
        self.reason = QLineEdit()
        self.add_field(
            "reason", "&Why", self.reason, hint="Goes into the audit trail with what changes."
        )
        self.finish_form()

    async def _set(self) -> None:
        typed = {name: line.text() for name, line in self.fields.items()}
        account = None if self._account is None else self._account.account_id
        try:
            await self._verbs.set_limits(account, typed, self.reason.text(), self._command)
        except RefusedError:
            self._command = CommandId(uuid.uuid4().hex)  # the next press is another one
            raise


def fields_for(account: Account | None) -> Sequence[LimitField]:
    """What can be set for all accounts (None), or for one."""
    return [one for one in LIMIT_FIELDS if account is None or one.of_one]
