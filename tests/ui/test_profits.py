"""The P&L panel: sums by follower, group, all and master, and what is in no sum."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.services.position_report import PositionReport
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
    world.positions.told = PositionReport(tuple(own))
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
