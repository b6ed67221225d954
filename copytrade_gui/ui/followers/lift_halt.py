"""Letting accounts go on that were stopped alone: what was found, what to check, a reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

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
_LINES = 8
"""So many lines of findings are seen at once; the others are scrolled to."""
_MEANS = (
    "Lifting sends nothing by itself, except orders that wait for this account and are still "
    "fresh. What was blocked meanwhile is not made up for. The same finding does not halt it again "
    "today; a new one does."
)


class LiftHaltDialog(FormDialog):
    """Lifts what its user saw here, of one account or of several with one reason; what is found
    while it is open needs another look.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        account: Account,
        status: AccountStatus,
        others: Sequence[tuple[Account, AccountStatus]] = (),
    ) -> None:
        stopped = ((account, status), *others)
        of = account.name if not others else figures.plural(len(stopped), "account")
        super().__init__(
            parent,
            desk,
            f"Lift halt of {of} - {desk.mode_word}",
            "lift_halt",
            verb="Lift halt" if not others else f"Lift {figures.whole(len(stopped))} halts",
            save=self._lift,
        )
        self.setMinimumWidth(540)
        self.names = [one.name for one, _ in stopped]
        self._trading = trading
        self._left = {one: (CommandId(uuid.uuid4().hex), what.stopped) for one, what in stopped}
        """What is still to be lifted: the command, and what was seen here."""
        by_loss = {one.ends_by_itself for _, one in stopped}
        checks = "\n".join(_LOSS_CHECKS if kind else _CHECKS for kind in sorted(by_loss))
        means = " ".join(_LOSS_MEANS if kind else _MEANS for kind in sorted(by_loss))
        halted = any(one.halted for _, one in stopped)
        if others:
            self.found = _found(stopped)
        texts = (
            (_one_stands(account, status) if not others else _several_stand(stopped), ""),
            ("What was found", "heading"),
            (status.stopped if not others else "", "problem"),
            ("Check before you lift it", "heading"),
            (checks, ""),
            (means, "muted"),
        )
        for place, (text, style) in enumerate(texts):
            self.box.insertWidget(place, self.add_text(text, style=style) if text else self.found)
        self.reason = QLineEdit()
        self.add_field(
            "reason",
            "&Reason",
            self.reason,
            hint="What you saw or did at the broker. Goes into the audit trail.",
        )
        self.back.setText("Stay halted" if halted else "Leave it so")
        self.finish_form()
        self.reason.setFocus()

    async def _lift(self) -> None:
        """Each account by itself; who could not be lifted stays in the dialog, and is named."""
        refused: list[tuple[str, RefusedError]] = []
        for account, (command, saw) in list(self._left.items()):
            try:
                await self._trading.lift_account_halt(
                    account.account_id, saw, self.reason.text().strip(), command
                )
            except RefusedError as refusal:
                # the next press is another one
                self._left[account] = (CommandId(uuid.uuid4().hex), saw)
                if refusal.field or len(self.names) == 1:
                    raise
                refused.append((account.name, refusal))
            else:
                del self._left[account]
        if refused:
            lifted = figures.plural(len(self.names) - len(self._left), "account")
            why = " ".join(f"{name}: {refusal}" for name, refusal in refused)
            raise RefusedError(f"{lifted} lifted, the others are as they were. {why}")


def _one_stands(account: Account, status: AccountStatus) -> str:
    who = "Master account" if account.master else "Account"
    sent = "no order of yours leaves" if account.master else "no order is sent to it"
    since = f"since {figures.clock(status.halted_ns)} IST"
    how = f"is HALTED {since}: {sent}. Other accounts are not touched."
    if not status.halted:
        how = f"copies exits only {since}: nothing that opens is sent to it."
    return f"{who} {account.name} ({client_tail(account.client_id)}) {how}"


def _several_stand(stopped: Sequence[tuple[Account, AccountStatus]]) -> str:
    halted = sum(bool(one.halted) for _, one in stopped)
    parts = []
    if halted:
        parts.append(f"{figures.plural(halted, 'account')} HALTED, no order is sent there")
    if halted < len(stopped):
        parts.append(f"{figures.plural(len(stopped) - halted, 'account')} with exits only")
    return f"{'; '.join(parts)}. One reason is recorded for each of them."


def _found(stopped: Sequence[tuple[Account, AccountStatus]]) -> QPlainTextEdit:
    """Every finding, to be scrolled through."""
    found = QPlainTextEdit(_findings(stopped))
    found.setObjectName("lift_halt_found")
    found.setAccessibleName("What was found")
    found.setReadOnly(True)
    found.setTabChangesFocus(True)
    found.setFixedHeight(found.fontMetrics().lineSpacing() * _LINES)
    return found


def _findings(stopped: Sequence[tuple[Account, AccountStatus]]) -> str:
    return "\n".join(
        f"{account.name} ({client_tail(account.client_id)}): {status.stopped}"
        for account, status in stopped
    )
