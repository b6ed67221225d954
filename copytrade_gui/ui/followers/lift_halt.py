"""Letting an account go on that was stopped alone: what was found, what to check, a reason."""

from __future__ import annotations

import uuid

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.domain.account import Account, AccountStatus
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.services.verbs import RefusedError, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.state_words import client_tail

_CHECKS = (
    "Look at this account's orders, trades and positions on the broker's own screen.\n"
    "\u2022 An order is there that should not be: cancel it there.\n"
    "\u2022 The account holds more than it should: close the excess yourself, this program never "
    "trades back.\n"
    "\u2022 You cannot explain it: leave the account halted and ask the broker."
)
_LOSS_CHECKS = (
    "\u2022 Look at its positions: what is open goes on to gain or lose.\n"
    "\u2022 What stops all followers together is lifted for all of them.\n"
    "\u2022 The limit that was reached does not stop it again today. Another number does: set it "
    "first if the day is to stay bounded."
)
_LOSS_MEANS = "Lifting sends nothing by itself. If it is not lifted, it ends on the next day."
_MEANS = (
    "Lifting sends nothing by itself, except orders that wait for this account and are still "
    "fresh. What was blocked meanwhile is not made up for. The same finding does not halt it again "
    "today; a new one does."
)


class LiftHaltDialog(FormDialog):
    """Lifts what its user saw here; what is found while it is open needs another look."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        account: Account,
        status: AccountStatus,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Lift halt of {account.name} - {desk.mode_word}",
            "lift_halt",
            verb="Lift halt",
            save=self._lift,
        )
        self.setMinimumWidth(540)
        self.account = account
        self._trading = trading
        self._saw = status.stopped
        self._command = CommandId(uuid.uuid4().hex)
        master = account.master
        who = "Master account" if master else "Account"
        sent = "no order of yours leaves" if master else "no order is sent to it"
        since = f"since {figures.clock(status.halted_ns)} IST"
        how = f"is HALTED {since}: {sent}. Other accounts are not touched."
        if not status.halted:
            how = f"copies exits only {since}: nothing that opens is sent to it."
        halted = f"{who} {account.name} ({client_tail(account.client_id)}) {how}"
        texts = (
            (halted, ""),
            ("What was found", "heading"),
            (status.stopped, "problem"),
            ("Check before you lift it", "heading"),
            (_LOSS_CHECKS if status.ends_by_itself else _CHECKS, ""),
            (_LOSS_MEANS if status.ends_by_itself else _MEANS, "muted"),
        )
        for place, (text, style) in enumerate(texts):
            self.box.insertWidget(place, self.add_text(text, style=style))
        self.reason = QLineEdit()
        self.add_field(
            "reason",
            "&Reason",
            self.reason,
            hint="What you saw or did at the broker. Goes into the audit trail.",
        )
        self.back.setText("Stay halted" if status.halted else "Leave it so")
        self.finish_form()
        self.reason.setFocus()

    async def _lift(self) -> None:
        try:
            await self._trading.lift_account_halt(
                self.account.account_id, self._saw, self.reason.text().strip(), self._command
            )
        except RefusedError:
            self._command = CommandId(uuid.uuid4().hex)  # the next press is another one
            raise
