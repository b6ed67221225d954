"""What the ticket promises is what would leave now; and what is over is not said any longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import RecoveryReported
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import Preview
from copytrade_gui.ui import figures
from copytrade_gui.ui.action_table import SPECS
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.ticket_words import Phase
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_stops_followed import filled

pytestmark = pytest.mark.window_loop


def one_less(world: World) -> None:
    """The engine knows of a follower who gets nothing any more, and nobody tells the ticket."""
    follower = next(
        one
        for one in world.accounts.values()
        if not one.master and one.active and not world.statuses[one.account_id].halted
    )
    world.statuses[follower.account_id] = replace(
        world.statuses[follower.account_id], halted="Look at it.", halted_ns=people.NOW_NS
    )


async def test_the_button_follows_who_gets_what_without_a_word_of_the_engine(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await filled(window)
    before = window.ticket.face.send.text()
    one_less(world)
    await until(lambda: window.ticket.face.send.text() != before)
    assert window.ticket.face.send.isEnabled()


async def test_an_answer_to_what_stood_there_before_the_last_letter_is_no_promise(
    window: MainWindow, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.everyone_ready()
    await filled(window)
    ticket = window.ticket
    asked, answered = asyncio.Event(), asyncio.Event()
    preview = ticket._trading.preview

    async def slow(master: AccountId, draft: Draft) -> Preview:
        answer = await preview(master, draft)
        asked.set()
        await answered.wait()
        return answer

    monkeypatch.setattr(ticket._trading, "preview", slow)
    ticket._looks.stop()
    reading = asyncio.create_task(ticket._read_preview())
    await asked.wait()
    QTest.keyClicks(ticket.form.quantity.line, "7")
    ticket._wait.stop()
    answered.set()
    await reading
    assert ticket._preview is None
    assert not ticket.face.send.isEnabled()


async def test_a_question_whose_followers_have_changed_is_withdrawn(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await filled(window)
    window.ticket.ask_or_send()
    assert window.ticket.phase is Phase.ASKING
    one_less(world)
    await until(lambda: window.ticket.phase is Phase.EDITING)
    assert "Nothing was sent: who gets what has changed" in window.ticket.face.result.text()
    assert not [call for call in world.calls if call[0] == "submit"]


async def test_a_question_stays_while_nothing_changes(window: MainWindow, world: World) -> None:
    await filled(window)
    window.ticket.ask_or_send()
    asked = window.ticket._asked_preview
    await until(lambda: window.ticket._asked_preview > asked + 1)
    assert window.ticket.phase is Phase.ASKING


async def test_enter_before_the_ticket_is_checked_goes_to_the_button_when_it_is(
    window: MainWindow,
) -> None:
    await filled(window)
    window.activateWindow()
    line = window.ticket.form.price.line
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "101.10")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert not window.ticket.face.send.isEnabled(), "it is being checked"
    await until(lambda: window.focusWidget() is window.ticket.face.send)
    assert window.ticket.phase is Phase.EDITING, "one Enter sends nothing"
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "101")
    await until(window.ticket.face.send.isEnabled)
    assert window.focusWidget() is line, "who goes on typing keeps the field"


async def test_the_band_of_a_start_goes_with_the_resume_and_names_unread_accounts(
    window: MainWindow, world: World
) -> None:
    world.set_state(TradingState.RECOVERING, "The console was started.")
    report = people.recovery(tuple(world.accounts.values()))
    world.events.send(RecoveryReported(report))
    bands = window.bands
    await until(lambda: "1 account not read yet" in bands.sentences().get("recovery", ""))
    world.set_state(TradingState.ACTIVE, "read it")
    world.events.send(RecoveryReported(report, done=True))
    await until(lambda: "recovery" not in bands.sentences())
    assert window.order_work.report == report


async def test_killed_in_no_time_is_not_said(window: MainWindow) -> None:
    assert figures.brief(0.02) == "under 0.1 ms"
    assert figures.brief(3.84) == "3.8 ms"
    assert figures.brief(412.3) == "412 ms"


async def test_the_kill_button_stays_where_it_is_when_its_sentence_comes(
    window: MainWindow, world: World
) -> None:
    world.trade()
    guard = KillGuard(window, window.desk, world.console().trading)
    guard.present()
    place, height = guard.hold.mapTo(guard, QPoint(0, 0)), guard.height()
    guard.start()
    await until(lambda: "Trading is halted" in guard.sentence.text())
    assert (guard.hold.mapTo(guard, QPoint(0, 0)), guard.height()) == (place, height)
    guard.reject()


async def test_no_hover_hides_the_lamps(window: MainWindow) -> None:
    menus = window.findChildren(QMenu)
    for act in SPECS:
        assert not window.desk.actions[act].statusTip()
    for name in ("orders", "stops", "followers"):
        (menu,) = [one for one in menus if one.objectName() == f"menu_{name}"]
        assert menu.toolTipsVisible(), "the words that stood there are read here"
