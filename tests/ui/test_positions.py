"""The positions as a trader meets them: sums, what lacks, what is old, and the strip above."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.services.position_report import PositionReport
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.position_rows import COLUMNS, PositionRow, groups_of
from copytrade_gui.ui.positions.positions import EMPTY
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.grouped_rows import Group, GroupedRows
from copytrade_gui.ui.theme import Tone
from tests.ui import fake_drift, fake_positions, people
from tests.ui.conftest import until
from tests.ui.fake_positions import line, report
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

Shown = list[dict[str, str]]


def shown(window: MainWindow) -> Shown:
    """Every row with every column, by title."""
    sheet = window.positions.table.view.sheet(only_selected=False)
    return [dict(zip(sheet.headers, row, strict=True)) for row in sheet.rows]


async def told(window: MainWindow, world: World, what: PositionReport) -> Shown:
    world.positions.told = what
    window.panels.go(window.positions)
    window.positions.look()
    await until(lambda: window.positions._report is what)
    return shown(window)


async def test_before_the_first_fill_it_says_what_will_come(window: MainWindow) -> None:
    window.panels.go(window.positions)
    assert window.positions.table.empty_text.text() == EMPTY
    assert not window.strip.profit.isVisible()


async def test_instruments_are_summed_over_followers_and_the_master_stands_apart(
    window: MainWindow, world: World
) -> None:
    accounts = tuple(world.accounts.values())
    master = accounts[0]
    one, other = [a for a in accounts if not a.master][:2]
    rows = await told(
        window,
        world,
        report(
            [
                line(master, people.NIFTY_CE, copied=None, own=150, average="97.10"),
                line(one, people.NIFTY_CE, copied=75, average="97.05"),
                line(other, people.NIFTY_CE, copied=225, own=-75, average="100.05"),
            ]
        ),
    )
    head, first, *followers = rows
    assert (head["Instrument / account"], head["Product"]) == (people.NIFTY_CE.symbol, "NORMAL")
    assert (head["Master"], head["Copied"], head["Own"]) == ("+150", "+300", "-75")
    assert head["Average"] == "99.30"  # (75 x 97.05 + 225 x 100.05) / 300
    assert head["Last"] == "101.05"
    assert head["Open P&L ₹"] == head["Day P&L ₹"] == "+525.00"  # 75 x 4.00 + 225 x 1.00
    assert head["To know"] == "2 followers of 2 in it, 1 sold or covered by owners"
    assert first["Instrument / account"] == f"Master: {master.name}"
    assert (first["Master"], first["Copied"], first["Own"]) == ("+150", "", "")
    assert first["Day P&L ₹"] == "+592.50"
    by_name = {row["Account"]: row for row in followers}
    assert by_name[one.name]["Day P&L ₹"] == "+300.00"
    assert by_name[other.name]["To know"] == "The owner traded -75 against the copy"
    assert window.strip.profit.master.text() == "▲ +592.50"
    assert window.strip.profit.followers.text() == "▲ +525.00"
    assert window.strip.profit.isVisible()


async def test_what_is_not_known_is_never_a_zero(window: MainWindow, world: World) -> None:
    one, other, third = [a for a in world.accounts.values() if not a.master][:3]
    rows = await told(
        window,
        world,
        report(
            [
                line(one, people.NIFTY_CE, copied=75, average=None),
                line(other, people.BANKNIFTY, copied=-35, own=None, problem="Log it in."),
                line(third, people.RELIANCE, copied=10, priced=False),
            ],
            unread=[(other.name, "It is not logged in. Log it in.")],
        ),
    )
    by_name = {row["Account"]: row for row in rows if row["Account"]}
    assert by_name[one.name]["Average"] == by_name[one.name]["Open P&L ₹"] == "–"
    assert "cost is not known" in by_name[one.name]["To know"]
    assert (by_name[other.name]["Own"], by_name[other.name]["At broker"]) == ("–", "–")
    assert by_name[other.name]["Copied"] == "-35"
    assert "Not read at the broker today. Log it in." in by_name[other.name]["To know"]
    assert (by_name[third.name]["Last"], by_name[third.name]["Day P&L ₹"]) == ("–", "–")
    heads = {row["Instrument"]: row for row in rows if not row["Account"]}
    assert heads[people.NIFTY_CE.symbol]["Day P&L ₹"] == "–"
    assert window.strip.profit.followers.text().endswith(" +?")
    assert "2 positions more without a known price" in window.strip.profit.accessibleName()
    assert other.name in window.positions.unread.text()
    assert "Log it in" in window.positions.unread.toolTip()


async def test_drift_stands_beside_what_is_held_and_counts_those_who_hold_nothing(
    window: MainWindow, world: World
) -> None:
    master = next(one for one in world.accounts.values() if one.master)
    one, other, third, fourth = [a for a in world.accounts.values() if not a.master][:4]
    lot = people.NIFTY_CE.lot_size
    world.drift.told = DriftReport(
        (
            fake_drift.line(one, people.NIFTY_CE, Step.DRIFTING, -lot, reason="Sold by him."),
            fake_drift.line(fourth, people.NIFTY_CE, Step.MISSING, -2 * lot, copied=0, held=0),
            fake_drift.line(third, people.NIFTY_CE, Step.UNKNOWN, held=None, reason="Not read."),
            fake_drift.line(other, people.NIFTY_CE),
        )
    )
    window.drift.look()
    await until(lambda: len(window.drift.lines()) == 4)
    lines = [line(account, people.NIFTY_CE, copied=75) for account in (one, other, third)]
    lines.append(line(master, people.NIFTY_CE, copied=None, own=75))
    rows = await told(window, world, report(lines))
    head, of_master, *followers = rows
    by_name = {row["Account"]: row["Drift"] for row in followers}
    assert (head["Drift"], of_master["Drift"]) == ("2 off", "")
    assert by_name == {one.name: "-1", other.name: "0", third.name: "–"}
    (column,) = [at for at, one in enumerate(COLUMNS) if one.key == "drift"]
    tip = window.positions.model.index(0, column).data(Qt.ItemDataRole.ToolTipRole)
    assert "3 of 4 accounts compared" in tip
    assert f"{fourth.name}: Missing -2" in tip
    window.positions.kinds.button("§look").click()
    left = [row["Account"] for row in shown(window) if row["Account"]]
    assert left == [one.name]


def tones(row: PositionRow) -> dict[str, Tone]:
    return {one.key: one.tone(row) for one in COLUMNS if one.tone is not None}


async def test_copies_are_not_compared_with_a_read_from_before_their_fill(
    window: MainWindow, world: World
) -> None:
    one, other = [a for a in world.accounts.values() if not a.master][:2]
    late = structs.replace(line(one, people.RELIANCE, copied=10, own=-10), behind=True)
    rows = await told(window, world, report([late, line(other, people.RELIANCE, copied=10, own=2)]))
    by_name = {row["Account"]: row for row in rows}
    assert (by_name[one.name]["Copied"], by_name[one.name]["Own"]) == ("+10", "–")
    assert "read again in a moment" in by_name[one.name]["To know"]
    assert "against" not in by_name[one.name]["To know"]
    assert by_name[""]["Own"] == by_name[other.name]["Own"] == "+2"
    assert "by owners" not in by_name[""]["To know"]


async def test_an_old_price_is_dimmed_and_says_its_age(window: MainWindow, world: World) -> None:
    one = next(a for a in world.accounts.values() if not a.master)
    rows = await told(
        window,
        world,
        report([line(one, people.NIFTY_CE, copied=75, average="97.05", age_s=14)]),
    )
    assert [row["Age"] for row in rows] == ["14 s", "14 s"]
    (group,) = groups_of(world.positions.told.lines, people.NOW_NS)
    row = group.rows[0][1]
    assert (tones(row)["last"], tones(row)["open"], tones(row)["day"]) == (Tone.MUTED,) * 3
    (young,) = groups_of([line(one, people.NIFTY_CE, copied=75, average="97.05")], people.NOW_NS)
    assert tones(young.rows[0][1])["day"] is Tone.OK


async def test_a_position_says_where_the_rules_of_its_link_leave_it(
    window: MainWindow, world: World
) -> None:
    one = next(a for a in world.accounts.values() if not a.master)
    held = line(one, people.NIFTY_CE, copied=75, average="97.05")
    ruled = structs.replace(held, exits="stop-loss at 96.08, exit at 15:10")
    rows = await told(window, world, report([ruled]))
    assert [row["To know"] for row in rows if row["Account"]] == [
        "Stop-loss at 96.08, exit at 15:10"
    ]


async def test_it_is_asked_every_second_and_only_what_changed_is_drawn(
    window: MainWindow, world: World
) -> None:
    everybody = fake_positions.a_morning(tuple(world.accounts.values()))
    await told(window, world, everybody)
    changed: list[tuple[str, int, int]] = []
    model = window.positions.model
    model.dataChanged.connect(
        lambda top, low: changed.append(
            (str(top.siblingAtColumn(0).data()), top.column(), low.column())
        )
    )
    asked = world.positions.asked
    await until(lambda: world.positions.asked > asked + 1)
    assert changed == []
    moved = tuple(
        structs.replace(one, open=one.open + 1, day=one.day + 1)
        if one.role is Role.MASTER and one.key == people.NIFTY_CE.key and one.open is not None
        and one.day is not None else one
        for one in everybody.lines
    )  # fmt: skip
    await told(window, world, structs.replace(everybody, lines=moved))
    titles = [column.key for column in model.columns]
    ((who, left, right),) = changed
    assert who.startswith("Master: ")
    assert (titles[left], titles[right]) == ("open", "day")


async def test_keys_lead_there_and_from_a_row_to_the_ticket(
    window: MainWindow, world: World
) -> None:
    await told(window, world, fake_positions.a_morning(tuple(world.accounts.values())))
    window.followers.take_focus()
    window.desk.actions["view_positions"].trigger()
    view = window.positions.table.view
    assert view.hasFocus()
    assert {"Ctrl+6", "Alt+F6"} == set(window.desk.actions.specs["view_positions"].keys)
    for number in range(view.proxy.rowCount()):
        index = view.proxy.index(number, 0)
        if index.data() == people.BANKNIFTY.symbol:
            view.setCurrentIndex(index)
    window.desk.actions[Act.SELL_ROW].trigger()
    assert window.ticket.form.search.instrument == people.BANKNIFTY
    assert window.ticket.side.value == "SELL"


async def test_the_export_has_every_account_with_its_instrument(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    rows = await told(window, world, fake_positions.a_morning(tuple(world.accounts.values())))
    path = tmp_path / "positions.csv"
    await window.positions.table.export(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        mark, titles, *written = list(csv.reader(file))
    assert "PAPER" in mark[0]
    assert len(written) == len(rows)
    place = {title: number for number, title in enumerate(titles)}
    accounts = [row for row in written if row[place["Account"]]]
    assert all(row[place["Instrument"]] for row in accounts)
    ours = [row for row in accounts if row[place["Copied"]] not in ("", "–", "0")]
    assert sum(int(row[place["Copied"]]) for row in ours) == sum(
        one.copied or 0 for one in world.positions.told.lines
    )


async def test_the_filters_narrow_to_what_is_open_or_wants_a_look(
    window: MainWindow, world: World
) -> None:
    accounts = tuple(world.accounts.values())
    await told(window, world, fake_positions.a_morning(accounts))
    window.positions.kinds.button("§look").click()
    window.positions._on_kind_chosen()
    names = {row["Account"] for row in shown(window) if row["Account"]}
    assert names == {[a for a in accounts if not a.master][number].name for number in (2, 5, 6)}


def test_groups_come_stay_and_go_without_a_reset(app: QApplication) -> None:
    """What stays keeps its index, whatever comes and goes around it."""
    model: GroupedRows[str] = GroupedRows((Column("text", "Text", str),), str)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))

    def show(**groups: str) -> list[tuple[str, list[str]]]:
        model.show(
            [Group(name, name, tuple((one, f"{name}{one}") for one in rows))
             for name, rows in groups.items()]
        )  # fmt: skip
        root = QModelIndex()
        found = []
        for number in range(model.rowCount(root)):
            head = model.index(number, 0, root)
            assert not model.parent(head).isValid()
            below = [model.index(row, 0, head) for row in range(model.rowCount(head))]
            assert all(model.parent(one) == head for one in below)
            found.append((str(head.data()), [str(one.data()) for one in below]))
        return found

    assert show(b="xz") == [("b", ["bx", "bz"])]
    assert show(a="q", b="xyz", c="") == [("a", ["aq"]), ("b", ["bx", "by", "bz"]), ("c", [])]
    assert show(b="y", c="mn") == [("b", ["by"]), ("c", ["cm", "cn"])]
    assert show() == []
    assert resets == []
    assert model.headerData(0, Qt.Orientation.Horizontal) == "Text"
