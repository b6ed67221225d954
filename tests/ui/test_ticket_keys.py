"""While an order is sent the keys stay where the trader has them, and act on nothing else."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.order import OrderType, Product, Validity
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.panels import PANELS
from copytrade_gui.ui.ticket_words import Phase
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_stops_followed import filled

pytestmark = pytest.mark.window_loop


async def sending(window: MainWindow, world: World) -> asyncio.Event:
    """An order is on its way, pressed by keys; its answer comes when this is set."""
    world.everyone_ready()
    await filled(window)
    window.activateWindow()
    answer = world.hold = asyncio.Event()
    window.ticket.face.send.setFocus()
    press(window, Qt.Key.Key_Return)
    press(window, Qt.Key.Key_Return)
    assert window.ticket.phase is Phase.SENDING
    return answer


def keys_of(window: MainWindow) -> QWidget:
    focused: QWidget | None = window.focusWidget()
    return window if focused is None else focused


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(keys_of(window), key)


def open_dialogs(window: MainWindow) -> list[str]:
    return [one.objectName() for one in window.findChildren(ConsoleDialog) if one.isVisible()]


@pytest.mark.parametrize("refused", [False, True])
async def test_keys_pressed_while_it_is_sent_do_nothing_and_typing_goes_on_after_it(
    window: MainWindow, world: World, *, refused: bool
) -> None:
    window.followers.table.view.selectAll()
    world.refuse = RefusedError("Trading is halted.", code="stopped") if refused else None
    answer = await sending(window, world)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Return):
        press(window, key)
        assert window.ticket.has_keys
    assert open_dialogs(window) == []
    answer.set()
    await until(lambda: window.ticket.phase is Phase.EDITING)
    assert window.focusWidget() is window.ticket.form.quantity.line
    assert [name for name, _ in world.calls].count("submit") == 1


async def test_who_goes_elsewhere_while_it_is_sent_stays_there(
    window: MainWindow, world: World
) -> None:
    """A panel without rows takes the keys as well: the next letter is no quantity."""
    for row in PANELS:
        if row.name == "order_entry":
            continue
        answer = await sending(window, world)
        window.desk.actions[row.act].trigger()
        there = keys_of(window)
        assert not window.ticket.has_keys, row.name
        answer.set()
        await until(lambda: window.ticket.phase is Phase.EDITING)
        # A panel that gets its first row meanwhile hands them to its table.
        now = window.focusWidget()
        assert now is there or there.isAncestorOf(now), row.name


async def test_a_stop_under_the_send_button_gives_its_keys_to_no_other_panel(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await filled(window)
    window.activateWindow()
    window.ticket.face.send.setFocus()
    world.set_state(TradingState.HALT, "drill")
    await until(lambda: not window.ticket.face.send.isEnabled())
    press(window, Qt.Key.Key_Return)
    assert window.ticket.has_keys
    assert open_dialogs(window) == []


async def test_a_row_that_goes_leaves_the_keys_in_its_panel(window: MainWindow) -> None:
    window.resize(1920, 1080)  # so that no button of the strip is put away
    panel = window.followers
    view = panel.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    window.activateWindow()
    button = panel.findChild(QWidget, f"bulk_{Act.FOLLOWER_ON}")
    assert isinstance(button, QWidget)
    button.setFocus()
    view.clearSelection()
    assert not button.isEnabled()
    assert window.focusWidget() is panel


async def test_the_letter_of_every_field_leads_there_and_stands_on_what_is_chosen(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await filled(window)
    window.activateWindow()
    form = window.ticket.form
    form.order_type.button(OrderType.SL).click()
    form.product.button(Product.DELIVERY).click()
    there: dict[str, QWidget] = {
        "I": form.search, "Q": form.quantity.line, "Y": form.order_type.button(OrderType.SL),
        "P": form.price.line, "G": form.trigger.line,
        "R": form.product.button(Product.DELIVERY), "L": form.validity.button(Validity.DAY),
    }  # fmt: skip
    for letter, field in there.items():
        window.setFocus()
        QTest.keyClick(window, Qt.Key[f"Key_{letter}"], Qt.KeyboardModifier.AltModifier)
        assert window.focusWidget() is field, letter
    assert form.order_type.value is OrderType.SL, "going there changes nothing"


async def test_enter_on_a_choice_goes_on_to_what_is_asked_next(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    await filled(window)
    window.activateWindow()
    form, send = window.ticket.form, window.ticket.face.send
    market = form.order_type.button(OrderType.MARKET)
    QTest.mouseClick(market, Qt.MouseButton.LeftButton)
    market.setFocus()
    press(window, Qt.Key.Key_Return)
    await until(send.hasFocus)
    for kind, field in ((OrderType.LIMIT, form.price), (OrderType.SLM, form.trigger)):
        form.order_type.button(kind).click()
        form.order_type.setFocus()
        press(window, Qt.Key.Key_Return)
        assert field.line.hasFocus()
    assert [name for name, _ in world.calls].count("submit") == 0
