"""The guard of KILL: trading is halted when it opens; holding the button sweeps the orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.buttons import HoldButton
from copytrade_gui.ui.widgets.tip import set_tip


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One account in the sweep: orders open at its start, and still open."""

    account_id: AccountId
    name: str
    at_start: int
    still: int


COLUMNS: tuple[Column[SweepRow], ...] = (
    Column("name", "Account", lambda r: r.name, chars=24,
           mark=lambda r: Mark.HALF if r.still else Mark.CIRCLE,
           tone=lambda r: Tone.WARN if r.still else Tone.OK),
    Column("at_start", "Working before", lambda r: figures.whole(r.at_start),
           sort=lambda r: r.at_start, numeric=True, chars=14),
    Column("still", "Still working", lambda r: figures.whole(r.still),
           sort=lambda r: r.still, numeric=True, chars=13),
)  # fmt: skip


class KillGuard(ConsoleDialog):
    """States what the sweep does, starts it on a held button, shows it until nothing works."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        trading: TradingVerbs,
        open_orders: Callable[[], list[OrderView]],
    ) -> None:
        super().__init__(parent, f"Kill - {desk.mode_word}", "kill_guard")
        self.setMinimumWidth(520)
        self._desk = desk
        self._trading = trading
        self._open_orders = open_orders
        self._at_start: dict[AccountId, int] = {}
        self.sentence = self.add_text("Halting.")
        self.sentence.setObjectName("kill_sentence")
        self.hold = HoldButton("Hold 1.5 s to cancel every working order")
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
        self.add_buttons([self.close_button])
        self.hold.setFocus()

    def start(self) -> None:
        """Halt at once, then count what the sweep would cancel."""
        self.begin(self._desk.tasks, self._halt(), name="kill guard", on_error=self._say_failed)

    def refresh(self) -> None:
        """Orders changed: count again what still works."""
        if not self._at_start:
            return
        still = Counter(order.account_id for order in self._open_orders())
        rows = [
            SweepRow(account, self._desk.roster.name(account), before, still[account])
            for account, before in self._at_start.items()
        ]
        self.model.upsert(rows)
        clear = sum(not row.still for row in rows)
        self.sentence.setText(
            f"{figures.plural(sum(row.still for row in rows), 'order')} working; "
            f"{clear} of {figures.plural(len(rows), 'account')} clear, "
            f"last news {figures.clock(self._desk.wall_ns())} IST. Positions are not touched."
        )

    async def _halt(self) -> None:
        await self._trading.halt("the kill guard was opened")
        preview = await self._trading.stop_preview()
        orders = figures.plural(preview.working_orders, "working order")
        self._say(
            f"Trading is halted. KILL drops the queue and cancels {orders} in "
            f"{figures.plural(preview.accounts, 'account')}; positions are not touched. "
            "Coming back needs a reason and the word RESUME."
        )

    def _on_held(self) -> None:
        self.hold.setEnabled(False)
        self.hold.setText("Cancelling")
        self._at_start = dict(Counter(order.account_id for order in self._open_orders()))
        self.table.show()
        self.resize(self.width(), max(self.height(), 420))
        self.refresh()
        self.begin(self._desk.tasks, self._kill(), name="kill", on_error=self._on_failed)

    async def _kill(self) -> None:
        await self._trading.kill("held the kill button")
        self.hold.setText("Killed: queue dropped, cancels sent")
        self.close_button.setText("Close")
        if not self._at_start:
            self._say("Killed. No order of ours was working. Positions are not touched.")

    def _on_failed(self, sentence: str) -> None:
        self.hold.setEnabled(True)
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
