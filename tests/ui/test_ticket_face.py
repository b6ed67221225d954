"""The ticket's outside: what it says of followers, and where its button is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until

pytestmark = pytest.mark.window_loop


async def test_before_an_instrument_is_picked_only_those_count_who_could_get_an_order(
    window: MainWindow,
) -> None:
    roster, face = window.desk.roster, window.ticket.face
    ids = [one.account.account_id for one in roster.followers() if one.account.active]
    roster.set_statuses(AccountStatus(one, session=SessionState.READY) for one in ids)
    everybody = sum(one.account.active and not one.link.state.stops for one in roster.followers())
    assert face.fan.text() == f"× {everybody} followers"
    can = [one.account.account_id for one in roster.followers() if not one.link.state.stops]
    first, second = [one for one in can if one in ids][:2]
    roster.set_statuses([AccountStatus(first, session=SessionState.EXPIRED)])
    roster.set_statuses([AccountStatus(second, session=SessionState.READY, halted="Odd.")])
    assert face.fan.text() == f"× {everybody - 2} followers"


async def test_no_message_moves_the_button_that_sends(window: MainWindow) -> None:
    face = window.ticket.face

    def place() -> int:
        QTest.qWait(30)
        return face.send.mapTo(window.ticket, QPoint(0, face.send.height())).y()

    await until(face.send.isVisible)
    face.set_sendable(False, verb="Buy", why="")
    stood = place()
    for words in ("Short.", "So many words that they need more than one line of it. " * 4):
        face.set_sendable(False, verb="Buy", why=words)
        face.show_result(words, "problem")
        assert place() == stood
    face.hide_result()
    assert place() == stood
