"""A follower is halted alone, the console is opened again, and a person lifts it in the window."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.lift_halt import LiftHaltDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.journeys.journey import Journey, journey
from tests.ui.conftest import until

pytestmark = pytest.mark.window_loop


def halted(trip: Journey, account: Account) -> str:
    return trip.opened.engine.lanes[account.account_id].status.halted


async def place(trip: Journey, command: str, orders: int) -> None:
    """One more master order, once everybody who gets it has an answer."""
    await trip.place(trip.masters[0], await trip.draft("10"), command)
    await trip.decided(orders)


@asynccontextmanager
async def open_window(trip: Journey) -> AsyncIterator[MainWindow]:
    """The window over this console, closed before the console is."""
    QGuiApplication.setQuitOnLastWindowClosed(False)
    window = MainWindow(trip.opened.console, settings=ForgetfulMemory())
    try:
        window.show()
        await window.start()
        yield window
    finally:
        await window.stop()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.mark.expected_log("alarm duplicate: DUPLICATE: orders .* carry one tag")
async def test_a_halt_outlives_the_console_and_is_lifted_in_its_window(tmp_path: Path) -> None:
    async with journey(tmp_path, 2, kept=True) as trip:
        twin, other = trip.followers
        await trip.misfortune(
            {"action": "duplicate_order", "accounts": [twin.client_id], "count": 1}
        )
        await place(trip, "one", 3)
        await trip.until(lambda: bool(halted(trip, twin)))
        assert (await trip.at_broker())[twin.client_id] == 2

    async with journey(tmp_path, 2, kept=True) as trip, open_window(trip) as window:
        await trip.end_misfortune()
        assert halted(trip, twin)
        assert "HALTED" in window.followers.table.view.proxy.index(0, 0).data()
        trading = trip.opened.console.trading
        if (await trading.state()).state is not TradingState.ACTIVE:
            await trading.resume("Read every book.")
        await place(trip, "two", 6)
        ledger = await trip.at_broker()
        assert (ledger[twin.client_id], ledger[other.client_id]) == (2, 2)

        window.desk.actions[Act.LIFT_HALT].trigger()
        await until(lambda: window.findChild(LiftHaltDialog))
        dialog = window.findChild(LiftHaltDialog)
        assert dialog is not None
        dialog.reason.setText("Cancelled the second one at the broker.")
        dialog.verb.click()
        await until(lambda: window.findChild(LiftHaltDialog) is None)
        assert not halted(trip, twin)
        assert await trip.at_broker() == ledger  # lifting itself sends nothing
        await place(trip, "three", 9)
        ledger = await trip.at_broker()
        assert (ledger[twin.client_id], ledger[other.client_id]) == (3, 3)
        told = await trip.opened.console.history.events(100, "Cancelled the second one")
        assert {row.kind for row in told} == {"Command", "AccountHaltLifted"}

    async with journey(tmp_path, 2, kept=True) as trip:
        assert not halted(trip, twin)
