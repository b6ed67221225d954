"""The P&L panel: sums by follower, group, all and master, and what is in no sum."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.charges import Cost
from copytrade_gui.services.position_report import LinkReport, PositionReport
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.profits import COLUMNS, ProfitsPanel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_positions import line
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def test_profits_are_summed_by_follower_group_and_all_and_say_what_they_lack(
    window: MainWindow, world: World
) -> None:
    accounts = list(world.accounts.values())
    master, *followers = accounts
    linked = {link.follower_id for link in world.links.values()}
    first, second, third = [one for one in followers if one.account_id in linked][:3]
    assert master.master
    world.links = {
        key: replace(link, group="Family") if link.follower_id in {first.account_id,
             third.account_id} else replace(link, group="")
        for key, link in world.links.items()
    }  # fmt: skip
    window.desk.roster.set_accounts(accounts, world.links.values())
    own = [
        line(master, people.NIFTY_CE, copied=None, own=75, average="90.00"),
        line(first, people.NIFTY_CE, copied=75, average="90.00"),
        line(second, people.NIFTY_CE, copied=150, average="90.00"),
        line(third, people.NIFTY_CE, copied=75, average="90.00", priced=False),
    ]
    assert own[0].role is Role.MASTER
    each = own[1].day
    assert each is not None
    copied = dict.fromkeys((one.account_id for one in (first, second, third)), master.account_id)
    world.positions.told = PositionReport(tuple(own), only_masters=copied)
    panel = window.panels.one(ProfitsPanel)
    window.panels.go(panel)
    await until(lambda: len(panel.model.rows()) == 6)
    day = next(column for column in COLUMNS if column.key == "day")
    told = {(row.of, row.name): (day.text(row), row.sums.unknown) for row in panel.model.rows()}
    amount = {times: f"+{each * times:,.2f}" for times in (1, 2, 3)}
    assert told["account", first.name] == (amount[1], 0)
    assert told["account", second.name] == (amount[2], 0)
    assert told["account", third.name] == ("\u2013", 1)
    assert told["group", "Family"] == (f"{amount[1]} +?", 1)
    assert told["all", ""] == (f"{amount[3]} +?", 1)
    assert ("master", master.name) in told
    panel.kinds.button("§group").click()
    assert panel.table.view.proxy.rowCount() == 1


async def test_links_stand_below_their_account_with_charges_and_what_is_left(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    master, other, follower, single = list(world.accounts.values())[:4]

    def link(of: Account, units: int, cost: str) -> LinkReport:
        own = (line(follower, people.NIFTY_CE, copied=units, average="90.00"),)
        return LinkReport(
            account_id=follower.account_id, account=follower.name, master_id=of.account_id,
            master=of.name, lines=own, cost=Cost(Decimal(cost), ()),
        )  # fmt: skip

    world.positions.told = PositionReport(
        (
            line(follower, people.NIFTY_CE, copied=75, average="90.00"),
            line(single, people.NIFTY_CE, copied=75, average="90.00"),
        ),
        links=(link(master, 150, "30.10"), link(other, -75, "20.05")),
        costs={
            follower.account_id: Cost(Decimal("50.15")),
            single.account_id: Cost(Decimal(7), ("futures",)),
        },
    )
    panel = window.panels.one(ProfitsPanel)
    window.panels.go(panel)
    await until(lambda: len(panel.model.rows()) == 5)
    rows = panel.model.rows()
    place = next(at for at, row in enumerate(rows) if row.key == follower.account_id)
    account, *links = rows[place : place + 3]
    assert (account.of, [row.of for row in links]) == ("account", ["link", "link"])
    assert {row.master for row in links} == {master.name, other.name}
    assert sum(row.sums.day for row in links) == account.sums.day
    assert sum(row.net for row in links) == account.net
    assert account.net == account.sums.day - Decimal("50.15")
    told = {column.key: column.text for column in COLUMNS}
    alone = next(row for row in rows if row.key == single.account_id)
    assert (told["charges"](account), told["charges"](alone)) == ("50.15", "7.00 +?")
    assert "futures" in told["note"](alone)
    assert told["charges"](rows[0]) == "57.15 +?"
    panel.kinds.button("§link").click()
    assert panel.table.view.proxy.rowCount() == 2
    file = tmp_path / "links.csv"
    await panel.table.export(file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        next(opened)  # that it is paper
        exported = list(csv.DictReader(opened))
    assert [(row["Name"], row["Master"], row["Charges \u20b9"]) for row in exported] == [
        (follower.name, row.master, f"{row.cost.total:.2f}") for row in links if row.cost
    ]
