"""Holdings: the shares in each account's demat, what can be sold and what is pledged."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.holding_report import HoldingLine, HoldingReport
from copytrade_gui.services.position_report import PositionVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.asking import Asking
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.widgets.tip import set_tip

_MOST = 50_000
"""Five hundred accounts with a hundred shares each."""
EMPTY = "No holdings yet. They are read in quiet time after a login."


def key_of(line: HoldingLine) -> Hashable:
    """What tells two lines apart."""
    one = line.holding
    return line.account_id, one.isin or one.symbol, one.product


def _units(number: int | None) -> str:
    return figures.UNKNOWN if number is None else figures.whole(number)


def _note(line: HoldingLine) -> str:
    words = []
    if line.copied:
        words.append("Copies hold of it; only that is sold by a copy or a square-off")
    if line.holding.pledged:
        words.append("The pledged part cannot be sold before it is released at the broker")
    if line.problem:
        words.append(f"Not read since {figures.clock(line.read_ns)}: {line.problem}")
    return ". ".join(words)


def _search(line: HoldingLine) -> str:
    one = line.holding
    signs = ("§pledged" if one.pledged else "", "§copied" if line.copied else "")
    return f"{line.account} {one.symbol} {one.isin} {one.product or ''} {' '.join(signs)}"


COLUMNS: tuple[Column[HoldingLine], ...] = (
    Column("symbol", "Instrument", lambda r: r.holding.symbol, chars=16, takes_rest=True),
    Column("account", "Account",
           lambda r: f"Master: {r.account}" if r.role is Role.MASTER else r.account, chars=18),
    Column("can_sell", "Can be sold", lambda r: _units(r.holding.in_demat),
           sort=lambda r: r.holding.in_demat, numeric=True, strong=True, chars=11,
           note="Units in the demat that are neither pledged nor sold today"),
    Column("unsettled", "T1", lambda r: _units(r.holding.unsettled),
           sort=lambda r: r.holding.unsettled, numeric=True, chars=7,
           note="Bought on the last trading day; sold where the account may"),
    Column("pledged", "Pledged", lambda r: _units(r.holding.pledged),
           sort=lambda r: r.holding.pledged, numeric=True, chars=8,
           tone=lambda r: Tone.WARN if r.holding.pledged else Tone.MUTED,
           note="Given as collateral: cannot be sold before it is released at the broker"),
    Column("all", "In all", lambda r: _units(r.all_units), sort=lambda r: r.all_units,
           numeric=True, chars=8),
    Column("copied", "Copied", lambda r: _units(r.copied), sort=lambda r: r.copied,
           numeric=True, chars=8, tone=lambda r: Tone.BUY if r.copied else Tone.MUTED,
           note="Units that copies hold for delivery by our own fills. Today's come into the "
                "holdings later; the rest is the owner's own and is never sold for a copy"),
    Column("average", "Average", lambda r: figures.price(r.holding.average_price),
           sort=lambda r: r.holding.average_price, numeric=True, chars=10),
    Column("close", "Last close", lambda r: figures.price(r.holding.previous_close),
           sort=lambda r: r.holding.previous_close, numeric=True, chars=10),
    Column("value", "Value ₹", lambda r: figures.price(r.value),
           sort=lambda r: r.value, numeric=True, chars=13,
           note="All of it at the last close"),
    Column("read", "Read IST", lambda r: figures.clock(r.read_ns), sort=lambda r: r.read_ns,
           tone=lambda r: Tone.WARN if r.problem else Tone.MUTED, chars=9),
    Column("note", "To know", _note, chars=34,
           tone=lambda r: Tone.WARN if r.problem else Tone.MUTED, tip=_note),
    Column("product", "Product", lambda r: r.holding.product or figures.UNKNOWN, chars=9,
           shown=False),
    Column("isin", "ISIN", lambda r: r.holding.isin, chars=14, shown=False),
)  # fmt: skip


class HoldingsPanel(Panel):
    """Asks once a second while it is in view."""

    def __init__(self, desk: Desk, positions: PositionVerbs) -> None:
        super().__init__()
        self.setObjectName("holdings_panel")
        self._desk = desk
        self._positions = positions
        self._report: HoldingReport | None = None
        self.model: RowsModel[HoldingLine] = RowsModel(
            COLUMNS, key_of, search=_search, cap=_MOST, parent=self
        )
        self.table: DataTable[HoldingLine] = DataTable(
            desk, "holdings", self.model, COLUMNS, label="Holdings", noun="holding"
        )
        self.table.say_when_empty(EMPTY)
        self.kinds: Segments[str] = Segments(
            "holding_kinds",
            [("", "All", "Every share of every account"),
             ("§pledged", "Pledged", "Partly or wholly given as collateral"),
             ("§copied", "Copied", "Copies hold some of it")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        self.table.add_before_filter(self.kinds)
        self.table.add_tool(Act.READ_HOLDINGS, words=True)
        self.table.add_tool(Act.EXPORT)
        self.table.view.add_row_actions([desk.actions[Act.COPY]])
        desk.actions.on(Act.READ_HOLDINGS, self._read)
        self.unread = ElidedLabel()
        self.unread.setObjectName("holdings_unread")
        self.unread.setProperty("role", "foot")
        self.unread.setProperty("tone", "warning")
        self.table.foot.insertSpacing(1, 12)
        self.table.foot.insertWidget(2, self.unread, 1)
        self._asking = Asking(desk, "holdings", self._ask, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - none is shown
        await self._ask()

    def stop(self) -> None:
        self._asking.stop()

    def came(self) -> None:
        self._asking.start()
        self._asking.look()

    def left(self) -> None:
        self._asking.stop()

    # ------------------------------------------------------------ inside

    def _read(self) -> None:
        self._desk.tasks.start(self._positions.read_holdings(), name="read holdings")

    async def _ask(self) -> None:
        report = await self._positions.holdings()
        if report is self._report:
            return
        self._report = report
        if [key_of(one) for one in report.lines] == [key_of(one) for one in self.model.rows()]:
            self.model.upsert(report.lines)  # nothing came or went: nothing moves
        else:
            self.model.reset(report.lines)
        unread = report.unread
        self.unread.setText(_unread_words(unread))
        set_tip(self.unread, "\n".join(f"{name}: {why}" for name, why in unread[:20]))


def _unread_words(unread: tuple[tuple[str, str], ...]) -> str:
    if not unread:
        return ""
    names = ", ".join(name for name, _ in unread[:3]) + (" and others" if unread[3:] else "")
    return f"{figures.plural(len(unread), 'account')} not read today: {names}"
