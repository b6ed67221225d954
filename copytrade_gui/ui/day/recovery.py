"""What the start found at the broker, in one page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from copytrade_gui.domain.events import RecoveryReport
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.state_words import ORDER_LOOKS, order_words


def report_text(desk: Desk, report: RecoveryReport) -> str:
    """The report as plain text, one section per finding, empty ones said to be empty."""

    def orders(listed: Sequence[OrderView]) -> list[str]:
        return [
            f"{desk.roster.name(o.account_id)}: {order_words(o.terms)}, {ORDER_LOOKS[o.state].word}"
            for o in listed
        ]

    sections = (
        # First what needs a person: after a burst the proven ones fill pages.
        ("Still unknown: decide these first", orders(report.unknown)),
        ("Differences to the broker's books", list(report.differences)),
        ("Master orders missed while we were away", list(report.missed_master_orders)),
        ("Accounts not read yet", [desk.roster.name(a) for a in report.unread_accounts]),
        ("Too old to send, not sent", orders(report.stale)),
        ("Proven at the broker", orders(report.proven)),
    )
    lines = [f"Start of {figures.stamp(report.started_ns)}", report.in_words, ""]
    for title, found in sections:
        lines.append(f"{title}: {len(found) or 'none'}")
        lines += [f"   {entry}" for entry in found]
        lines.append("")
    return "\n".join(lines)


class RecoveryDialog(ConsoleDialog):
    """Reading it changes nothing; accepting means the user wants to resume."""

    def __init__(self, parent: QWidget, desk: Desk, report: RecoveryReport) -> None:
        super().__init__(parent, f"Recovery report - {desk.mode_word}", "recovery")
        self.resize(680, 460)
        text = QPlainTextEdit(report_text(desk, report))
        text.setObjectName("recovery_text")
        text.setAccessibleName("Recovery report")
        text.setReadOnly(True)
        self.box.addWidget(text, 1)
        close = self.make_button("Close", "recovery_close")
        close.clicked.connect(self.reject)
        close.setDefault(True)
        buttons = [close]
        if report.needs_resume:
            resume = self.make_button("Resume copying", "recovery_resume", kind="primary")
            resume.clicked.connect(self.accept)
            buttons.append(resume)
        self.add_buttons(buttons)
