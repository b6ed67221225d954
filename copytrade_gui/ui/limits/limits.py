"""The limits of all accounts or of one: a form with what holds otherwise beside each field."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS, LimitField
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.services.limit_verbs import LimitsShown, LimitVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog

_ALL = (
    "What one order, one plan and one account may reach, for master and followers alike, from the "
    "next order on. An order above a limit is refused. An empty field is no limit."
)
_ALL_LOSSES = (
    "What one follower's copies, and all of them together, may lose on a day, before charges; "
    "judged with every price and every fill. Who reaches a limit opens nothing more until the next "
    "day, or until a person lifts it. An empty field is no limit."
)
_ONE_LOSSES = (
    "Loss limits of this follower alone, from now on. They can only be stricter than those of all "
    "accounts, which hold where a field is empty."
)
_ONE = (
    "Limits of this account alone, from the next order on. They can only be lower than those of "
    "all accounts, which hold where a field is empty."
)


class LimitsDialog(FormDialog):
    """``account`` None: those of all accounts. ``losses``: what a day may lose."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        verbs: LimitVerbs,
        shown: LimitsShown,
        account: Account | None,
        *,
        losses: bool = False,
    ) -> None:
        whose = "all accounts" if account is None else account.name
        super().__init__(
            parent,
            desk,
            f"{'Loss limits' if losses else 'Limits'} of {whose} - {desk.mode_word}",
            "limits",
            verb="Set limits",
            save=self._set,
        )
        self.setMinimumWidth(940)
        self._verbs = verbs
        self._account = account
        self._command = CommandId(uuid.uuid4().hex)
        of_all, of_one = (_ALL_LOSSES, _ONE_LOSSES) if losses else (_ALL, _ONE)
        self.box.insertWidget(0, self.add_text(of_all if account is None else of_one))
        now = shown.of_all
        if account is not None:
            now = shown.own.get(account.account_id, NO_LIMITS)
        self.fields: dict[str, QLineEdit] = {}
        self.choices: dict[str, QComboBox] = {}
        for field in fields_for(account, losses=losses):
            line = self._control(field, now)
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

    def _control(self, field: LimitField, now: Limits) -> QWidget:
        typed = field.typed(now)
        if field.choices:
            choice = self.choices[field.name] = QComboBox()
            for words, data in zip(field.choices, ("", "1"), strict=True):
                choice.addItem(words, data)
            choice.setCurrentIndex(choice.findData(typed))
            return choice
        line = self.fields[field.name] = QLineEdit(typed)
        line.setPlaceholderText("no limit" if self._account is None else "as for all accounts")
        return line

    async def _set(self) -> None:
        typed = {name: line.text() for name, line in self.fields.items()}
        typed |= {name: str(choice.currentData()) for name, choice in self.choices.items()}
        account = None if self._account is None else self._account.account_id
        try:
            await self._verbs.set_limits(account, typed, self.reason.text(), self._command)
        except RefusedError:
            self._command = CommandId(uuid.uuid4().hex)  # the next press is another one
            raise


def fields_for(account: Account | None, *, losses: bool = False) -> Sequence[LimitField]:
    """What can be set for all accounts (None), or for one."""
    fitting = [one for one in LIMIT_FIELDS if one.losses is losses]
    return [one for one in fitting if account is None or one.of_one]
