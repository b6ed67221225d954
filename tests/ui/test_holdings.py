"""The holdings in the window: what can be sold, what is pledged, and who was not read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.holding import Holding
from copytrade_gui.services.holding_report import HoldingLine, HoldingReport
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.holdings import COLUMNS, HoldingsPanel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


def share(world: World, number: int, symbol: str, *, pledged: int | None, copied: int = 0,
          problem: str = "") -> HoldingLine:  # fmt: skip
    account = list(world.accounts.values())[number]
    return HoldingLine(
        account_id=account.account_id, account=account.name,
        role=Role.MASTER if account.master else Role.FOLLOWER,
        holding=Holding(isin=f"INE{symbol}", symbol=symbol, quantity=1_200 + (pledged or 0),
                        average_price=Decimal("1402.50"), in_demat=1_000, unsettled=200,
                        pledged=pledged, previous_close=Decimal(1500)),
        copied=copied, read_ns=people.NOW_NS - 60_000_000_000, problem=problem,
    )  # fmt: skip


def cells(panel: HoldingsPanel, row: int) -> dict[str, str]:
    line = panel.model.rows()[row]
    return {column.key: column.text(line) for column in COLUMNS}


async def test_each_account_shows_what_it_can_sell_and_what_is_pledged(
    window: MainWindow, world: World
) -> None:
    world.positions.shares = HoldingReport(
        (
            share(world, 1, "INFY-EQ", pledged=400, copied=20, problem="It did not answer."),
            share(world, 0, "TCS-EQ", pledged=None),
        ),
        (("Follower 9", "It is not logged in. Log it in."),),
    )
    panel = window.panels.one(HoldingsPanel)
    window.panels.go(panel)
    await until(lambda: len(panel.model.rows()) == 2)
    first, second = cells(panel, 0), cells(panel, 1)
    assert (first["can_sell"], first["unsettled"], first["pledged"]) == ("1,000", "200", "400")
    assert (first["all"], first["copied"], first["value"]) == ("1,600", "20", "24,00,000.00")
    assert "cannot be sold before it is released" in first["note"]
    assert "It did not answer." in first["note"]
    assert second["pledged"] == "\u2013", "what the broker does not say is no zero"
    assert second["account"].startswith("Master: ")
    assert panel.unread.text() == "1 account not read today: Follower 9"
    panel.kinds.button("§pledged").click()
    assert panel.table.view.proxy.rowCount() == 1
    window.desk.actions[Act.READ_HOLDINGS].trigger()
    await until(lambda: world.positions.read == 1)
