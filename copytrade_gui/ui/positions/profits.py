"""What today brought to each account, each group, all followers and each master, side by side."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.services.position_report import (
    PositionLine,
    PositionReport,
    Sums,
    sums_of,
)
from copytrade_gui.services.profit_sums import copies_by
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.positions.position_rows import STALE_S
from copytrade_gui.ui.tables.columns import Column, natural
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.segments import Segments

_MOST = 5_000
"""Five hundred accounts, their groups and masters, many times over."""
EMPTY = "Nothing is held and nothing was traded today. Sums come with the first fill."
_OF = {"account": "Follower", "group": "Group", "all": "All followers", "master": "Master"}


@dataclass(frozen=True, slots=True)
class ProfitRow:
    """What one account, group or all of them hold and brought today; amounts before charges."""

    of: str
    """``account``, ``group``, ``all`` or ``master``."""
    key: str
    """The account's id, as two may have one name; of the others what ``name`` says."""
    name: str
    sums: Sums
    known: bool
    """At least one position's amounts are known."""
    stale: bool
    """A price in it is older than one may trust."""


def rows_of(report: PositionReport, links: Iterable[Link], now_ns: int) -> list[ProfitRow]:
    """All followers first, then masters, groups and accounts by name."""
    rows = [
        _row(of, name, part, now_ns)
        for of, name, part in (*copies_by(report.lines, links), *_masters(report.lines))
        if part
    ]
    places = ("all", "master", "group", "account")
    return sorted(rows, key=lambda row: (places.index(row.of), natural(row.name), row.key))


def _masters(lines: Iterable[PositionLine]) -> Iterator[tuple[str, str, list[PositionLine]]]:
    found: dict[AccountId, list[PositionLine]] = {}
    for line in lines:
        if line.role is Role.MASTER and line.copied is None:
            found.setdefault(line.account_id, []).append(line)
    for own in found.values():
        yield "master", own[0].account, own


def _row(of: str, name: str, lines: list[PositionLine], now_ns: int) -> ProfitRow:
    sums = sums_of(lines)
    stale = bool(sums.stale_ns) and now_ns - sums.stale_ns > STALE_S * 1_000_000_000
    key = lines[0].account_id if of in ("account", "master") else name
    return ProfitRow(of, key, name, sums, len(lines) > sums.unknown, stale)


def _amount(row: ProfitRow, amount: Decimal) -> str:
    words = figures.signed_money(amount if row.known else None)
    return f"{words} +?" if row.known and row.sums.unknown else words


def _tone(row: ProfitRow, amount: Decimal) -> Tone:
    if not row.known or not amount or row.stale:
        return Tone.MUTED
    return Tone.OK if amount > 0 else Tone.BAD


def _note(row: ProfitRow) -> str:
    words = []
    if row.sums.unknown:
        lacks = figures.plural(row.sums.unknown, "position")
        words.append(f"Without {lacks}, of which a price or the cost is not known")
    if row.stale:
        words.append(f"By prices since {figures.clock(row.sums.stale_ns)} IST")
    return ". ".join(words)


COLUMNS: tuple[Column[ProfitRow], ...] = (
    Column("name", "Name", lambda r: r.name or _OF[r.of], chars=20, takes_rest=True),
    Column("of", "Of", lambda r: _OF[r.of], chars=12, tone=lambda _: Tone.MUTED),
    Column("accounts", "Accounts", lambda r: figures.whole(r.sums.accounts),
           sort=lambda r: r.sums.accounts, numeric=True, chars=8,
           note="With a position today"),
    Column("positions", "Open", lambda r: figures.whole(r.sums.positions),
           sort=lambda r: r.sums.positions, numeric=True, chars=7, note="Positions held now"),
    Column("realised", "Realised ₹", lambda r: _amount(r, r.sums.realised),
           sort=lambda r: r.sums.realised, numeric=True, chars=14,
           tone=lambda r: _tone(r, r.sums.realised), note="Closed today, before charges"),
    Column("open", "Open P&L ₹", lambda r: _amount(r, r.sums.open), sort=lambda r: r.sums.open,
           numeric=True, chars=14, tone=lambda r: _tone(r, r.sums.open),
           note="What closing at the last price would bring, before charges"),
    Column("day", "Day P&L ₹", lambda r: _amount(r, r.sums.day), sort=lambda r: r.sums.day,
           numeric=True, chars=14, strong=True, tone=lambda r: _tone(r, r.sums.day),
           note="All that today brought, before charges; carried in from the previous close"),
    Column("note", "To know", _note, chars=30, tone=lambda _: Tone.WARN, tip=_note),
)  # fmt: skip


def _key(row: ProfitRow) -> Hashable:
    return row.of, row.key


def _search(row: ProfitRow) -> str:
    return f"{row.name} {_OF[row.of]} §{row.of}"


class ProfitsPanel(Panel):
    """Adds up the reports of the positions, so that it says what the strip says."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("profits_panel")
        self._desk = desk
        self._report = PositionReport()
        self.model: RowsModel[ProfitRow] = RowsModel(
            COLUMNS, _key, search=_search, cap=_MOST, parent=self
        )
        self.table: DataTable[ProfitRow] = DataTable(
            desk, "profits", self.model, COLUMNS, label="Profit and loss", noun="sum"
        )
        self.table.say_when_empty(EMPTY)
        self.kinds: Segments[str] = Segments(
            "profit_kinds",
            [("", "All", "Followers, groups, masters and all together"),
             ("§account", "Followers", "Each follower's copies"),
             ("§group", "Groups", "Each group's copies; whoever is in several counts in each"),
             ("§master", "Masters", "What each master holds at the broker")],
            label="Show", stretch=False,
        )  # fmt: skip
        self.kinds.chosen.connect(lambda: self.table.narrow(self.kinds.value))
        self.table.add_before_filter(self.kinds)
        self.table.add_tool(Act.EXPORT)
        self.table.view.add_row_actions([desk.actions[Act.COPY]])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def show_report(self, report: PositionReport) -> None:
        """Add up what was told of all positions."""
        self._report = report
        if self.in_front:
            self.came()

    def came(self) -> None:
        links = [one.link for one in self._desk.roster.all_followers()]
        rows = rows_of(self._report, links, self._desk.wall_ns())
        if [_key(one) for one in rows] == [_key(one) for one in self.model.rows()]:
            self.model.upsert(rows)  # nothing came or went: nothing moves
        else:
            self.model.reset(rows)
