"""Changing a working order from the order book, as a trader does it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from copytrade_gui.domain.divergence import Change
from copytrade_gui.domain.events import OrderChanged, Severity
from copytrade_gui.domain.order import OrderType, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import Seen
from copytrade_gui.services.master_verbs import ChangeDraft
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.change import ChangeDialog
from copytrade_gui.ui.orders.order_details import OrderDetails
from copytrade_gui.ui.ticket.hold import HoldDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_masters import seen as a_seen_order

pytestmark = pytest.mark.window_loop

HALVED = Change("quantity", "150", "75")


async def show(window: MainWindow, world: World, *orders: OrderView) -> None:
    """One plan in the book, its first row under the cursor and all its copies in sight."""
    for order in orders:
        world.orders[order.intent_id] = order
        world.events.send(OrderChanged(order, "ACKED"))
    await until(lambda: len(window.orders.model.all_orders()) == len(orders))
    window.panels.go(window.orders)
    view = window.orders.table.view
    view.expandAll()
    view.setCurrentIndex(view.proxy.index(0, 0))


def plan(
    world: World, state: State = State.WORKING, kind: OrderType = OrderType.LIMIT
) -> list[OrderView]:
    """A master's order with two working copies and one that filled."""
    master, _, *followers = world.accounts.values()
    states = (state, State.WORKING, State.PARTIAL, State.FILLED)
    orders = [
        people.order("P1", account, one, quantity=150, filled=75 if one is State.PARTIAL else None)
        for account, one in zip((master, *followers[:3]), states, strict=True)
    ]
    trigger = people.LAST_PRICE[people.NIFTY_CE.key] if kind.has_trigger else None
    return [
        structs.replace(one, terms=replace(one.terms, order_type=kind, trigger=trigger))
        for one in orders
    ]


def words(dialog: ChangeDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(PlainLabel))


async def dialog_of(window: MainWindow) -> ChangeDialog:
    await until(lambda: [one for one in window.findChildren(ChangeDialog) if one.isVisible()])
    return next(one for one in window.findChildren(ChangeDialog) if one.isVisible())


def double_click(window: MainWindow, place: QPoint) -> None:
    viewport = window.orders.table.view.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)


async def test_a_double_click_changes_the_master_with_his_working_copies(
    window: MainWindow, world: World
) -> None:
    orders = plan(world)
    await show(window, world, *orders)
    view = window.orders.table.view
    double_click(window, view.visualRect(view.proxy.index(0, 0)).center())
    dialog = await dialog_of(window)
    assert "BUY 150 NIFTY 26NOV 26500 CE at 101.05 of Raghav Menon" in words(dialog)
    assert "the master's order and its 2 working copies" in words(dialog)
    shown = {name: field.text() for name, field in dialog.fields.items()}
    assert shown == {"price": "101.05", "quantity": "150"}  # a LIMIT order has no trigger
    dialog.fields["price"].setText("102.00")
    dialog.submit()
    await until(lambda: world.changes.asked)
    assert world.changes.asked == [(orders[0].intent_id, ChangeDraft("102.00", "", "150"), "")]
    await until(lambda: window.desk.notices.all)
    assert window.desk.notices.all[-1].sentence == "Change asked for 1 order."


async def test_enter_still_shows_the_details(window: MainWindow, world: World) -> None:
    await show(window, world, *plan(world))
    QTest.keyClick(window.orders.table.view, Qt.Key.Key_Return)
    await until(lambda: window.findChildren(OrderDetails))
    assert not window.findChildren(ChangeDialog)


async def test_a_double_click_on_what_has_ended_shows_its_details(
    window: MainWindow, world: World
) -> None:
    await show(window, world, *plan(world, State.FILLED))
    view = window.orders.table.view
    double_click(window, view.visualRect(view.proxy.index(0, 0)).center())
    await until(lambda: window.findChildren(OrderDetails))
    assert not window.findChildren(ChangeDialog)


@pytest.mark.parametrize("key", [Qt.Key.Key_F1, Qt.Key.Key_F2])
async def test_keys_change_one_copy_alone(window: MainWindow, world: World, key: Qt.Key) -> None:
    orders = plan(world, kind=OrderType.SL)
    await show(window, world, *orders)
    view = window.orders.table.view
    head = view.proxy.index(0, 0)
    partial = next(
        index
        for index in (view.proxy.index(n, 0, head) for n in range(view.proxy.rowCount(head)))
        if window.orders.model.row_at(view.proxy.mapToSource(index)).order.state is State.PARTIAL
    )
    view.setCurrentIndex(partial)
    window.activateWindow()
    await until(view.hasFocus)
    QTest.keyClick(view, key, Qt.KeyboardModifier.ShiftModifier)
    dialog = await dialog_of(window)
    assert "this copy alone" in words(dialog)
    assert "75 are filled already" in words(dialog)
    assert dialog.fields["trigger"].text() == "101.05"
    dialog.fields["quantity"].setText("225")
    dialog.submit()
    await until(lambda: world.changes.asked)
    assert world.changes.asked[0][:2] == (
        orders[2].intent_id, ChangeDraft("101.05", "101.05", "225"),
    )  # fmt: skip


async def test_what_is_wrong_stands_beside_its_field(window: MainWindow, world: World) -> None:
    world.changes.refuse = RefusedError("Price is no multiple of 0.05.", field="price")
    await show(window, world, *plan(world))
    window.desk.actions[Act.CHANGE].trigger()
    dialog = await dialog_of(window)
    dialog.fields["price"].setText("101.03")
    dialog.submit()
    problem = dialog.findChild(PlainLabel, "problem_price")
    assert isinstance(problem, PlainLabel)
    await until(problem.text)
    assert problem.text() == "Price is no multiple of 0.05."
    assert dialog.fields["price"].text() == "101.03"
    assert not dialog.over


async def test_what_a_check_holds_is_changed_once_its_quantity_is_typed(
    window: MainWindow, world: World
) -> None:
    world.changes.refuse = RefusedError("Far from the market.", code="hold")
    await show(window, world, *plan(world))
    window.desk.actions[Act.CHANGE].trigger()
    (await dialog_of(window)).submit()
    await until(lambda: window.findChildren(HoldDialog))
    (hold,) = window.findChildren(HoldDialog)
    assert "Type 150" in " ".join(label.text() for label in hold.findChildren(PlainLabel))
    world.changes.refuse = None
    hold.quantity.setText("150")
    hold.submit()
    await until(lambda: len(world.changes.asked) == 2)
    assert world.changes.asked[1][2] == "150"


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ({"state": State.CANCELLED}, "This order is cancelled"),
        ({"state": State.CANCEL_PENDING, "cancel_requested": True}, "Its cancel is on the way"),
        (
            {"diverged": people.changed_at_broker(HALVED, quantity=75)},
            "Change it there and its copies follow",
        ),
    ],
)
async def test_an_order_that_cannot_be_changed_says_why(
    window: MainWindow, world: World, spoiled: dict[str, object], words: str
) -> None:
    master, *copies = plan(world)
    await show(window, world, structs.replace(master, **spoiled), *copies)
    window.desk.actions[Act.CHANGE].trigger()
    assert words in window.desk.notices.all[-1].sentence
    assert not window.findChildren(ChangeDialog)


async def test_a_plan_without_a_master_order_here_is_not_changed_whole(
    window: MainWindow, world: World
) -> None:
    copies = plan(world)[1:]
    await show(window, world, *copies)
    window.desk.actions[Act.CHANGE].trigger()
    notice = window.desk.notices.all[-1]
    assert "no order of the master" in notice.sentence
    assert notice.severity is Severity.WARNING
    elsewhere = structs.replace(a_seen_order(1, Seen.COPIED), plan_id=copies[0].plan_id)
    window.orders.take_seen([elsewhere])
    window.desk.actions[Act.CHANGE].trigger()
    assert "open the plan and change one copy" in window.desk.notices.all[-1].sentence
    assert not window.findChildren(ChangeDialog)


async def test_open_details_go_with_the_order(window: MainWindow, world: World) -> None:
    master, *copies = plan(world)
    await show(window, world, master, *copies)
    window.orders.show_details()
    (dialog,) = window.findChildren(OrderDetails)

    def texts() -> set[str]:
        return {label.text() for label in dialog.findChildren(PlainLabel)}

    assert {"Working", "0 of 150"} <= texts()
    filled = structs.replace(
        master, state=State.FILLED, filled_quantity=150, changed_ns=master.changed_ns + 1
    )
    world.events.send(OrderChanged(filled, "FILLED"))
    await until(lambda: {"Filled", "150 of 150"} <= texts())
    assert "Working" not in texts()
    dialog.accept()
    world.events.send(OrderChanged(structs.replace(filled, reason="Late."), "FILLED"))
    await until(lambda: "Late." in window.orders.model.row_at(window.orders.model.index(0, 0)).note)
