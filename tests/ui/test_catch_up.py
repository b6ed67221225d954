"""Catching up in the window: a preview with figures, and nothing sent before it is confirmed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.catch_up import CatchUp, CatchUpLine, Missing
from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.drift.catch_up import CatchUpDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.square_off import SquareOffDialog
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_drift import line
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown
from tests.ui.test_drift import choose, followers, master, told

pytestmark = [pytest.mark.window_loop]


async def opened(window: MainWindow, world: World) -> CatchUpDialog:
    one, other, third = followers(world)[:3]
    key = line(third, people.NIFTY_CE).key
    world.catch_ups.told = CatchUp(
        master="Asha",
        symbol=people.NIFTY_CE.symbol,
        side=Side.BUY,
        held=300,
        lines=(
            CatchUpLine(account_id=one.account_id, account=one.name, share=150, copied=75,
                        units=75, price=Decimal("101.50")),
            CatchUpLine(account_id=other.account_id, account=other.name, share=150, copied=0,
                        code="paused", reason="The link is paused."),
            CatchUpLine(account_id=third.account_id, account=third.name, share=75, copied=150,
                        excess=75,
                        exit=(Chosen(key.account_id, key.instrument, key.product, 75),)),
        ),
    )  # fmt: skip
    await told(
        window,
        world,
        DriftReport((line(one, people.NIFTY_CE, masters=(master(world),)),
                     line(other, people.NIFTY_CE))),
    )  # fmt: skip
    act = window.desk.actions[Act.CATCH_UP]
    choose(window, 1)
    assert not act.isEnabled(), "nobody's copies"
    choose(window, 0)
    act.trigger()
    dialog = await shown(window, CatchUpDialog)
    await until(dialog.verb.isEnabled)
    return dialog


async def test_the_preview_shows_quantities_cost_and_reasons_and_only_its_verb_places(
    window: MainWindow, world: World
) -> None:
    dialog = await opened(window, world)
    one = followers(world)[0]
    sheet = dialog.table.view.sheet(only_selected=False)
    rows = [dict(zip(sheet.headers, row, strict=True)) for row in sheet.rows]
    assert dialog.heading.text().startswith("Asha is long 300 ")
    assert [row["Order"] for row in rows] == ["75", "–", "–"]
    assert rows[0]["Value ₹"] == "7,612.50"
    assert rows[1]["To know"] == "The link is paused."
    assert "75 units too many" in rows[2]["To know"]
    assert "worth ₹7,612.50" in dialog.sum.text()
    assert dialog.verb.text() == "Buy 75 for 1 follower"
    assert not dialog.verb.isDefault()
    assert world.catch_ups.begun == []
    world.catch_ups.refuse = RefusedError("Nobody lacks it any more.", code="changed")
    dialog.verb.click()
    await until(lambda: "any more" in dialog.problem.text())
    world.catch_ups.refuse = None
    await until(lambda: not dialog.busy(dialog.verb))
    dialog.verb.click()
    await until(lambda: world.catch_ups.begun)
    ((of_master, key, agreed),) = world.catch_ups.begun
    assert (of_master, key.account_id, agreed) == (master(world), one.account_id,
                                                   {one.account_id: 75})  # fmt: skip


async def test_what_is_too_many_goes_to_the_square_off(window: MainWindow, world: World) -> None:
    dialog = await opened(window, world)
    dialog.too_many.click()
    await until(lambda: window.findChildren(SquareOffDialog))
    assert world.catch_ups.begun == []
    assert world.square_offs.begun == []
    for one in window.findChildren(SquareOffDialog):
        one.reject()


async def test_why_nothing_can_be_sent_is_said(window: MainWindow, world: World) -> None:
    dialog = await opened(window, world)
    world.catch_ups.told = CatchUp(
        master="Asha", symbol="X", denied="The master's positions are being read."
    )
    dialog.look()
    await until(lambda: "being read" in dialog.problem.text())
    assert not dialog.verb.isEnabled()
    dialog.reject()


async def test_copies_that_came_to_nothing_are_sent_again_to_those_alone(
    window: MainWindow, world: World
) -> None:
    one, other = followers(world)[:2]
    plan = PlanId("P1")
    rejected = people.order(plan, one, State.REJECTED, instrument=people.NIFTY_CE)
    filled = people.order(plan, other, State.FILLED, instrument=people.NIFTY_CE)
    window.orders.model.upsert([rejected, filled])
    key = line(one, people.NIFTY_CE).key
    world.catch_ups.lost = Missing(
        master(world), key, frozenset({one.account_id}), ("Left out: B.",)
    )
    world.catch_ups.told = CatchUp(
        master="Asha",
        symbol=people.NIFTY_CE.symbol,
        side=Side.BUY,
        held=150,
        lines=(
            CatchUpLine(account_id=one.account_id, account=one.name, share=75, copied=0, units=75,
                        price=Decimal("101.50")),
            CatchUpLine(account_id=other.account_id, account=other.name, share=150, copied=75,
                        units=75, price=Decimal("101.50")),
        ),
    )  # fmt: skip
    window.orders.table.view.selectAll()
    window.desk.actions[Act.SEND_AGAIN].trigger()
    dialog = await shown(window, CatchUpDialog)
    await until(dialog.verb.isEnabled)
    assert dialog.windowTitle().startswith("Send again")
    assert dialog.verb.text() == "Buy 75 for 1 follower"
    assert "Left out: B." in dialog.told.text()
    (asked,) = world.catch_ups.asked
    assert rejected.intent_id in asked
    dialog.verb.click()
    await until(lambda: world.catch_ups.begun)
    ((_, _, agreed),) = world.catch_ups.begun
    assert agreed == {one.account_id: 75}


async def test_what_may_not_be_sent_again_is_a_sentence(window: MainWindow, world: World) -> None:
    said: list[str] = []
    window.desk.notices.told.connect(lambda notice: said.append(notice.sentence))
    world.catch_ups.lost = RefusedError("Nothing is sent again before its absence is proven.")
    one = followers(world)[0]
    window.orders.model.upsert(
        [people.order(PlanId("P1"), one, State.UNKNOWN, instrument=people.NIFTY_CE)]
    )
    window.orders.table.view.selectAll()
    window.desk.actions[Act.SEND_AGAIN].trigger()
    await until(lambda: any("absence is proven" in words for words in said))
    assert not window.findChildren(CatchUpDialog)
