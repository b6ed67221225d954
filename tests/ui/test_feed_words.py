"""Whether the broker tells an account's orders by itself, as a trader reads it in the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from copytrade_gui.domain.account import FeedState, SessionState
from copytrade_gui.domain.events import AccountChanged, LampChanged
from copytrade_gui.ui.followers.follower_rows import COLUMNS
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_account_halt import F3, account_at

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]

AT_NS = 1_795_494_731_000_000_000
"""10:02:11 IST."""
STATES = [
    (FeedState.OFF, False, "", "orders followed by reading its book"),
    (FeedState.CONNECTING, False, "", "order news connecting since 10:02:11 IST"),
    (FeedState.LIVE, False, "", "order news live"),
    (FeedState.LIVE, True, "", "order news live again, reading its book for what it missed"),
    (
        FeedState.RECONNECTING,
        False,
        "News of its orders does not come: reset. Its books are read instead; it connects again.",
        "order news reconnecting since 10:02:11 IST",
    ),
    (FeedState.REFUSED, False, "Denied.", "order news refused since 10:02:11 IST"),
    (
        FeedState.EXPIRED,
        False,
        "The broker's feed does not take this session. Log the account in again.",
        "order news need a new login since 10:02:11 IST",
    ),
]


async def test_each_state_of_the_feed_is_said_in_words_with_since_when_and_why(
    window: MainWindow, world: World
) -> None:
    session = next(number for number, one in enumerate(COLUMNS) if one.key == "session")
    proxy = window.followers.table.view.proxy

    def tip() -> str:
        row = next(n for n in range(proxy.rowCount()) if account_at(window, n) == F3)
        return str(proxy.index(row, session).data(Qt.ItemDataRole.ToolTipRole))

    for state, catching_up, reason, words in STATES:
        status = replace(
            world.statuses[F3],
            session=SessionState.READY,
            feed=state,
            feed_ns=AT_NS,
            feed_reason=reason,
            catching_up=catching_up,
        )
        world.events.send(AccountChanged(status))
        said = f", {words}. {reason}".rstrip(". ")
        await until(lambda said=said: said in tip())  # type: ignore[misc]  # bound now


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("ok", "24 of 24 live"),
        ("warn", "23 of 24 live: 1 catching up"),
        ("warn", "20 of 24 live: 1 must log in again, 3 reconnecting"),
        ("bad", "0 of 24 live: 24 reconnecting"),
    ],
)
async def test_the_lamp_of_the_feed_says_it_of_all_accounts(
    window: MainWindow, world: World, state: str, words: str
) -> None:
    lamp = window.status.lamps["feed"]
    world.events.send(LampChanged("feed", state, words))
    await until(lambda: lamp.accessibleName() == f"Order news: {words}")
    assert words in lamp.toolTip()
