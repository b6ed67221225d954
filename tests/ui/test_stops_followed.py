"""A stop and its end: ticket and focus follow at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import AccountChanged, TradingStateChanged
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.domain.trading_state import NOT_ARMED, StateChange, TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.stops.resume import ResumeDialog
from copytrade_gui.ui.ticket_words import Phase
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop
CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
STOPS = (TradingState.PAUSE, TradingState.HALT, TradingState.KILL, TradingState.RECOVERING)


async def filled(window: MainWindow) -> None:
    """A ticket that could be sent."""
    ticket = window.ticket
    ticket.form.search.pick(people.NIFTY_CE)
    ticket.form.set_quantity("2", in_lots=True)
    ticket.form.price.set_text("101.05")
    ticket.refresh()
    await until(ticket.face.send.isEnabled)


@pytest.mark.parametrize("stop", STOPS)
async def test_the_open_ticket_follows_a_stop_and_its_end_without_an_edit(
    window: MainWindow, world: World, stop: TradingState
) -> None:
    await filled(window)
    face = window.ticket.face
    world.set_state(stop, "drill")
    window.ticket.on_events([TradingStateChanged(world.change, 1.0)])
    assert not face.send.isEnabled(), "at once, before any answer"
    await until(lambda: f"Trading is in {stop}" in face.why.text())
    world.set_state(TradingState.ACTIVE, "over")
    await until(face.send.isEnabled)
    assert face.send.text().startswith("Buy for ")


async def test_an_open_question_is_withdrawn_by_a_stop_and_says_that_nothing_was_sent(
    window: MainWindow, world: World
) -> None:
    await filled(window)
    window.ticket.ask_or_send()
    assert window.ticket.phase is Phase.ASKING
    world.set_state(TradingState.HALT, "drill")
    await until(lambda: window.ticket.phase is Phase.EDITING)
    assert "Nothing was sent" in window.ticket.face.result.text()
    await until(lambda: "Trading is in HALT" in window.ticket.face.why.text())
    assert not [call for call in world.calls if call[0] == "submit"]
    assert window.ticket.form.price.text() == "101.05"


async def test_a_send_that_a_stop_refuses_says_so_and_the_ticket_knows_it_afterwards(
    window: MainWindow, world: World
) -> None:
    await filled(window)
    window.ticket.ask_or_send()
    sentence = "Trading is halted by the operator. Resume with a reason."
    world.refuse = RefusedError(sentence, code="stopped")
    world.change = world.set_state(TradingState.HALT, "drill")
    window.ticket.phase = Phase.ASKING  # the press came before the news
    window.ticket.face.confirm.click()
    await until(lambda: sentence in window.ticket.face.result.text())
    await until(lambda: "Trading is in HALT" in window.ticket.face.why.text())
    assert not window.ticket.face.send.isEnabled()


async def test_the_open_ticket_follows_the_sessions_of_master_and_followers(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    world.events.send(*(AccountChanged(status) for status in world.statuses.values()))
    await filled(window)
    before = window.ticket.face.send.text()
    follower = next(one for one in world.statuses if one.startswith("f-"))
    lost = people.status(world.accounts[follower], 0)
    lost = type(lost)(follower, session=SessionState.EXPIRED)
    world.statuses[follower] = lost
    world.events.send(AccountChanged(lost))
    await until(lambda: window.ticket.face.send.text() not in (before, "Buy"))
    world.halt(people.MASTER, people.OVERFILL)
    await until(lambda: "The master account cannot trade" in window.ticket.face.why.text())


@pytest.mark.parametrize("act", [Act.PAUSE, Act.HALT])
async def test_after_a_stop_and_resume_the_space_key_stops_nothing(
    window: MainWindow, world: World, act: Act
) -> None:
    window.activateWindow()
    button = window.strip.stops[act]
    button.setFocus()
    assert window.focusWidget() is button
    QTest.keyClick(button, Qt.Key.Key_Space)
    await until(lambda: window.strip.change is not None and world.calls)
    stopped = {Act.PAUSE: TradingState.PAUSE, Act.HALT: TradingState.HALT}[act]
    await until(lambda: window.strip.change and window.strip.change.state is stopped)
    assert window.focusWidget() not in window.strip.stops.values()
    window.strip.stops[Act.RESUME].setFocus()
    window.strip.stops[Act.RESUME].click()
    if act is Act.HALT:
        await until(lambda: [one for one in window.findChildren(ResumeDialog) if one.isVisible()])
        (dialog,) = [one for one in window.findChildren(ResumeDialog) if one.isVisible()]
        dialog.reason.setText("drill over")
        dialog.verb.click()
    active = TradingState.ACTIVE
    await until(lambda: window.strip.change and window.strip.change.state is active)
    assert window.focusWidget() not in window.strip.stops.values()
    calls = len(world.calls)
    focus = window.focusWidget()
    QTest.keyClick(focus, Qt.Key.Key_Space)
    QTest.keyClick(focus, Qt.Key.Key_Return)
    assert [name for name, _ in world.calls[calls:] if name in ("pause", "halt", "kill")] == []
    assert not window.stops.guard


async def test_while_only_exits_leave_a_full_stop_is_one_press_away_and_the_state_is_named(
    window: MainWindow, world: World
) -> None:
    window.activateWindow()
    strip, actions = window.strip, window.desk.actions
    actions[Act.ONLY_EXITS].trigger()
    await until(lambda: strip.change and strip.change.state is TradingState.REDUCE)
    assert strip.state.text() == "ONLY EXITS"
    assert {act for act, one in strip.stops.items() if one.isVisible() and one.isEnabled()} == {
        Act.RESUME, Act.PAUSE, Act.HALT, Act.KILL,
    }  # fmt: skip
    assert not actions[Act.ONLY_EXITS].isEnabled()
    QTest.keyClick(window, Qt.Key.Key_P, CONTROL_SHIFT)
    await until(lambda: strip.change and strip.change.state is TradingState.PAUSE)
    assert strip.state.text() == "PAUSED"
    QTest.keyClick(window, Qt.Key.Key_D, CONTROL_SHIFT)
    await until(lambda: strip.change and strip.change.state is TradingState.REDUCE)
    strip.stops[Act.HALT].click()
    await until(lambda: strip.change and strip.change.state is TradingState.HALT)
    actions[Act.ONLY_EXITS].trigger()
    await until(lambda: [one for one in window.findChildren(ResumeDialog) if one.isVisible()])
    (dialog,) = [one for one in window.findChildren(ResumeDialog) if one.isVisible()]
    words = [one.text() for one in dialog.findChildren(PlainLabel)]
    assert any("whatever opens is denied" in one for one in words)
    dialog.verb.click()
    await until(lambda: len(world.calls) == 5)
    assert strip.change is not None
    assert strip.change.state is TradingState.HALT
    dialog.reason.setText("let them out")
    dialog.verb.click()
    await until(lambda: strip.change and strip.change.state is TradingState.REDUCE)
    assert [name for name, _ in world.calls] == [
        "only_exits", "pause", "only_exits", "halt", "only_exits", "only_exits",
    ]  # fmt: skip


async def test_a_live_day_that_is_not_armed_says_so_and_one_press_and_enter_arm_it(
    window: MainWindow, world: World
) -> None:
    window.activateWindow()
    strip = window.strip
    world.change = StateChange(TradingState.REDUCE, ENGINE, NOT_ARMED, people.NOW_NS)
    world.events.send(TradingStateChanged(world.change, 0.1))
    await until(lambda: strip.state.text() == "NOT ARMED")
    assert strip.state_low.text() == "Exits leave; nothing opens until you arm the day"
    assert strip.stops[Act.RESUME].text() == "ARM"
    strip.stops[Act.RESUME].click()
    await until(lambda: [one for one in window.findChildren(ResumeDialog) if one.isVisible()])
    (dialog,) = [one for one in window.findChildren(ResumeDialog) if one.isVisible()]
    assert dialog.verb.text() == "Arm live trading"
    QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
    await until(lambda: strip.change and strip.change.state is TradingState.ACTIVE)
    assert world.calls == [("resume", ("Armed for the day.", ""))]
    assert (strip.state.text(), strip.stops[Act.RESUME].text()) == ("Copying", "RESUME")
