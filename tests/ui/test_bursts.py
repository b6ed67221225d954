"""A burst of news: every row ends as it last stood, in order, and is painted."""

import asyncio
from collections import defaultdict
from dataclasses import replace

import pytest
from msgspec import structs
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from copytrade_gui.domain.events import AccountChanged, Event, OrderChanged
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import State
from copytrade_gui.ui.latency.latency import LatencyPanel
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.order_rows import COLUMNS as ORDER_COLUMNS
from copytrade_gui.ui.state_words import ORDER_LOOKS
from copytrade_gui.ui.tables.delegates import ToneDelegate
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

STATE = next(n for n, column in enumerate(ORDER_COLUMNS) if column.key == "state")

WAY = (State.PLANNED, State.SENDING, State.ACKED, State.FILLED)


@pytest.fixture
def world() -> World:
    return World(followers=500)


def burst(world: World) -> list[list[Event]]:
    """One order to everybody: what is told at each step of its way; every tenth is rejected."""
    steps: list[list[Event]] = []
    accounts = [a for a in world.accounts.values() if a.account_id == people.MASTER or not a.master]
    for step, state in enumerate(WAY):
        told: list[Event] = []
        for number, account in enumerate(accounts):
            ends_badly = state is State.FILLED and number % 10 == 1
            now = people.order(
                "burst", account, State.REJECTED if ends_badly else state,
                at_ns=people.NOW_NS + step * 1_000 + number, latency_ms=60 + number / 10,
            )  # fmt: skip
            told.append(OrderChanged(now, WAY[max(0, step - 1)]))
            if state is State.ACKED:
                status = replace(world.statuses[account.account_id], last_latency_ms=60.5)
                told.append(AccountChanged(status))
        steps.append(told)
    return steps


async def test_after_a_burst_every_row_shows_its_newest_state(
    window: MainWindow, world: World
) -> None:
    steps = burst(world)
    for told in steps:
        world.events.send(*told)
    newest = {e.order.account_id: e.order for e in steps[-1] if isinstance(e, OrderChanged)}
    copies = {key: view for key, view in newest.items() if key != people.MASTER}
    plan = next(iter(copies.values())).plan_id

    def book() -> dict[object, State]:
        return {o.account_id: o.state for o in window.orders.model.orders_of(plan)}

    def outcomes() -> dict[object, str]:
        rows = window.followers.model.rows()
        return {r.account.account_id: cell(window, n) for n, r in enumerate(rows)}

    def fed() -> int:
        return sum(row.word in ("Filled", "Rejected") for row in window.feed.model.rows())

    await until(
        lambda: len(book()) == 501 and set(book().values()) == {State.FILLED, State.REJECTED}
    )
    assert book() == {key: view.state for key, view in newest.items()}
    await until(lambda: fed() == 501)
    # An account that is halted alone says why instead.
    words = {
        key: world.statuses[key].halted or ORDER_LOOKS[view.state].word
        for key, view in copies.items()
    }
    await until(lambda: outcomes() == words)
    assert {row.status.last_latency_ms for row in window.followers.model.rows()} == {60.5}
    window.panels.go(window.panels.one(LatencyPanel))  # nobody draws it behind another tab
    count = window.findChild(PlainLabel, "latency_last_count")
    assert isinstance(count, PlainLabel)
    await until(lambda: count.text() == "500")


def cell(window: MainWindow, number: int) -> str:
    """What the follower table says about the last copy."""
    return str(window.followers.model.index(number, 3).data())


class Painted(QObject):
    """Collects what of a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        if isinstance(event, QPaintEvent):
            self.region += event.region()
        return False


async def test_every_cell_in_sight_that_changed_is_painted(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    window.resize(2_600, 1_200)  # so that these columns are in sight
    await asyncio.sleep(0.3)
    painted = Painted(view.viewport())
    world.events.send(
        *(
            AccountChanged(replace(status, last_latency_ms=12.5, free_margin=Paise(77)))
            for status in world.statuses.values()
        )
    )
    titles = [
        str(view.model().headerData(n, Qt.Orientation.Horizontal))
        for n in range(view.model().columnCount())
    ]
    cells = [
        view.visualRect(view.proxy.index(row, titles.index(title))) & view.viewport().rect()
        for row in range(view.proxy.rowCount())
        for title in ("Call ms", "Free margin ₹")
    ]
    seen = [cell for cell in cells if not cell.isEmpty()]
    assert len(seen) > 10
    await until(lambda: all(painted.region.united(cell) == painted.region for cell in seen))


@pytest.mark.parametrize("hidden", ["first", "last", "both"])
async def test_a_change_of_whole_rows_is_painted_whatever_column_is_hidden(
    window: MainWindow, hidden: str
) -> None:
    """With the last column hidden, every row kept its old words until the pointer moved."""
    view = window.followers.table.view
    window.resize(2_600, 1_200)
    last = view.model().columnCount() - 1
    for name, column in (("first", 0), ("last", last)):
        view.setColumnHidden(column, hidden in (name, "both"))
    await asyncio.sleep(0.3)
    painted = Painted(view.viewport())
    model = view.model()
    low = model.index(model.rowCount() - 1, last)
    model.dataChanged.emit(model.index(0, 0), low)
    cells = [
        view.visualRect(model.index(row, 1)) & view.viewport().rect()
        for row in range(model.rowCount())
    ]
    seen = [cell for cell in cells if not cell.isEmpty()]
    assert len(seen) > 5
    await until(lambda: all(painted.region.united(cell) == painted.region for cell in seen))


async def test_of_an_open_plan_every_cell_in_sight_that_changed_is_painted(
    window: MainWindow, world: World
) -> None:
    view = window.orders.table.view
    accounts = tuple(world.accounts.values())[:40]
    orders = people.plan_orders("P1", accounts, people.NOW_NS, resting=True, troubles=False)
    world.events.send(*(OrderChanged(order, State.SENDING) for order in orders))
    await until(lambda: window.news.idle and view.proxy.rowCount() == 1)
    view.expandAll()
    await asyncio.sleep(0.3)
    painted = Painted(view.viewport())
    late = people.NOW_NS + 10**12
    filled = [structs.replace(order, state=State.FILLED, changed_ns=late) for order in orders]
    world.events.send(*(OrderChanged(order, State.WORKING) for order in filled))
    plan = view.proxy.index(0, 0)
    rows = [plan, *(view.proxy.index(row, 0, plan) for row in range(view.proxy.rowCount(plan)))]
    places = [view.visualRect(row.siblingAtColumn(STATE)) & view.viewport().rect() for row in rows]
    seen = [place for place in places if not place.isEmpty()]
    assert len(seen) > 5
    await until(lambda: {row.siblingAtColumn(STATE).data() for row in rows} == {"Filled"})
    await until(lambda: all(painted.region.united(place) == painted.region for place in seen))


async def test_the_feed_tells_an_account_its_own_story_in_order(
    window: MainWindow, world: World
) -> None:
    *earlier, last = burst(world)
    for told in earlier:
        world.events.send(*told)
    await until(lambda: window.feed.model.rowCount() == 501)
    world.events.send(*last)
    await until(lambda: window.feed.model.rowCount() == 1_002)
    stories: dict[str, list[str]] = defaultdict(list)
    for row in reversed(window.feed.model.rows()):
        assert row.order is not None
        stories[str(row.order.account_id)].append(row.word)
    assert {tuple(story) for story in stories.values()} == {
        ("Accepted", "Filled"), ("Accepted", "Rejected")
    }  # fmt: skip
    moments = [row.at_ns for row in window.feed.model.rows()]
    assert moments == sorted(moments, reverse=True)


class StyledDelegate(ToneDelegate):
    """Leaves every cell to Qt's style."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        QStyledItemDelegate.paint(self, painter, option, index)


async def test_a_plain_cell_looks_as_the_style_would_paint_it(
    window: MainWindow, world: World
) -> None:
    world.trade()
    window.refresh_view()
    await until(lambda: window.orders.model.rowCount() > 0 and window.feed.model.rowCount() > 0)
    for table in (window.feed.table, window.followers.table, window.orders.table):
        table.view.expandAll()
        ours = table.view.viewport().grab().toImage()
        styled = StyledDelegate(window.desk.theme, window.desk.icons, table.view)
        table.view.setItemDelegate(styled)
        assert table.view.viewport().grab().toImage() == ours
