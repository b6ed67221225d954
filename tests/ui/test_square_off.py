"""Squaring off as a trader meets it: the preview, the act, the report, and what is left."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import OwnKey
from copytrade_gui.domain.square_off import EVERYTHING, Chosen, LegState, Line
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.square_off import (
    SquareOffDialog,
    SquareOffReportDialog,
    left_words,
)
from copytrade_gui.ui.positions.which_group import WhichGroupDialog
from tests.ui import fake_positions, people
from tests.ui.conftest import until
from tests.ui.fake_square_offs import line, report
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

D = TypeVar("D", bound=ConsoleDialog)


def followers(world: World) -> list[Account]:
    return [one for one in world.accounts.values() if not one.master]


def lines(world: World) -> tuple[Line, ...]:
    """An option of two, of whom one is logged out, and a short future of the first."""
    one, other = followers(world)[:2]
    return (
        line(one, people.NIFTY_CE, 75, orders=2),
        line(other, people.NIFTY_CE, 150, units=0, code="no_session", reason="Log it in."),
        line(one, people.BANKNIFTY, -35),
    )


def said(asked: SquareOffDialog, words: str) -> bool:
    return words in asked.problem.text()


async def dialog(window: MainWindow, kind: type[D]) -> D:
    def shown() -> list[D]:
        return [one for one in window.findChildren(kind) if one.isVisible()]

    await until(shown)
    return shown()[0]


async def held(window: MainWindow, world: World) -> None:
    """The positions of a morning are shown."""
    world.positions.told = fake_positions.a_morning(tuple(world.accounts.values()))
    window.panels.go(window.positions)
    window.positions.look()
    await until(window.positions.model.rowCount)


def choose(window: MainWindow, symbol: str, account: str = "") -> None:
    """Put the cursor on an instrument, or on an account below it."""
    view = window.positions.table.view
    for number in range(view.proxy.rowCount()):
        head = view.proxy.index(number, 0)
        if head.data() == symbol:
            below = [view.proxy.index(n, 0, head) for n in range(view.proxy.rowCount(head))]
            view.expand(head)
            view.setCurrentIndex(next((i for i in below if i.data() == account), head))
    view.setFocus()


async def test_what_owners_hold_is_closed_only_with_a_tick_and_a_typed_word(
    window: MainWindow, world: World
) -> None:
    one = followers(world)[0]
    own = structs.replace(
        line(one, people.NIFTY_CE, 150),
        key=OwnKey(one.account_id, people.NIFTY_CE.key, Product.NORMAL),
    )
    world.square_offs.lines = (line(one, people.NIFTY_CE, 75), own)
    await held(window, world)
    choose(window, people.NIFTY_CE.symbol)
    QTest.keyClick(window.positions.table.view, Qt.Key.Key_X)
    asked = await dialog(window, SquareOffDialog)
    await until(asked.verb.isEnabled)
    assert asked.verb.text() == "Square off 75 units"
    assert asked.own.word.isHidden()
    QTest.keyClick(asked, Qt.Key.Key_O, Qt.KeyboardModifier.AltModifier)
    await until(lambda: asked.verb.text() == "Square off 225 units" and asked.verb.isEnabled())
    assert asked.own.word.hasFocus()  # the word is typed right after the choice
    rows = asked.table.view.sheet(only_selected=False).rows
    assert [(row[3], row[5]) for row in rows] == [("Copies", "SELL 75"), ("Owner's", "SELL 150")]
    asked.verb.click()
    await until(lambda: said(asked, "Word must be ALL"))
    assert asked.own.word.hasFocus()
    assert not world.square_offs.begun
    QTest.keyClicks(asked.own.word, "ALL")
    world.square_offs.told = report(world.square_offs.lines, [LegState.CLOSED] * 2)
    asked.verb.click()
    await dialog(window, SquareOffReportDialog)
    ((scope, _),) = world.square_offs.begun
    assert [chosen.owners for chosen in scope] == [True]


async def test_a_key_on_a_row_shows_what_would_be_closed_and_enter_begins_it(
    window: MainWindow, world: World
) -> None:
    world.square_offs.lines = lines(world)
    await held(window, world)
    choose(window, people.NIFTY_CE.symbol)
    QTest.keyClick(window.positions.table.view, Qt.Key.Key_X)
    asked = await dialog(window, SquareOffDialog)
    await until(asked.verb.isEnabled)
    assert asked.verb.text() == "Square off 75 units"
    rows = asked.table.view.sheet(only_selected=False).rows
    assert [(row[0], row[5]) for row in rows] == [
        (followers(world)[0].name, "SELL 75"), (followers(world)[1].name, "–"),
    ]  # fmt: skip
    assert "2 orders of copies there are cancelled first" in rows[0][7]
    assert rows[1][7] == "Log it in."
    assert "1 order in 1 account: 75 units" in asked.sum.text()
    assert "No order is sent for 1 position; the list says why." in asked.sum.text()
    assert "without a price" not in asked.sum.text(), "none leaves there"
    world.square_offs.refuse = RefusedError("Trading is halted by Raghav.")
    QTest.keyClick(asked.verb, Qt.Key.Key_Return)
    await until(lambda: "halted" in asked.problem.text())
    assert asked.isVisible()
    world.square_offs.refuse = None
    world.square_offs.told = report(lines(world)[:2], [LegState.SENT, LegState.WAITS], over=False)
    asked.verb.click()
    told = await dialog(window, SquareOffReportDialog)
    ((scope, command),) = world.square_offs.begun
    assert scope == (Chosen(None, people.NIFTY_CE.key, lines(world)[0].key.product),)
    assert command == told._command != world.square_offs.told.command_id
    await until(lambda: "0 of 2 are over" in told.verdict.text())
    assert told.bar.isVisible()
    assert not told.again.isVisible()


async def test_the_report_names_who_is_left_and_leads_to_squaring_that_off(
    window: MainWindow, world: World
) -> None:
    closed, left, _ = world.square_offs.lines = lines(world)
    world.square_offs.told = report([closed, left], [LegState.CLOSED, LegState.NOT_SENT])
    window.desk.actions[Act.SQUARE_OFF_REPORT].trigger()
    told = await dialog(window, SquareOffReportDialog)
    await until(lambda: told.verdict.text() == "Not all of it is closed.")
    assert left.account in told.proof.text()
    assert "150 units left in 1 position" in told.proof.text()
    assert "2 orders of copies cancelled first" in told.proof.text()
    rows = told.table.view.sheet(only_selected=False).rows
    assert sorted((row[0], *row[4:9]) for row in rows) == sorted([
        (closed.account, "75", "0", "0", "Closed, proven", ""),
        (left.account, "0", "+150", "–", "Not sent", "Log it in."),
    ])  # fmt: skip
    told.again.click()
    asked = await dialog(window, SquareOffDialog)
    await until(lambda: [row.key for row in asked.model.rows()] == [left.key])
    assert not asked.verb.isEnabled(), "there is nothing that could be sent"


async def test_an_account_an_instrument_and_everything_are_chosen_by_keys_and_menus(
    window: MainWindow, world: World
) -> None:
    world.square_offs.lines = lines(world)
    await held(window, world)
    one = followers(world)[1]
    for act, where, scope in (
        (Act.SQUARE_OFF, one.name, "of one"), (Act.SQUARE_OFF_INSTRUMENT, one.name, "everywhere"),
        (Act.SQUARE_OFF_ACCOUNT, one.name, "account"), (Act.SQUARE_OFF_ALL, "", "all"),
    ):  # fmt: skip
        choose(window, people.BANKNIFTY.symbol, where)
        window.desk.actions[act].trigger()
        asked = await dialog(window, SquareOffDialog)
        product = lines(world)[0].key.product
        assert (
            asked._scope
            == {
                "of one": (Chosen(one.account_id, people.BANKNIFTY.key, product),),
                "everywhere": (Chosen(None, people.BANKNIFTY.key),),
                "account": (Chosen(one.account_id),),
                "all": EVERYTHING,
            }[scope]
        )
        asked.reject()
    window.followers.take_focus()
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    window.desk.actions[Act.SQUARE_OFF_ACCOUNT].trigger()
    asked = await dialog(window, SquareOffDialog)
    assert asked._scope == (Chosen(window.followers.selected()[0].account_id),)
    asked.reject()
    assert world.square_offs.begun == []


async def test_a_group_is_that_of_the_selected_or_chosen_from_those_that_are_here(
    window: MainWindow, world: World
) -> None:
    world.square_offs.lines = lines(world)
    act = window.desk.actions[Act.SQUARE_OFF_GROUP]
    act.trigger()
    assert "There is no group yet" in window.desk.notices.all[-1].sentence
    first, second, third = (one.account_id for one in followers(world)[:3])
    for name, group in ((first, "Family"), (second, "Office"), (third, "Office")):
        world.links[people.MASTER, name] = replace(world.links[people.MASTER, name], group=group)
    await window.follower_work.edits.reload()
    act.trigger()
    which = await dialog(window, WhichGroupDialog)
    which.choice.setCurrentIndex(1)
    assert which.choice.currentText() == "Group Office, 2 accounts"
    which.verb.click()
    asked = await dialog(window, SquareOffDialog)
    assert set(asked._scope) == {Chosen(second), Chosen(third)}
    asked.reject()
    view = window.followers.table.view
    rows = range(view.proxy.rowCount())
    row = next(
        n
        for n in rows
        if window.followers.model.row_at(
            view.proxy.mapToSource(view.proxy.index(n, 0)).row()
        ).account.account_id
        == first
    )
    view.setCurrentIndex(view.proxy.index(row, 0))
    await until(lambda: len(window.followers.selected()) == 1)
    act.trigger()
    asked = await dialog(window, SquareOffDialog)
    assert asked._scope == (Chosen(first),)
    assert world.square_offs.begun == []
    asked.reject()


async def test_a_masters_row_alone_is_no_copy_and_a_stop_is_said_at_once(
    window: MainWindow, world: World
) -> None:
    world.square_offs.lines = lines(world)
    await held(window, world)
    choose(window, people.NIFTY_CE.symbol, f"Master: {world.accounts[people.MASTER].name}")
    window.desk.actions[Act.SQUARE_OFF].trigger()
    assert "position of a follower" in window.desk.notices.all[-1].sentence
    world.square_offs.blocked_by = "Trading is paused by Raghav. Resume to place new orders."
    window.desk.actions[Act.SQUARE_OFF_ALL].trigger()
    asked = await dialog(window, SquareOffDialog)
    await until(lambda: "paused" in asked.problem.text())
    assert not asked.verb.isEnabled()
    asked.reject()


@pytest.mark.parametrize("stop", [TradingState.PAUSE, TradingState.HALT, TradingState.KILL])
async def test_out_of_a_stop_it_says_what_changes_and_asks_for_what_ends_that_stop(
    window: MainWindow, world: World, stop: TradingState
) -> None:
    world.square_offs.lines = lines(world)
    world.square_offs.stopped = stop
    window.desk.actions[Act.SQUARE_OFF_ALL].trigger()
    asked = await dialog(window, SquareOffDialog)
    await until(asked.verb.isEnabled)
    out = asked.out_of_stop
    assert "changes to Only exits" in out.sentence.text()
    assert out.word.isVisible() is (stop is TradingState.KILL)
    assert out.reason.hasFocus() or not asked.isActiveWindow()
    for problem, field, typed in (
        ("Reason is empty", out.reason, "out of it"), ("Word must be RESUME", out.word, "RESUME"),
    ):  # fmt: skip
        if stop is TradingState.PAUSE or (field is out.word and stop is TradingState.HALT):
            continue
        asked.verb.click()
        await until(partial(said, asked, problem))
        asked.look()  # what was refused stays readable
        await until(lambda: not asked._asking)
        assert problem in asked.problem.text()
        assert world.square_offs.begun == []
        field.setText(typed)
    asked.verb.click()
    await until(lambda: world.square_offs.begun)
    assert world.square_offs.begun[0][0] == EVERYTHING


async def test_the_kill_panel_offers_the_square_off_as_an_act_of_its_own_afterwards(
    window: MainWindow, world: World
) -> None:
    world.square_offs.lines = lines(world)
    world.square_offs.stopped = TradingState.KILL
    window.desk.actions[Act.KILL].trigger()
    await until(lambda: window.stops.guard is not None)
    guard = window.stops.guard
    assert guard is not None
    await until(lambda: "RESUME" in guard.sentence.text())
    assert not guard.square_off.isVisible(), "nothing was killed yet"
    guard.hold.held.emit()
    await until(guard.square_off.isVisible)
    guard.square_off.click()
    asked = await dialog(window, SquareOffDialog)
    assert asked._scope == EVERYTHING
    assert guard.isVisible(), "the proof goes on"
    assert world.square_offs.begun == []
    asked.reject()
    guard.close()


async def test_one_that_the_programs_end_broke_off_stands_above_the_window(
    window: MainWindow, world: World
) -> None:
    world.square_offs.told = report(
        lines(world)[:2], [LegState.CLOSED, LegState.NOT_SENT], broken=True
    )
    await window.square_off_work.load()
    sentence = window.bands.sentences()["square_off"]
    assert "was broken off when the program ended. Left: " in sentence
    assert left_words(world.square_offs.told) in sentence
    assert "Nothing goes on by itself" in sentence
    assert world.square_offs.begun == []
    (go_on,) = [one for one in window.findChildren(QPushButton) if one.text() == "Go on..."]
    go_on.click()
    asked = await dialog(window, SquareOffDialog)
    assert asked.command == "off~2", "its report will be of both"
    asked.reject()
    world.square_offs.told = report(lines(world)[:1], [LegState.CLOSED])
    await window.square_off_work.load()
    assert "square_off" not in window.bands.sentences()
