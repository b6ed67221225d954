"""The window as a trader meets it: what it says, what it sends, what it remembers, what is cut."""

import inspect
import itertools
import logging
from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget

from copytrade_gui.domain.events import AccountChanged
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.action_table import SPECS
from copytrade_gui.ui.actions import Act, Where
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.feed.live_feed import CAP
from copytrade_gui.ui.followers.follower_rows import COLUMNS
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.panels import GO_TO
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tasks import Tasks
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people, pictures
from tests.ui.conftest import until
from tests.ui.fake_market import FakeMarket
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def fill(window: MainWindow, *, quantity: str = "2", price: str = "101.05") -> None:
    ticket = window.ticket
    ticket.form.search.pick(people.NIFTY_CE)
    ticket.form.set_quantity(quantity, in_lots=True)
    await until(lambda: ticket.face.send.isEnabled() or not ticket.form.price.text())
    ticket.form.price.set_text(price)
    ticket.refresh()


def label(window: QWidget, name: str) -> PlainLabel:
    found = window.findChild(PlainLabel, name)
    assert isinstance(found, PlainLabel), name
    return found


async def test_a_ticket_asks_then_sends_to_everybody(window: MainWindow, world: World) -> None:
    world.everyone_ready()
    await window._load()
    await fill(window)
    await until(window.ticket.face.send.isEnabled)
    window.ticket.face.send.click()
    words = label(window, "ticket_sentence").text()
    assert words.startswith("PAPER: Buy 150 NIFTY 26NOV 26500 CE at 101.05 for you and ")
    assert not world.calls
    window.ticket.face.confirm.click()
    await until(lambda: window.feed.model.rowCount() > 0)
    assert [verb for verb, _ in world.calls] == ["submit"]
    await until(lambda: "acknowledged" in window.ticket.face.result.text())


@pytest.mark.parametrize(
    ("quantity", "price", "field", "sentence"),
    [
        ("0", "101.05", "quantity", "Quantity must be above 0. Type at least 1."),
        ("2", "101.03", "price", "Price 101.03 is not a multiple of 0.05. Use 101.05?"),
    ],
)
async def test_an_impossible_order_is_told_beside_its_field(
    window: MainWindow, world: World, quantity: str, price: str, field: str, sentence: str
) -> None:
    await fill(window, quantity=quantity, price=price)
    await until(lambda: label(window, f"problem_{field}").isVisible())
    assert label(window, f"problem_{field}").text() == sentence
    assert not window.ticket.face.send.isEnabled()
    window.ticket.ask_or_send()
    assert not world.calls


async def test_offline_accounts_are_counted_and_said_why(window: MainWindow, world: World) -> None:
    world.everyone_ready()
    await window._load()
    count = label(window, "offline_count")
    assert not count.isVisible()
    out = [one for one in world.accounts.values() if one.active][1:4]
    for account in out:
        status = people.offline(world.statuses[account.account_id])
        world.statuses[account.account_id] = status
        world.events.send(AccountChanged(status))
    await until(count.isVisible)
    assert count.text() == "3 offline"
    tip = window.strip.offline_block.toolTip()
    assert tip.startswith(f"{out[0].name}: The broker does not answer. Check this machine's ")
    assert not window.desk.roster.without_session(), "nobody has to log in for this"
    assert window.status.sessions.text().endswith(", 3 offline")


async def test_an_unknown_instrument_is_told_in_words(
    window: MainWindow, caplog: pytest.LogCaptureFixture
) -> None:
    told = label(window, "problem_instrument")
    with caplog.at_level(logging.INFO, "copytrade_gui.ui"):
        await window.ticket.form.search.search("no such thing")
    assert told.isVisible()
    assert told.text().startswith("Instrument 'no such thing' is in none of today's contract")
    assert [r.getMessage() for r in caplog.records if "refused" in r.getMessage()] == [
        "instrument refused: nothing in the contract files matches 'no such thing'"
    ]
    window.ticket.form.search.pick(people.RELIANCE)
    assert not told.isVisible()


async def test_an_instrument_whose_contract_file_still_comes_in_is_not_called_unknown(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = "Contract files are still being read: NSEFO."
    monkeypatch.setattr(FakeMarket, "lacking", still)
    await window.ticket.form.search.search("no such thing")
    said = label(window, "problem_instrument").text()
    assert said.endswith(f"is in none of the contract files that were read. {still}")


@pytest.mark.parametrize("paper", [True, False])
async def test_paper_and_live_cannot_be_confused(app: QApplication, paper: bool) -> None:
    world = World(followers=3, paper=paper)
    window = await pictures.open_window(world, Scheme.DARK, (1280, 720))
    words = "PAPER TRADING" if paper else "LIVE"
    assert window.strip.mode.text() == words
    assert window.strip.mode.isVisible()
    assert window.windowTitle().startswith(words)
    await window.stop()


async def test_a_stop_is_one_click_and_says_so(window: MainWindow, world: World) -> None:
    window.strip.stops[Act.HALT].click()
    await until(lambda: world.change.state is TradingState.HALT)
    await until(lambda: "HALTED" in {one.text() for one in window.strip.findChildren(PlainLabel)})
    assert [verb for verb, _ in world.calls] == ["halt"]


async def test_docks_come_back_where_they_were(app: QApplication, memory: ForgetfulMemory) -> None:
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    first = MainWindow(World(followers=3).console(), settings=memory)
    first.show()
    await first.start()
    first.addDockWidget(left, first.panels.docks["latency"])
    first.panels.docks["notices"].close()
    await first.stop()
    second = MainWindow(World(followers=3).console(), settings=memory)
    second.show()
    await second.start()
    assert second.dockWidgetArea(second.panels.docks["latency"]) is left
    assert second.panels.docks["notices"].isHidden()
    second.panels.arrange()
    right = Qt.DockWidgetArea.RightDockWidgetArea
    assert second.dockWidgetArea(second.panels.docks["latency"]) is right
    assert not second.panels.docks["notices"].isHidden()
    await second.stop()


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000), (1920, 1080)])
async def test_the_feed_and_the_ticket_fit_without_scrolling(
    app: QApplication, size: tuple[int, int]
) -> None:
    world = World(followers=24)
    world.trade()
    window = await pictures.open_window(world, Scheme.DARK, size)
    view = window.feed.table.view
    assert view.header().length() <= view.viewport().width()
    assert [menu for menu in window.findChildren(QMenu) if menu.isVisible()] == []
    if size[0] == 1920:
        followers = window.followers.table.view
        assert followers.header().length() <= followers.viewport().width()
    client = next(one for one in COLUMNS if one.key == "client")
    metrics = window.followers.table.view.fontMetrics()
    for client_id in ("30000002", "KX10006", "WX100006"):  # whole, or none can be told apart
        digits = client.chars * metrics.horizontalAdvance("0")
        assert metrics.horizontalAdvance(client_tail(client_id)) <= digits
    await window.stop()


async def test_a_feed_is_bounded_and_newest_first(window: MainWindow) -> None:
    everyone = people.accounts(500)
    orders = [
        one for n in range(11) for one in people.plan_orders(f"B{n}", everyone, people.NOW_NS + n)
    ]
    await window.feed.load(tuple(reversed(orders)))
    assert window.feed.model.rowCount() == CAP
    times = [row.at_ns for row in window.feed.model.rows()]
    assert times[0] == max(times)


async def test_an_export_has_the_hidden_columns_too(window: MainWindow, world: World) -> None:
    world.trade()
    await window._load()
    view = window.feed.table.view
    hidden = {"Side", "Qty", "Price", "Instrument"}
    assert hidden <= set(view.sheet(only_selected=False).headers)
    view.selectAll()
    assert not hidden & set(view.sheet(only_selected=True).headers)


async def test_the_bar_puts_away_what_finds_no_room(app: QApplication) -> None:
    window = await pictures.open_window(World(followers=3), Scheme.DARK, (1280, 720))
    more = window.followers.table.bar.findChild(QWidget, "qt_toolbar_ext_button")
    assert isinstance(more, QWidget)
    assert more.isVisible()
    assert more.accessibleName() == "Followers: more actions"
    await window.stop()


async def test_the_clock_is_never_cut(app: QApplication) -> None:
    window = await pictures.open_window(World(followers=24), Scheme.DARK, (1280, 720))
    for percent in (100, 150):
        window.desk.theme.apply(text_percent=percent)
        await pictures.settle()
        clock = window.status.clock
        assert clock.geometry().right() <= window.status.width()
        assert clock.width() >= clock.sizeHint().width()
    window.desk.theme.apply(text_percent=100)
    await window.stop()


ALL = (*SPECS.values(), *GO_TO.values())


def test_no_two_actions_claim_a_key() -> None:
    window = Counter(key for spec in ALL if spec.where is not Where.TABLE for key in spec.keys)
    table = Counter(key for spec in ALL if spec.where is Where.TABLE for key in spec.keys)
    assert [key for key, times in window.items() if times > 1] == []
    assert [key for key, times in table.items() if times > 1] == []
    assert window.keys() & table.keys() == set()


def test_no_work_starts_while_the_loop_stands() -> None:
    async def work() -> None:
        raise AssertionError("nobody runs this")

    reports: list[str] = []
    waiting = work()
    assert Tasks(reports.append).start(waiting, name="preview") is None
    assert inspect.getcoroutinestate(waiting) == inspect.CORO_CLOSED
    assert reports == []


def test_every_action_is_explained() -> None:
    assert all(spec.text and spec.tip and spec.menu for spec in ALL)


def cut(dialog: QWidget) -> list[str]:
    """Wrapped texts with less height than they need, and buttons that lie over something."""
    found = [
        text.text()
        for text in dialog.findChildren(PlainLabel)
        if text.isVisible()
        and text.wordWrap()
        and text.height() < text.heightForWidth(text.width())
    ]
    buttons = [b for b in dialog.findChildren(QPushButton) if b.isVisible()]
    for one, other in itertools.combinations(buttons, 2):
        if one.parent() is other.parent() and one.geometry().intersects(other.geometry()):
            found.append(f"{one.text()} over {other.text()}")
    return found


@pytest.mark.parametrize("percent", [100, 150])
async def test_no_dialog_cuts_a_text(app: QApplication, percent: int) -> None:
    world = pictures.world(12)
    window = await pictures.open_window(world, Scheme.DARK, (1280, 720))
    window.desk.theme.apply(text_percent=percent)
    made: list[ConsoleDialog] = []
    for build in pictures.dialogs(window, world).values():
        dialog = build()
        dialog.present()
        made.append(dialog)
    guard = KillGuard(window, window.desk, world.console().trading)
    guard.present()
    guard.start()
    made.append(guard)
    await until(lambda: "RESUME" in guard.sentence.text())
    await pictures.settle()
    complaints = {dialog.objectName(): cut(dialog) for dialog in made}
    for dialog in made:
        dialog.close()
    window.desk.theme.apply(text_percent=100)
    await window.stop()
    assert {name: what for name, what in complaints.items() if what} == {}


async def test_an_empty_console_says_how_to_begin(app: QApplication) -> None:
    window = await pictures.open_window(World(followers=0), Scheme.DARK, (1280, 720))
    table: DataTable[object] = window.followers.table  # type: ignore[assignment]  # any rows do
    assert table.empty_text.isVisible()
    assert [table.empty_button.text(), table.empty_other.text()] == ["Import CSV", "Add follower"]
    assert window.ticket.side is Side.BUY
    await window.stop()


async def test_a_filter_that_leaves_nothing_hides_the_rows_only_afterwards(
    window: MainWindow, world: World
) -> None:
    table = window.followers.table
    seen: list[bool] = []
    table.view.proxy.rowsRemoved.connect(lambda *_: seen.append(table.view.isVisible()))
    table.filter.setText("no such follower")
    assert seen == [True]
    await until(table.empty_text.isVisible)
    assert table.empty_text.text() == "0 of 12 match 'no such follower'."
    table.filter.clear()
    await until(table.view.isVisible)
