"""Small screens and large text: all in view, nothing cut, nothing moves under the pointer."""

import itertools
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDockWidget, QScrollArea, QWidget

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.feed.feed_rows import COLUMNS as FEED
from copytrade_gui.ui.followers.followers import STOPS
from copytrade_gui.ui.limits.limits import LimitsDialog
from copytrade_gui.ui.main_window import SMALLEST, MainWindow
from copytrade_gui.ui.orders.order_rows import COLUMNS
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people, pictures
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

FRAME, TASK_BAR = (16, 40), 48
"""Title bar and borders, and a task bar, as large as Windows has them."""
SCREENS = ((1280, 720), (1366, 768))
INSIDE = [(wide - FRAME[0], high - FRAME[1] - TASK_BAR) for wide, high in SCREENS]
MOST_NEEDED = ("label", "side", "quantity", "filled", "price", "state", "time")


def in_scroll_area(widget: QWidget) -> bool:
    above: QWidget | None = widget
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above is not None


def behind(widget: QWidget) -> bool:
    """Whether it is in a tab that is not in front: Qt keeps those beside the window."""
    above: QWidget | None = widget
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    return above is not None and not above.window().rect().intersects(above.geometry())


def texts(window: QWidget) -> Iterator[PlainLabel | QAbstractButton]:
    found: list[PlainLabel | QAbstractButton] = [*window.findChildren(PlainLabel)]
    found += window.findChildren(QAbstractButton)
    for widget in found:
        shown = widget.isVisible() and not behind(widget)
        if shown and widget.text() and not isinstance(widget, ElidedLabel):
            yield widget


def cut(window: QWidget) -> list[str]:
    """Texts with less room than their words need, or beyond the window's edge."""
    found = []
    for widget in texts(window):
        whole = widget.sizeHint()
        if isinstance(widget, PlainLabel) and widget.wordWrap():
            short = widget.height() < widget.heightForWidth(widget.width())
        else:
            short = widget.width() < whole.width() or widget.height() < whole.height() - 2
        corner = widget.mapTo(window, widget.rect().bottomRight())
        beyond = not window.rect().contains(corner) and not in_scroll_area(widget)
        if short or beyond:
            found.append(f"{widget.objectName()} {widget.text()!r}")
    return found


@pytest.mark.parametrize("percent", [100, 150])
@pytest.mark.parametrize("room", INSIDE)
async def test_the_window_fits_with_its_frame_and_a_task_bar(
    app: QApplication, room: tuple[int, int], percent: int
) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, room)
    window.desk.theme.apply(text_percent=percent)
    await pictures.fill_ticket(window)
    await pictures.settle()
    least, size, wrong = window.minimumSizeHint(), window.size(), {}
    for panel in window.panels:
        window.panels.go(panel)
        looks = 1
        while cut(window) and looks < 10:  # a busy machine lays out late
            await pictures.settle(3)
            looks += 1
        wrong[panel.objectName()] = cut(window)
    bar = window.status.geometry()
    edge = window.height()
    window.desk.theme.apply(text_percent=100)
    await window.stop()
    assert (least.width(), least.height()) <= room
    assert least.height() <= room[1]
    assert (size.width(), size.height()) == room
    assert SMALLEST[0] <= room[0]
    assert SMALLEST[1] <= room[1]
    assert bar.bottom() <= edge
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.parametrize("room", INSIDE)
async def test_what_an_order_is_and_did_is_in_view_in_the_order_book_and_the_feed(
    app: QApplication, room: tuple[int, int]
) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, room)
    view = window.orders.table.view
    shown = {
        column.key: view.columnViewportPosition(n) + view.columnWidth(n)
        for n, column in enumerate(COLUMNS)
    }
    wide = view.viewport().width()
    feed = window.feed.table.view
    details = next(n for n, column in enumerate(FEED) if column.key == "details")
    of_feed = feed.columnViewportPosition(details), feed.columnWidth(details)
    room_in_feed = feed.viewport().width()
    await window.stop()
    assert {key: right for key, right in shown.items() if key in MOST_NEEDED and right > wide} == {}
    assert of_feed[1] >= 100  # side, quantity and the instrument's name
    assert sum(of_feed) <= room_in_feed


@pytest.mark.parametrize("percent", [100, 150])
async def test_names_in_the_charts_do_not_print_over_each_other(
    app: QApplication, percent: int
) -> None:
    sizes = [*INSIDE, (1600, 1000)]
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, sizes[0])
    window.desk.theme.apply(text_percent=percent)
    window.panels.go(window.latency)
    over = {}
    for size in sizes:
        window.resize(*size)
        await pictures.settle()
        window.latency.draw()
        await pictures.settle()
        lines = window.latency.plots._lines
        printed = [
            [line.label.sceneBoundingRect() for line in group if line.label.isVisible()]
            for group in ([across for across, _, _ in lines], [up for _, up, _ in lines])
        ]
        over[size] = [
            (one, other) for group in printed for one, other in itertools.combinations(group, 2)
            if one.intersects(other)
        ]  # fmt: skip
    window.desk.theme.apply(text_percent=100)
    await window.stop()
    assert over == {size: [] for size in sizes}


@pytest.mark.parametrize("wide", [SMALLEST[0], *(room[0] for room in INSIDE), 1440])
async def test_what_stops_the_selected_is_in_view_at_any_width(
    app: QApplication, wide: int
) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, (wide, INSIDE[0][1]))
    await pictures.settle(2)
    bulk = window.followers.bulk
    buttons = [window.followers._bulk_buttons[act] for act in STOPS]
    seen = [
        button.isVisible() and bulk.rect().contains(button.geometry().bottomRight())
        for button in buttons
    ]
    await window.stop()
    assert seen == [True] * len(STOPS)


@pytest.mark.parametrize("act", [Act.LIMITS, Act.LOSS_LIMITS])
async def test_what_a_limit_means_is_read_whole(app: QApplication, act: Act) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, INSIDE[1])
    window.desk.actions[act].trigger()
    await until(lambda: [one for one in window.findChildren(LimitsDialog) if one.isVisible()])
    dialog = next(one for one in window.findChildren(LimitsDialog) if one.isVisible())
    await pictures.settle(3)
    wrong = cut(dialog) + [one.text() for one in dialog.findChildren(ElidedLabel) if one.text()]
    dialog.reject()
    await pictures.settle(2)
    await window.stop()
    assert wrong == []


def place_of(view: TableView, row: int) -> QRect:
    rect = view.visualRect(view.proxy.index(row, 1))
    return QRect(view.viewport().mapTo(view.window(), rect.topLeft()), rect.size())


async def test_the_first_click_on_a_follower_moves_no_row(window: MainWindow) -> None:
    view = window.followers.table.view
    before = [place_of(view, n) for n in range(5)]
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(
        view.proxy.index(2, 1)).center())  # fmt: skip
    await pictures.settle(2)
    assert len(window.followers.selected()) == 1
    assert window.followers.bulk_text.text() == "1 selected:"
    assert [place_of(view, n) for n in range(5)] == before
    view.clearSelection()
    await pictures.settle(2)
    assert [place_of(view, n) for n in range(5)] == before
    assert not any(button.isEnabled() for button in window.followers._bulk_buttons.values())


@pytest.mark.parametrize("name", ["orders", "feed"])
async def test_new_orders_move_no_row_that_is_pointed_at(
    window: MainWindow, world: World, name: str
) -> None:
    for number in range(12):
        for order in people.plan_orders(f"A{number}", people.accounts(4), people.NOW_NS + number):
            world.orders = {order.intent_id: order} | world.orders
    await window._load()
    view = window.orders.table.view if name == "orders" else window.feed.table.view
    await pictures.settle(2)
    QApplication.sendEvent(view, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))
    under = view.indexAt(QPoint(5, 30)).siblingAtColumn(0)
    words, place = str(under.data()), view.visualRect(under)
    rows = view.proxy.rowCount()
    for order in people.plan_orders("B1", people.accounts(4), people.NOW_NS + 100):
        world.events.send(OrderChanged(order, State.SENDING))
    await until(lambda: view.proxy.rowCount() > rows and window.news.idle)
    await pictures.settle(2)
    now = view.indexAt(QPoint(5, 30)).siblingAtColumn(0)
    assert (str(now.data()), view.visualRect(now)) == (words, place)
    table = window.orders.table if name == "orders" else window.feed.table
    assert table.above.isVisible()
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    await pictures.settle(2)
    assert view.indexAt(QPoint(5, 5)).row() == 0
    assert not table.above.isVisible()


@pytest.mark.parametrize("room", INSIDE)
async def test_how_many_followers_get_the_order_is_always_seen_beside_the_button(
    app: QApplication, room: tuple[int, int]
) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, room)
    await pictures.fill_ticket(window)
    face = window.ticket.face
    face.warning.setText("\n".join(["No follower gets this order, as many as are on."] * 4))
    face.warning.show()
    face.set_sendable(False, verb="Buy for 0", why="The master's order is beyond a limit. " * 3)
    await pictures.settle()
    seen = [
        (widget.text(), widget.visibleRegion().boundingRect() == widget.rect())
        for widget in (face.preview.summary, face.preview.toggle, face.send)
    ]
    face.preview.toggle.click()
    await pictures.settle()
    listed = face.preview.view.visibleRegion().boundingRect().height()
    await window.stop()
    assert all(whole for _, whole in seen), seen
    assert listed > 60, "the list that was asked for is scrolled to"
