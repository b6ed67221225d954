"""What today brought to each account, link, group, all followers and each master, side by side.

An account whose copies are all of one master is one row; else each of its links has a row as well.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from PySide6.QtWidgets import QVBoxLayout

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.charges import Cost
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import paise
from copytrade_gui.services.position_report import (
    LinkReport,
    PositionLine,
    PositionReport,
    Sums,
    sums_of,
)
from copytrade_gui.services.profit_sums import Part, copies_by
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
_OF = {
    "account": "Follower",
    "link": "Link",
    "group": "Group",
    "all": "All followers",
    "master": "Master",
}
_NOBODY = "not known"
_LINKS = (
    "Each link apart, of followers whose copies are of several masters. Who copies one master has "
    "one line, his own"
)
_REALISED = (
    "Closed today, before charges. A link's goes by what its own copies cost, its account's by one "
    "average: what is open at the one may be realised at the other, and the day's sums agree"
)


@dataclass(frozen=True, slots=True)
class ProfitRow:
    """What one account, link, group or all of them hold and brought today; ``sums`` are before
    charges.
    """

    of: str
    """``account``, ``link``, ``group``, ``all`` or ``master``."""
    key: str
    """The account's id, as two may have one name; of the others what ``name`` says."""
    name: str
    sums: Sums
    known: bool
    """At least one position's amounts are known."""
    stale: bool
    """A price in it is older than one may trust."""
    cost: Cost | None = None
    """What today's orders cost; None where it is not counted."""
    master_id: str = ""
    master: str = ""
    """Whose orders the copies of a link are."""

    @property
    def net(self) -> Decimal:
        """The day's profit after charges, in rupees."""
        return self.sums.day - (self.cost.total if self.cost else Decimal(0))


def rows_of(report: PositionReport, links: Iterable[Link], now_ns: int) -> list[ProfitRow]:
    """All followers first, then masters, groups and accounts by name."""
    rows = [
        _row(part, now_ns)
        for part in (*copies_by(report, links), *_masters(report.lines))
        if part.lines
    ]
    rows += [_of_link(link, now_ns) for link in report.links]
    return sorted(rows, key=_place)


def _place(row: ProfitRow) -> tuple[object, ...]:
    """An account's links stand below it."""
    shelf = ("all", "master", "group", "account").index("account" if row.of == "link" else row.of)
    return shelf, natural(row.name), row.key, row.of, natural(row.master), row.master_id


def _masters(lines: Iterable[PositionLine]) -> Iterator[Part]:
    found: dict[AccountId, list[PositionLine]] = {}
    for line in lines:
        if line.role is Role.MASTER and line.copied is None:
            found.setdefault(line.account_id, []).append(line)
    for own in found.values():
        yield Part("master", own[0].account, own, None)


def _row(part: Part, now_ns: int) -> ProfitRow:
    of, lines = part.of, part.lines
    sums = sums_of(lines)
    stale = bool(sums.stale_ns) and now_ns - sums.stale_ns > STALE_S * 1_000_000_000
    key = lines[0].account_id if of in ("account", "link", "master") else part.name
    known = len(lines) > sums.unknown
    return ProfitRow(of, key, part.name, sums, known, stale, part.cost)


def _of_link(link: LinkReport, now_ns: int) -> ProfitRow:
    row = _row(Part("link", link.account, link.lines, link.cost), now_ns)
    return replace(row, master_id=link.master_id, master=link.master or _NOBODY)


def _amount(row: ProfitRow, amount: Decimal) -> str:
    words = figures.signed_money(amount if row.known else None)
    return f"{words} +?" if row.known and row.sums.unknown else words


def _charges(row: ProfitRow) -> str:
    if row.cost is None:
        return figures.UNKNOWN
    return f"{figures.money(paise(row.cost.total))}{' +?' if row.cost.unrated else ''}"


def _tone(row: ProfitRow, amount: Decimal) -> Tone:
    if not row.known or not amount or row.stale:
        return Tone.MUTED
    return Tone.OK if amount > 0 else Tone.BAD


def _note(row: ProfitRow) -> str:
    words = []
    if row.sums.unknown:
        lacks = figures.plural(row.sums.unknown, "position")
        words.append(f"Without {lacks}, of which a price or the cost is not known")
    if row.cost is not None and row.cost.unrated:
        segments = ", ".join(row.cost.unrated)
        words.append(f"Without charges of {segments}, of which no rates are known")
    if row.stale:
        words.append(f"By prices since {figures.clock(row.sums.stale_ns)} IST")
    return ". ".join(words)


COLUMNS: tuple[Column[ProfitRow], ...] = (
    Column("name", "Name", lambda r: r.name or _OF[r.of], chars=20, takes_rest=True),
    Column("of", "Of", lambda r: _OF[r.of], chars=12, tone=lambda _: Tone.MUTED),
    Column("master", "Master", lambda r: r.master, chars=14,
           note="Whose orders the copies of a link are"),
    Column("accounts", "Accounts", lambda r: figures.whole(r.sums.accounts),
           sort=lambda r: r.sums.accounts, numeric=True, chars=8,
           note="With a position today"),
    Column("positions", "Open", lambda r: figures.whole(r.sums.positions),
           sort=lambda r: r.sums.positions, numeric=True, chars=7, note="Positions held now"),
    Column("realised", "Realised ₹", lambda r: _amount(r, r.sums.realised),
           sort=lambda r: r.sums.realised, numeric=True, chars=14,
           tone=lambda r: _tone(r, r.sums.realised), note=_REALISED),
    Column("open", "Open P&L ₹", lambda r: _amount(r, r.sums.open), sort=lambda r: r.sums.open,
           numeric=True, chars=14, tone=lambda r: _tone(r, r.sums.open),
           note="What closing at the last price would bring, before charges"),
    Column("day", "Day P&L ₹", lambda r: _amount(r, r.sums.day), sort=lambda r: r.sums.day,
           numeric=True, chars=14, strong=True, tone=lambda r: _tone(r, r.sums.day),
           note="All that today brought, before charges; carried in from the previous close"),
    Column("charges", "Charges ₹", _charges,
           sort=lambda r: r.cost.total if r.cost else Decimal(0), numeric=True, chars=11,
           note="Of today's orders, by the table of charges; an estimate"),
    Column("net", "Net ₹", lambda r: figures.UNKNOWN if r.cost is None else _amount(r, r.net),
           sort=lambda r: r.net, numeric=True, chars=14, strong=True,
           tone=lambda r: _tone(r, r.net), note="All that today brought, after charges"),
    Column("note", "To know", _note, chars=30, tone=lambda _: Tone.WARN, tip=_note),
)  # fmt: skip


def _key(row: ProfitRow) -> Hashable:
    return row.of, row.key, row.master_id


def _search(row: ProfitRow) -> str:
    return f"{row.name} {_OF[row.of]} {row.master} §{row.of}"


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
            [("", "All", "Followers, links, groups, masters and all together"),
             ("§account", "Followers", "Each follower's copies"),
             ("§link", "Links", _LINKS),
             ("§group", "Groups", "What each group's links brought, and no other link"),
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
