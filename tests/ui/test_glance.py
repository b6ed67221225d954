"""What one look at the window has to tell, whatever panel is in front and whatever has stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.news.notice_centre import NoticeCentre
from copytrade_gui.ui.orders.orders_model import PLANS_KEPT
from copytrade_gui.ui.positions.holdings import HoldingsPanel
from copytrade_gui.ui.widgets.toasts import Toast
from tests.ui import fake_positions, people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


def on_top(window: MainWindow, widget: QWidget) -> bool:
    """Whether a click on the middle of a widget would reach it."""
    hit = window.childAt(widget.mapTo(window, widget.rect().center()))
    return hit is not None and (hit is widget or widget.isAncestorOf(hit))


def in_front(panel: QWidget) -> Callable[[], bool]:
    """Whether anything of a panel can be seen."""
    return lambda: not panel.visibleRegion().isEmpty()


async def test_a_message_stays_above_the_panels_and_keeps_none_from_the_front(
    window: MainWindow,
) -> None:
    window.desk.notices.tell(Severity.CRITICAL, "A part of the master's order was rejected.")
    (toast,) = window.findChildren(Toast)
    for panel in (window.positions, window.activity, window.orders, window.positions):
        window.panels.go(panel)
        await until(in_front(panel))
        await until(lambda: on_top(window, toast))


async def test_a_table_that_let_old_rows_go_says_that_it_holds_the_newest(
    window: MainWindow, world: World
) -> None:
    master = next(a for a in world.accounts.values() if a.master)
    plans = [people.order(f"P{n}", master, State.FILLED) for n in range(PLANS_KEPT + 1)]
    window.orders.model.upsert(plans[:9])
    counts = window.orders.table.counts
    await until(lambda: counts.text() == "9 of 9 lines")
    window.orders.model.upsert(plans)
    await until(lambda: counts.text() == "400 of the newest 400 lines")


@pytest.mark.parametrize("width", [1366, 1280])
async def test_a_stop_takes_no_room_from_what_the_day_brought(
    window: MainWindow, world: World, width: int
) -> None:
    accounts = tuple(world.accounts.values())
    master = next(a for a in accounts if a.master)
    follower = next(a for a in accounts if not a.master)
    lines = [
        fake_positions.line(master, people.NIFTY_CE, copied=None, own=75_000, average="97.10"),
        fake_positions.line(follower, people.NIFTY_CE, copied=975_000, average="97.05"),
    ]
    window.resize(width, 720)
    world.positions.told = fake_positions.report(lines)
    window.positions.look()
    await until(window.strip.profit.isVisible)
    world.set_state(TradingState.REDUCE, "Squaring off. Everything leaves before the news at two")
    await until(lambda: window.strip.state.text() == "ONLY EXITS")
    strip = window.strip
    await until(lambda: strip.profit.isVisible() and not strip.effect.isVisible())
    amounts = (strip.profit.master, strip.profit.followers)
    await until(lambda: all(one.width() >= one.sizeHint().width() for one in amounts))
    world.set_state(TradingState.ACTIVE, "")


async def test_what_stands_behind_another_tab_asks_nothing_and_leaves_messages_unread(
    window: MainWindow,
) -> None:
    holdings, notices = window.panels.one(HoldingsPanel), window.panels.one(NoticeCentre)
    for panel in (holdings, window.positions):
        window.panels.go(panel)
        await until(partial(lambda one: one.in_front, panel))
        for each in (holdings, window.positions, notices):
            assert each.in_front is (each is panel)
            assert each.visibleRegion().isEmpty() is not each.in_front
    assert not holdings._asking.isActive()
    window.desk.notices.tell(Severity.WARNING, "The broker did not answer.")
    await asyncio.sleep(0.05)
    assert window.desk.notices.unread == 1
    window.panels.go(notices)
    await until(lambda: window.desk.notices.unread == 0)
