"""Catching up with a master: what each follower would get, before a person has it sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from msgspec import structs
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.catch_up import CatchUp, CatchUpLine, Missing
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Scope
from copytrade_gui.services.catch_up import CatchUpVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.label import PlainLabel

_LOOK_MS = 1_000
_WHAT_IT_DOES = (
    "His share is what his link's rule gives for all that the master holds now. What is lacking is "
    "placed at the market with a protected price, after the same checks as any copy. What an owner "
    "closed by himself is not bought again. Prices have moved since the master's order: look at "
    "what it costs."
)


def line_words(line: CatchUpLine) -> str:
    """What a trader must know of one follower."""
    words = [line.reason] if line.reason else []
    if line.excess:
        words.append(f"{figures.plural(line.excess, 'unit')} too many: square that part off.")
    return " ".join(words) or ("" if line.units else "His copies lack nothing.")


def _well(line: CatchUpLine) -> bool:
    return line.in_step or (line.units > 0 and not line.reason)


def _tone(line: CatchUpLine) -> Tone:
    return Tone.OK if _well(line) else Tone.WARN


def _mark(line: CatchUpLine) -> Mark:
    return Mark.CIRCLE if _well(line) else Mark.TRIANGLE


COLUMNS: tuple[Column[CatchUpLine], ...] = (
    Column("account", "Account", lambda r: r.account, chars=17, mark=_mark, tone=_tone),
    Column("share", "His share", lambda r: figures.whole(r.share), sort=lambda r: r.share,
           numeric=True, chars=10, note="Units, by his link's rule"),
    Column("copied", "Copies hold", lambda r: figures.whole(r.copied), sort=lambda r: r.copied,
           numeric=True, chars=11, note="Units that copies of this master hold, by our own fills"),
    Column("units", "Order", lambda r: figures.whole(r.units) if r.units else figures.UNKNOWN,
           sort=lambda r: r.units, numeric=True, chars=9, strong=True,
           note="Units that would be placed"),
    Column("price", "Worst price", lambda r: figures.price(r.price if r.units else None),
           sort=lambda r: r.price, numeric=True, chars=11),
    Column("cost", "Value ₹", lambda r: figures.money(r.cost) if r.units else figures.UNKNOWN,
           sort=lambda r: r.cost, numeric=True, chars=13, note="At the worst price"),
    Column("why", "To know", line_words, chars=24, takes_rest=True,
           tip=lambda r: line_words(r) or r.account),
)  # fmt: skip


class CatchUpDialog(ConsoleDialog):
    """The preview, read again while it stands there; its verb places what it shows."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        verbs: CatchUpVerbs,
        *,
        master: AccountId,
        of: PositionKey,
        close: Callable[[Scope, str], object],
        only: Missing | None = None,
    ) -> None:
        """``only`` are those whose copies came to nothing; without it everybody is compared."""
        title = "Catch up" if only is None else "Send again"
        super().__init__(parent, f"{title} - {desk.mode_word}", "catch_up")
        self._only = only
        self.resize(1000, 460)
        self._desk = desk
        self._verbs = verbs
        self._master = master
        self._of = of
        self._close = close
        self._told: CatchUp | None = None
        self._asking = False
        self.command = CommandId(uuid.uuid4().hex)
        self.heading = self.add_text("Reading what the master holds.", style="heading")
        self.heading.setObjectName("catch_up_words")
        self.add_text(_WHAT_IT_DOES)
        self.model: RowsModel[CatchUpLine] = RowsModel(COLUMNS, lambda r: r.account_id, parent=self)
        self.table: DataTable[CatchUpLine] = DataTable(
            desk, "catch_up_lines", self.model, COLUMNS, label="Followers", noun="follower"
        )
        self.table.say_when_empty("Nobody to compare.")
        self.box.addWidget(self.table, 1)
        self.told = self.add_text("")
        self.told.setObjectName("catch_up_told")
        self.told.hide()
        self.sum = self.add_text("")
        self.sum.setObjectName("catch_up_sum")
        self.problem = PlainLabel()
        self.problem.setObjectName("catch_up_problem")
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.box.addWidget(self.problem)
        self.back = self.make_button("Back", "catch_up_back")
        self.back.clicked.connect(self.reject)
        self.too_many = self.make_button("Square off what is too many", "catch_up_close")
        self.too_many.setEnabled(False)
        self.too_many.clicked.connect(self._on_too_many)
        self.verb = self.make_button("Catch up", "catch_up_verb", kind="primary")
        self.verb.setEnabled(False)
        self.verb.clicked.connect(self._on_verb)
        self.add_buttons([self.back, self.too_many, self.verb])
        self.back.setFocus()
        self._looks = QTimer(self)
        self._looks.setInterval(_LOOK_MS)
        self._looks.timeout.connect(self.look)
        self.finished.connect(self._looks.stop)

    async def ask_for(self) -> bool:
        """Show it and wait; True if something was placed."""
        self.look()
        self._looks.start()
        return await self.ask()

    def look(self) -> None:
        """Read what would be placed now."""
        if not self._asking and not self.over:
            self._asking = self.begin(
                self._desk.tasks,
                self._preview(),
                name="catch-up preview",
                on_error=self.show_problem,
            )

    async def _preview(self) -> None:
        try:
            self.show_preview(await self._verbs.preview(self._master, self._of))
        except RefusedError as refusal:
            self.show_problem(refusal.sentence)
        finally:
            self._asking = False

    def show_preview(self, told: CatchUp) -> None:
        """Show what would be placed, and let it be placed if anything can."""
        if (only := self._only) is not None:
            lines = tuple(line for line in told.lines if line.account_id in only.accounts)
            told = structs.replace(told, lines=lines, told=(*only.left_out, *told.told))
        self._told = told
        if {one.account_id for one in self.model.rows()} == {one.account_id for one in told.lines}:
            self.model.upsert(told.lines)
        else:
            self.model.reset(told.lines)
        if told.side is not None:
            holds = f"{'long' if told.side is Side.BUY else 'short'} {figures.whole(told.held)}"
            self.heading.setText(f"{told.master} is {holds} {told.symbol} {self._of.product}")
        placed = told.placed
        units = sum(one.units for one in placed)
        verb = "Sell" if told.side is Side.SELL else "Buy"
        self.sum.setText(
            f"{figures.plural(len(placed), 'order')}: {figures.plural(units, 'unit')}, worth "
            f"{figures.amount(told.cost)} at the worst prices."
            if placed
            else "" if told.denied else "Nobody lacks anything that could be placed."
        )  # fmt: skip
        self.told.setText(" ".join(told.told))
        self.told.setVisible(bool(told.told))
        whom = figures.plural(len(placed), "follower")
        self.verb.setText(f"{verb} {figures.whole(units)} for {whom}" if placed else "Catch up")
        self.verb.setEnabled(bool(placed))
        self.too_many.setEnabled(bool(told.exit))
        self.show_problem(told.denied)

    def _on_too_many(self) -> None:
        told = self._told
        if told is not None and told.exit:
            self.reject()
            self._close(told.exit, f"what copies of {told.master} hold too many")

    def _on_verb(self) -> None:
        told = self._told
        if told is None or not told.placed or not self.may_press(self.verb):
            return
        self._looks.stop()
        agreed = {line.account_id: line.units for line in told.placed}
        self.begin(
            self._desk.tasks,
            self._begin(agreed),
            name="catch up",
            on_error=self._failed,
            buttons=[self.verb],
        )

    async def _begin(self, agreed: dict[AccountId, int]) -> None:
        try:
            count = await self._verbs.begin(self._master, self._of, agreed, self.command)
        except RefusedError as refusal:
            self.command = CommandId(uuid.uuid4().hex)  # the next press is another one
            self._failed(refusal.sentence)
            return
        self._desk.notices.info(f"{figures.plural(count, 'order')} placed to catch up.")
        self.accept()

    def _failed(self, sentence: str) -> None:
        if self.over:
            self._desk.notices.warn(f"Nothing was placed to catch up. {sentence}")
            return
        self._looks.start()
        self.show_problem(sentence)

    def show_problem(self, sentence: str) -> None:
        """Say why nothing is placed now, or nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.grow()
