"""Stopping accounts, a group or a master alone, from the followers' table to the proof."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QDialog, QPushButton

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.stops.stop_some import StopSomeDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_account_halt import cells, choose

pytestmark = pytest.mark.window_loop
F3, F4 = AccountId("f-003"), AccountId("f-004")
D = TypeVar("D", bound=QDialog)


async def shown(window: MainWindow, kind: type[D]) -> D:
    await until(lambda: any(one.isVisible() for one in window.findChildren(kind)))
    return next(one for one in window.findChildren(kind) if one.isVisible())


def rest(world: World, accounts: Sequence[AccountId]) -> None:
    """One working order in each account."""
    for number, account in enumerate(accounts):
        view = people.order(PlanId(f"P{number}"), world.accounts[account], State.WORKING)
        world.orders[view.intent_id] = view
        world.events.send(OrderChanged(view, "ACKED"))


def stopped(world: World) -> list[object]:
    return [said for verb, said in world.calls if verb == "stop_some"]


async def test_selected_followers_are_halted_with_a_reason_and_their_rows_say_so(
    window: MainWindow, world: World
) -> None:
    choose(window, F3)
    button = window.followers.bulk.findChild(QPushButton, f"bulk_{Act.SOME_HALT}")
    assert isinstance(button, QPushButton)
    assert button.text() == "Halt"
    button.click()
    dialog = await shown(window, StopSomeDialog)
    assert world.accounts[F3].name in dialog.choice.currentText()
    assert not stopped(world)
    dialog.reason.setText("Looks wrong.")
    dialog.verb.click()
    await until(lambda: "HALTED" in cells(window, F3))
    assert stopped(world) == [((F3,), TradingState.HALT, "Looks wrong.")]
    assert "Looks wrong." in window.bands.sentences()["halts"]
    assert window.desk.actions[Act.LIFT_HALT].isEnabled()
    assert {window.desk.actions[one] for one in (Act.SOME_ONLY_EXITS, Act.SOME_HALT, Act.SOME_KILL)
            } <= set(window.followers.table.view.row_actions)  # fmt: skip


async def test_a_group_or_a_master_is_chosen_from_those_that_are_here(
    window: MainWindow, world: World
) -> None:
    for account in (F3, F4):
        key = (people.MASTER, account)
        world.links[key] = replace(world.links[key], group="Family")
    await window.follower_work.edits.reload()
    window.followers.table.view.clearSelection()
    window.desk.actions[Act.SOME_ONLY_EXITS].trigger()
    dialog = await shown(window, StopSomeDialog)
    listed = [dialog.choice.itemText(place) for place in range(dialog.choice.count())]
    masters = [one for one in world.accounts.values() if one.master]
    assert listed[0] == "Group Family, 2 accounts"
    assert len(listed) == 1 + len(masters)
    assert all(line.startswith("Master ") for line in listed[1:])
    world.refuse = RefusedError("No follower is in group Family. Check its name.", field="whom")
    dialog.verb.click()
    problem = dialog.findChild(PlainLabel, "problem_whom")
    assert isinstance(problem, PlainLabel)
    await until(problem.isVisible)
    world.refuse = None
    dialog.verb.click()
    await until(lambda: "Exits only" in cells(window, F4))
    assert stopped(world)[-1] == (
        (group_scope("Family"),), TradingState.REDUCE, "pressed Only exits",
    )  # fmt: skip
    window.desk.actions[Act.SOME_HALT].trigger()
    again = await shown(window, StopSomeDialog)
    again.choice.setCurrentIndex(1)
    again.verb.click()
    await until(lambda: bool(world.statuses[masters[0].account_id].halted))


async def test_a_kill_of_some_halts_shows_what_it_cancels_and_proves_it(
    window: MainWindow, world: World
) -> None:
    rest(world, [F3, F4, people.MASTER])
    view = window.followers.table.view
    choose(window, F3)
    kept = view.selectionModel().selectedRows()
    choose(window, F4)
    flags = QItemSelectionModel.SelectionFlag
    view.selectionModel().select(kept[0], flags.Select | flags.Rows)
    window.desk.actions[Act.SOME_KILL].trigger()
    dialog = await shown(window, StopSomeDialog)
    assert dialog.choice.currentText() == "2 selected followers"
    dialog.reason.setText("A wrong price.")
    dialog.verb.click()
    guard = await shown(window, KillGuard)
    await until(lambda: "2 open at the broker, 2 by our records" in guard.sentence.text())
    assert guard.sentence.text().startswith("2 selected followers: halted.")
    assert [said[1] for said in stopped(world) if isinstance(said, tuple)] == [TradingState.HALT]
    assert world.change.state is TradingState.ACTIVE
    guard.hold.held.emit()
    await until(lambda: "2 of 2 accounts proven clear" in guard.sentence.text())
    kill = stopped(world)[-1]
    assert isinstance(kill, tuple)
    assert (set(kill[0]), *kill[1:]) == ({F3, F4}, TradingState.KILL, "A wrong price.")
    assert {row.account_id for row in guard.model.rows()} == {F3, F4}
    assert not guard.square_off.isVisible()
    left = [view.account_id for view in world.orders.values() if view.state.open_at_broker]
    assert left == [people.MASTER]
    assert world.change.state is TradingState.ACTIVE
    guard.close()
