"""F5, a restart, and the order of rows: nothing that is shown changes unless something happened."""

import random
from dataclasses import replace

import pytest
from msgspec import structs
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import AccountChanged, OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.latency.latency_samples import LatencySamples
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.orders_model import PLANS_KEPT, OrdersModel
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


def figures_of(window: MainWindow) -> dict[str, object]:
    """Everything that counts or measures, as it is read on the screen."""
    book = window.orders.table.view
    return {
        "feed": [(row.number, row.who, row.word) for row in window.feed.model.rows()],
        "followers": [
            [
                row.data()
                for row in (window.followers.table.view.proxy.index(n, c) for c in range(9))
            ]
            for n in range(window.followers.table.view.proxy.rowCount())
        ],
        "latency": {
            label.objectName(): label.text()
            for label in window.latency.findChildren(PlainLabel)
            if label.objectName().startswith("latency_")
        },
        "open rows": [
            book.isExpanded(book.proxy.index(n, 0)) for n in range(book.proxy.rowCount())
        ],
        "book": book.sheet(only_selected=False).rows,
        "status": window.status.last_order.text(),
    }


async def refreshed(window: MainWindow) -> None:
    reads: list[int] = []
    window.orders.counts_changed.connect(lambda: reads.append(1))
    window.desk.actions[Act.REFRESH].trigger()
    await until(lambda: reads)
    window.latency.draw()


async def test_f5_changes_no_figure(window: MainWindow, world: World) -> None:
    world.trade()
    await window._load()
    for order in people.plan_orders("P9", tuple(world.accounts.values()), people.NOW_NS + 10**9):
        world.orders[order.intent_id] = order
        world.events.send(OrderChanged(order, State.SENDING))
    await until(lambda: any(row.order and row.order.plan_id == "P9"
                            for row in window.feed.model.rows()))  # fmt: skip
    await until(lambda: window.news.idle)
    window.orders.table.view.expand(window.orders.table.view.proxy.index(1, 0))
    window.latency.draw()
    before = figures_of(window)
    for _ in range(3):
        await refreshed(window)
        assert figures_of(window) == before


async def test_f5_tells_what_the_window_has_missed(window: MainWindow, world: World) -> None:
    world.trade()
    await window._load()
    lines = window.feed.model.rowCount()
    missed = people.plan_orders("P9", tuple(world.accounts.values())[:5], people.NOW_NS + 10**9)
    world.orders = {order.intent_id: order for order in missed} | world.orders
    await refreshed(window)
    assert window.feed.model.rowCount() == lines + len(missed)
    assert window.orders.model.row_at(window.orders.model.index(0, 0)).plan_id == "P9"


async def test_an_older_answer_of_the_engine_takes_nothing_back(
    window: MainWindow, world: World
) -> None:
    """What was read before a fill may arrive after the news of it."""
    account = next(a for a in world.accounts.values() if not a.master)
    old = people.order("P1", account, State.WORKING, at_ns=people.NOW_NS)
    world.orders[old.intent_id] = old
    new = people.order("P1", account, State.FILLED, at_ns=people.NOW_NS + 1)
    world.events.send(OrderChanged(new, State.WORKING))
    await until(lambda: window.feed.model.rowCount() == 1 and window.news.idle)
    await refreshed(window)
    assert [row.word for row in window.feed.model.rows()] == ["Filled"]
    assert window.orders.open_orders() == []
    row = window.followers.model.get(account.account_id)
    assert row is not None
    assert row.last_state is State.FILLED


async def test_a_cancel_after_a_restart_is_no_second_acknowledgement(
    window: MainWindow, world: World
) -> None:
    people_of = tuple(world.accounts.values())
    resting = people.plan_orders("P1", people_of, people.NOW_NS, resting=True, troubles=False)
    world.orders = {order.intent_id: order for order in resting}
    await window._load()
    count = window.findChild(PlainLabel, "latency_all_count")
    assert isinstance(count, PlainLabel)
    acknowledged = count.text()
    for order in resting:
        gone = structs.replace(order, state=State.CANCELLED, changed_ns=order.changed_ns + 10**9)
        world.orders[order.intent_id] = gone
        world.events.send(OrderChanged(gone, order.state))
    await until(lambda: not window.orders.open_orders())
    await until(lambda: window.news.idle)
    window.latency.draw()
    assert count.text() == acknowledged
    await refreshed(window)
    assert count.text() == acknowledged


def test_a_cancel_of_an_order_of_this_morning_is_no_acknowledgement() -> None:
    """Also when more have been acknowledged since than are kept."""
    samples = LatencySamples()
    order = people.order("P1", people.follower(1), State.CANCELLED)
    assert not samples.take(order, State.WORKING)
    assert len(samples) == 0


def names(model: OrdersModel, place: int = 0) -> list[str]:
    head = model.index(place, 0)
    return [model.row_at(model.index(n, 0, head)).label for n in range(model.rowCount(head))]


def test_copies_stand_by_name_however_they_came(window: MainWindow, world: World) -> None:
    orders = people.plan_orders("P9", people.accounts(60), people.NOW_NS)
    roster = Roster()
    roster.set_accounts(people.accounts(60), people.links(60))
    model = OrdersModel(roster, window)
    random.Random(7).shuffle(orders)  # noqa: S311 - the same mess at every run
    for start in range(0, len(orders), 9):
        model.upsert(orders[start : start + 9])
    shown = names(model)
    assert len(shown) == 60
    assert shown == sorted(shown, key=str.casefold)
    late = structs.replace(orders[3], state=State.CANCELLED, changed_ns=orders[3].changed_ns + 1)
    model.upsert([late])
    head = model.index(0, 0)
    states = {
        model.row_at(model.index(n, 0, head)).order.intent_id:
        model.row_at(model.index(n, 0, head)).order.state for n in range(60)
    }  # fmt: skip
    assert states[late.intent_id] is State.CANCELLED
    assert {o.intent_id: o.state for o in orders if o.intent_id in states} | {
        late.intent_id: State.CANCELLED
    } == states


def test_plans_that_left_the_book_do_not_come_back_as_the_newest(window: MainWindow) -> None:
    account = people.follower(1)
    days = [people.order(f"P{n}", account, State.FILLED, at_ns=people.NOW_NS + n)
            for n in range(PLANS_KEPT + 50)]  # fmt: skip
    model = OrdersModel(Roster(), window)
    model.upsert(days)
    first = model.row_at(model.index(0, 0)).plan_id
    model.load(days[::-1])
    assert model.rowCount() == PLANS_KEPT
    assert model.row_at(model.index(0, 0)).plan_id == first == days[-1].plan_id


async def test_followers_are_in_order_after_everybody_logged_in(
    window: MainWindow, world: World
) -> None:
    """Trouble first, then by name, whichever of them changed last."""
    view = window.followers.table.view
    ids = [one.account.account_id for one in window.desk.roster.followers()]
    assert window.followers.table.view.proxy.dynamicSortFilter()
    for session in (SessionState.LOGGED_OUT, SessionState.READY):
        random.Random(3).shuffle(ids)  # noqa: S311 - the same mess at every run
        for start in range(0, len(ids), 5):
            for account_id in ids[start : start + 5]:
                status = replace(world.statuses[account_id], session=session, halted="")
                world.statuses[account_id] = status
                world.events.send(AccountChanged(status))
            await until(lambda: window.news.idle)
    await until(lambda: window.news.idle)
    on = [name for state, name in shown_states(view.proxy) if state == "On"]
    assert len(on) > 5
    assert on == sorted(on, key=str.casefold)


def shown_states(proxy: QAbstractItemModel) -> list[tuple[str, str]]:
    rows = range(proxy.rowCount(QModelIndex()))
    return [(str(proxy.index(n, 0).data()), str(proxy.index(n, 1).data())) for n in rows]


async def test_a_number_in_a_name_counts_as_a_number(window: MainWindow, world: World) -> None:
    some = [a for a in world.accounts.values() if not a.master][:12]
    for number, account in enumerate(some, start=1):
        world.accounts[account.account_id] = replace(account, name=f"Follower {number}")
    window.desk.roster.set_accounts(world.accounts.values(), world.links.values())
    view = window.followers.table.view
    view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [name for _, name in shown_states(view.proxy)] == [f"Follower {n}" for n in range(1, 13)]
