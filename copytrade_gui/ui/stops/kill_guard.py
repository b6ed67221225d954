"""The guard of KILL: trading is halted when it opens; holding the button sweeps the orders.

The KILL of an account or a group alone has the same one, over those accounts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.open_orders import OpenOrders
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.domain.typed import listed
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.stops.whom import Whom
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.buttons import HoldButton
from copytrade_gui.ui.widgets.tip import set_tip

_LOOK_MS = 500
_HOLD = {
    False: "Hold 1.5 s to cancel every working order of ours",
    True: "Hold 1.5 s to cancel every working order, the owners' own too",
}
_OWNERS = "&Also cancel what the owners placed themselves"
WIDTH = 680
SENTENCE_LINES = 4
"""What the longest sentence takes in a panel of this width, names of unread accounts too."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One account in the sweep: its open orders at the start, and now by records and by broker."""

    account_id: AccountId
    name: str
    at_start: int
    now: OpenOrders

    @property
    def still(self) -> int:
        """Open orders, by whichever knows more."""
        return max(self.now.ours, self.now.at_broker or 0)


def _at_broker(row: SweepRow) -> str:
    return "not read" if row.now.at_broker is None else figures.whole(row.now.at_broker)


COLUMNS: tuple[Column[SweepRow], ...] = (
    Column("name", "Account", lambda r: r.name, chars=16, takes_rest=True,
           mark=lambda r: Mark.CIRCLE if r.now.proven_none else Mark.HALF,
           tone=lambda r: Tone.OK if r.now.proven_none else Tone.WARN),
    Column("at_start", "Open before", lambda r: figures.whole(r.at_start),
           sort=lambda r: r.at_start, numeric=True, chars=12),
    Column("at_broker", "Open now", _at_broker,
           sort=lambda r: r.now.at_broker or 0, numeric=True, chars=13,
           note="Open at the broker, by its book read whole"),
    Column("still", "Open, ours", lambda r: figures.whole(r.now.ours),
           sort=lambda r: r.now.ours, numeric=True, chars=10,
           note="Orders of this program that have not ended, by its own records"),
    Column("others", "Open, owners'", lambda r: figures.whole(r.now.others),
           sort=lambda r: r.now.others, numeric=True, chars=12,
           note="What the account's owner placed himself, open at the broker by its book"),
    Column("problem", "Why not proven", lambda r: r.now.problem, chars=18, takes_rest=True),
)  # fmt: skip


class KillGuard(ConsoleDialog):
    """States what the sweep does, starts it on a held button, shows it until nothing works.

    ``whom``: those accounts alone, which are halted already, for this ``reason``.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        whom: Whom | None = None,
        reason: str = "",
    ) -> None:
        of = "Kill" if whom is None else f"Kill: {whom.name}"
        super().__init__(parent, f"{of} - {desk.mode_word}", "kill_guard")
        self.setMinimumWidth(WIDTH)
        self._desk = desk
        self._trading = trading
        self._whom, self._reason = whom, reason
        self._scopes = () if whom is None else whom.scopes
        self._command = CommandId(uuid.uuid4().hex)
        self._at_start: dict[AccountId, int] = {}
        self._killing = False
        self._counting = False
        self._looks = QTimer(self)
        self._looks.setInterval(_LOOK_MS)
        self._looks.timeout.connect(self.refresh)
        self.finished.connect(self._looks.stop)
        self.sentence = self.add_text("Halting.")
        self.sentence.setObjectName("kill_sentence")
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.hold = HoldButton(_HOLD[False])
        self.all_orders = QCheckBox(_OWNERS)
        self.all_orders.setObjectName("kill_all_orders")
        set_tip(self.all_orders, "Their own orders, placed elsewhere, a master's too")
        self.all_orders.toggled.connect(lambda of_all: self.hold.setText(_HOLD[of_all]))
        self.box.addWidget(self.all_orders)
        self.hold.setObjectName("kill_hold")
        self.hold.setProperty("kind", "stop")
        self.hold.setMinimumHeight(44)
        set_tip(self.hold, "Press and hold the mouse or Space for one and a half seconds")
        self.hold.held.connect(self._on_held)
        self.box.addWidget(self.hold)
        self.model: RowsModel[SweepRow] = RowsModel(COLUMNS, lambda r: r.account_id, parent=self)
        self.table: DataTable[SweepRow] = DataTable(
            desk,
            "sweep",
            self.model,
            COLUMNS,
            label="Accounts in the sweep",
            noun="account",
        )
        self.table.say_when_empty("Each account with working orders appears here during the sweep.")
        self.table.hide()
        self.box.addWidget(self.table, 1)
        self.box.addStretch(0)
        self.close_button = self.make_button("Stay halted", "kill_close")
        self.close_button.clicked.connect(self.accept)
        self.square_off = self.make_button("Square off copied positions...", "kill_square_off")
        set_tip(self.square_off, "Another act: shows first what would be closed")
        self.square_off.clicked.connect(desk.actions[Act.SQUARE_OFF_ALL].trigger)
        self.square_off.hide()
        self.add_buttons([self.square_off, self.close_button])
        self.hold.setFocus()

    def present(self) -> None:
        """Show it, with room for every sentence from the start: the button stays where it is."""
        self.sentence.ensurePolished()
        lines = self.sentence.fontMetrics().lineSpacing() * SENTENCE_LINES
        self.sentence.setMinimumHeight(lines)
        super().present()

    def start(self) -> None:
        """Halt at once, then count what the sweep would cancel."""
        self.begin(self._desk.tasks, self._halt(), name="kill guard", on_error=self._say_failed)

    def refresh(self) -> None:
        """Count again what is open: the engine's orders and the broker's books, not the window's.

        Called when orders changed, and often enough without.
        """
        if self._killing and not self._counting:
            self._counting = self.begin(
                self._desk.tasks, self._count(), name="count the sweep", on_error=self._say
            )

    async def _count(self) -> None:
        try:
            accounts = await self._trading.open_orders(self._scopes)
        finally:
            self._counting = False
        self._remember(accounts)
        rows = [
            SweepRow(
                one.account_id,
                self._desk.roster.name(one.account_id),
                self._at_start[one.account_id],
                one,
            )
            for one in accounts
            if one.account_id in self._at_start
        ]
        self.model.upsert(rows)
        self.sentence.setText(self._proof(accounts))
        self.grow()

    def _remember(self, accounts: tuple[OpenOrders, ...]) -> None:
        """Accounts with anything open stay in the list, with what they had when first seen."""
        for one in accounts:
            theirs = one.others if self.all_orders.isChecked() else 0
            if found := max(one.ours, one.at_broker or 0) + theirs:
                self._at_start.setdefault(one.account_id, found)

    def _proof(self, accounts: tuple[OpenOrders, ...]) -> str:
        """Everything that is open, and in how many of all accounts it is proven that nothing is."""
        at_broker = sum(one.at_broker or 0 for one in accounts)
        ours = sum(one.ours for one in accounts)
        clear = sum(one.proven_none for one in accounts)
        unread = [one for one in accounts if one.at_broker is None]
        words = (
            f"{figures.plural(at_broker, 'order')} open at the broker, {figures.whole(ours)} of "
            f"ours not ended{self._of_owners(accounts)}; {clear} of "
            f"{figures.plural(len(accounts), 'account')} proven clear, "
            f"last news {figures.clock(self._desk.wall_ns())} IST. Positions are not touched."
        )
        if unread:
            names = listed([self._desk.roster.name(one.account_id) for one in unread], 3)
            words += f" Not read, so look at the broker's own page: {names}."
        return words

    def _of_owners(self, accounts: Sequence[OpenOrders]) -> str:
        """How many of the owners' own are open, where there are some or they are to go as well."""
        others = sum(one.others for one in accounts)
        if not (others or self.all_orders.isChecked()):
            return ""
        stay = "" if self.all_orders.isChecked() else ", which stay"
        return f", {figures.whole(others)} of the owners' own{stay}"

    async def _halt(self) -> None:
        if self._whom is None:
            change = await self._trading.halt("the kill guard was opened")
            if change.all_orders:  # a KILL in force takes them already, and goes on to
                self.all_orders.setChecked(True)
                self.all_orders.setEnabled(False)
        accounts = await self._trading.open_orders(self._scopes)
        self._remember(accounts)
        at_broker = sum(one.at_broker or 0 for one in accounts)
        ours = sum(one.ours for one in accounts)
        of = sum(bool(one.ours or one.at_broker) for one in accounts)
        others = figures.plural(sum(one.others for one in accounts), "order")
        self.all_orders.setText(f"{_OWNERS}: {others}")
        who, back = "Trading is halted.", "Coming back needs a reason and the word RESUME."
        if self._whom is not None:
            who, back = (
                f"{self._whom.name}: halted.",
                "Each comes back by Lift halt, with a reason.",
            )
        self._say(
            f"{who} KILL drops the queue and cancels every order of ours in "
            f"{figures.plural(of, 'account')}: {figures.whole(at_broker)} open at the broker, "
            f"{figures.whole(ours)} by our records; positions are not touched. {back}"
        )

    def _on_held(self) -> None:
        if not self.may_press(self.hold):
            return
        self.hold.setText("Cancelling")
        self.table.show()
        self.resize(self.width(), max(self.height(), 420))
        self.begin(
            self._desk.tasks,
            self._kill(),
            name="kill",
            on_error=self._on_failed,
            buttons=[self.hold],
        )

    async def _kill(self) -> None:
        of_all = self.all_orders.isChecked()
        if self._whom is None:
            words = "held the kill button, of all orders" if of_all else "held the kill button"
            await self._trading.kill(words, all_orders=of_all)
        else:
            await self._trading.stop_some(
                self._scopes, TradingState.KILL, self._reason, self._command, all_orders=of_all
            )
        self._killing = True
        self.all_orders.setEnabled(False)
        self.hold.setText("Killed: queue dropped, cancels sent")
        self.hold.setEnabled(False)
        self.close_button.setText("Close")
        self.square_off.setVisible(self._whom is None)
        if not self.over:
            self._looks.start()
        await self._count()

    def _on_failed(self, sentence: str) -> None:
        self.hold.setText("Hold 1.5 s to try again")
        self._say_failed(sentence)

    def _say_failed(self, sentence: str) -> None:
        self._say(sentence)
        if self.over:
            words = f"The stop did not take hold. {sentence}"
            self._desk.notices.tell(Severity.CRITICAL, words)

    def _say(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.grow()
