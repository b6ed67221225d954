"""Limits of all accounts, a group or one account: a form with what else holds beside each field."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS, LimitField
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.scope import group_of
from copytrade_gui.services.limit_verbs import LimitsShown, LimitVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog

_ALL = (
    "What one order, one plan and one account may reach, for master and followers alike, from the "
    "next order on. An order above a limit is refused. An empty field is no limit."
)
_ALL_LOSSES = (
    "What one follower's copies, and all of them together, may lose on a day, after charges; "
    "judged with every price and every fill. Who reaches a limit opens nothing more until the next "
    "day, or until a person lifts it. An empty field is no limit."
)
_ONE_LOSSES = (
    "Loss limits of this follower alone, from now on. They can only be stricter than those of all "
    "accounts, which hold where a field is empty."
)
_GROUP_LOSSES = (
    "What the copies of each follower of this group, and of all of it together, may lose on a day, "
    "after charges. They can only be stricter than those of all accounts, which hold as well."
)
_GROUP = (
    "Limits of each follower of this group, from the next order on. They can only be lower than "
    "those of all accounts, which hold where a field is empty; a follower's own may be lower still."
)
_ONE = (
    "Limits of this account alone, from the next order on. They can only be lower than those of "
    "all accounts, which hold where a field is empty."
)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose limits: of all accounts (``scope`` None), of one, or of ``several``, a group."""

    name: str
    scope: AccountId | None
    several: bool = False


EVERYBODY = Whose("all accounts", None, several=True)


class LimitsDialog(FormDialog):
    """``losses``: what a day may lose, else what orders may reach."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        verbs: LimitVerbs,
        shown: LimitsShown,
        whose: Whose,
        *,
        losses: bool = False,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"{'Loss limits' if losses else 'Limits'} of {whose.name} - {desk.mode_word}",
            "limits",
            verb="Set limits",
            save=self._set,
        )
        self.setMinimumWidth(min(940, self.room.width()))
        self._verbs = verbs
        self._whose = whose
        self._command = CommandId(uuid.uuid4().hex)
        self.box.insertWidget(0, self.add_text(_about(whose, losses=losses)))
        now = shown.of_all if whose.scope is None else shown.own.get(whose.scope, NO_LIMITS)
        self.fields: dict[str, QLineEdit] = {}
        self.choices: dict[str, QComboBox] = {}
        for field in fields_for(whose, losses=losses):
            line = self._control(field, now)
            if whose.scope is None:
                beside = f"At first {field.words(shown.first)}. {field.means}."
            else:
                beside = f"All accounts: {field.words(shown.of_all)}. {field.means}."
            unit = f", {field.unit}" if field.unit else ""
            self.add_field(field.name, f"{field.label}{unit}", line, beside=beside)
        self.reason = QLineEdit()
        self.add_field(
            "reason", "&Why", self.reason, hint="Goes into the audit trail with what changes."
        )
        self.finish_form()

    def _control(self, field: LimitField, now: Limits) -> QWidget:
        typed = field.typed(now)
        if field.choices:
            choice = self.choices[field.name] = QComboBox()
            for number, words in enumerate(field.choices):
                choice.addItem(words, str(number or ""))
            choice.setCurrentIndex(choice.findData(typed))
            return choice
        line = self.fields[field.name] = QLineEdit(typed)
        line.setPlaceholderText("no limit" if self._whose.scope is None else "as for all accounts")
        return line

    async def _set(self) -> None:
        typed = {name: line.text() for name, line in self.fields.items()}
        typed |= {name: str(choice.currentData()) for name, choice in self.choices.items()}
        try:
            await self._verbs.set_limits(
                self._whose.scope, typed, self.reason.text(), self._command
            )
        except RefusedError:
            self._command = CommandId(uuid.uuid4().hex)  # the next press is another one
            raise


def fields_for(whose: Whose, *, losses: bool = False) -> Sequence[LimitField]:
    """What can be set for these."""
    fitting = [one for one in LIMIT_FIELDS if one.losses is losses]
    return [one for one in fitting if whose.several or one.of_one]


def _about(whose: Whose, *, losses: bool) -> str:
    if whose.scope is None:
        return _ALL_LOSSES if losses else _ALL
    if whose.several:
        return _GROUP_LOSSES
    if group_of(whose.scope):
        return _GROUP
    return _ONE_LOSSES if losses else _ONE
