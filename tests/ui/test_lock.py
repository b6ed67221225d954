"""A locked window: covered, deaf but for the passphrase and the stops, and copying goes on."""

import asyncio
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.pages import KeysDialog
from copytrade_gui.ui.lock.lock_work import IDLE_S
from copytrade_gui.ui.lock.set_passphrase import SetPassphraseDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.stops.kill_guard import KillGuard
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown, told

pytestmark = pytest.mark.window_loop

RIGHT = "correct horse battery"
CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def locked(window: MainWindow, world: World) -> None:
    world.lock.passphrase = RIGHT
    await window.lock_work.load()
    window.desk.actions[Act.LOCK].trigger()
    assert window.lock_work.screen.isVisible()


async def unlock(window: MainWindow) -> None:
    QTest.keyClicks(window.lock_work.screen.field, RIGHT)
    QTest.keyClick(window.lock_work.screen.field, Qt.Key.Key_Return)
    await until(lambda: not window.lock_work.locked)


def child(parent: QWidget, name: str) -> QPushButton:
    found = parent.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def press(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def test_without_a_passphrase_nothing_is_locked_and_the_way_to_one_is_told(
    window: MainWindow, world: World
) -> None:
    window.desk.actions[Act.LOCK].trigger()
    assert told(window, "Set one: menu Console, Set passphrase.")
    assert not window.lock_work.locked
    window.desk.actions[Act.SET_UNLOCKING].trigger()
    dialog = await shown(window, SetPassphraseDialog)
    for first, second, words in (
        (RIGHT, "another", "The two differ."),
        ("short", "short", "use at least 12"),
    ):
        dialog.first.setText(first)
        dialog.second.setText(second)
        dialog.verb.click()
        await until(partial(said, dialog, words))
    dialog.first.setText(RIGHT)
    dialog.second.setText(RIGHT)
    dialog.verb.click()
    await until(lambda: dialog.over)
    assert world.lock.passphrase == RIGHT
    window.desk.actions[Act.LOCK].trigger()
    assert window.lock_work.screen.geometry().width() > window.width() - 10
    await unlock(window)


def said(dialog: SetPassphraseDialog, words: str) -> bool:
    return any(words in one.text() for one in dialog._problems.values() if one.isVisible())


async def test_nothing_gets_in_but_the_passphrase(window: MainWindow, world: World) -> None:
    window.desk.actions[Act.KEYS].trigger()
    page = await shown(window, KeysDialog)
    quantity = window.ticket.form.quantity.line
    before = quantity.text()
    await locked(window, world)
    assert not page.isVisible()
    QTest.keyClicks(quantity, "77")
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    press(window.ticket.face.sides)
    press(child(window.strip, "stop_halt"))
    assert quantity.text() == before
    assert not [call for call in world.calls if call[0] != "preview"]
    dialogs = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
    assert dialogs == [window]
    screen = window.lock_work.screen
    field = screen.field
    window.ticket.take_focus()  # as after an order that was sent when the window was locked
    await until(lambda: window.focusWidget() is field)
    visited = []
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        for _ in range(5):
            focused = window.focusWidget()
            assert focused is not None
            assert screen.isAncestorOf(focused), "no key goes to what is covered"
            visited.append(focused.objectName())
            QTest.keyClick(focused, key)
    assert set(visited) == {
        "lock_passphrase",
        "lock_unlock",
        "lock_pause",
        "lock_halt",
        "lock_kill",
    }
    assert window.focusWidget() is field
    assert field.echoMode() is QLineEdit.EchoMode.Password
    QTest.keyClicks(field, "wrong")
    QTest.keyClick(field, Qt.Key.Key_Return)
    await until(lambda: "not the passphrase" in window.lock_work.screen.problem.text())
    assert window.lock_work.locked
    assert field.text() == ""
    await unlock(window)
    assert page.isVisible()
    assert not window.lock_work.screen.isVisible()
    QTest.keyClicks(quantity, "7")
    assert quantity.text() != before
    page.close()


async def test_the_key_locks_from_a_dialog_too_and_who_typed_types_on(
    window: MainWindow, world: World
) -> None:
    world.lock.passphrase = RIGHT
    await window.lock_work.load()
    window.activateWindow()
    quantity = window.ticket.form.quantity.line
    quantity.setFocus()
    QTest.keyClick(quantity, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.lock_work.locked
    await unlock(window)
    assert window.focusWidget() is quantity
    window.desk.actions[Act.KEYS].trigger()
    page = await shown(window, KeysDialog)
    QTest.keyClick(page, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.lock_work.locked
    assert not page.isVisible()
    await unlock(window)
    assert page.isVisible()
    page.close()


async def test_a_window_that_opens_by_itself_stays_hidden_until_it_is_unlocked(
    window: MainWindow, world: World
) -> None:
    await locked(window, world)
    page = KeysDialog(window, window.desk)
    page.present()
    await until(lambda: not page.isVisible())
    await unlock(window)
    assert page.isVisible()
    page.close()


async def test_copying_goes_on_and_the_three_stops_work(window: MainWindow, world: World) -> None:
    await locked(window, world)
    assert not window.orders.open_orders()
    world.trade()
    world.events.send(*[OrderChanged(one, State.PLANNED) for one in world.orders.values()])
    await until(window.orders.open_orders)
    screen = window.lock_work.screen
    press(child(screen, "lock_pause"))
    await until(lambda: world.change.state is TradingState.PAUSE)
    press(child(screen, "lock_pause"))  # once more would resume, which a locked window does not
    press(child(screen, "lock_halt"))
    await until(lambda: world.change.state is TradingState.HALT)
    press(child(screen, "lock_kill"))
    guard = await shown(window, KillGuard)
    assert guard.isVisible()
    press(child(guard, "kill_square_off"))
    assert not guard.over
    press(child(guard, "kill_close"))
    await until(lambda: guard.over)
    assert window.lock_work.locked
    await unlock(window)


async def test_a_paused_console_is_not_resumed_from_a_locked_window(
    window: MainWindow, world: World
) -> None:
    window.desk.actions[Act.PAUSE].trigger()
    await until(lambda: window.strip.state.text() == "PAUSED")
    await locked(window, world)
    press(child(window.lock_work.screen, "lock_pause"))
    window.desk.actions[Act.PAUSE].trigger()
    assert not window.desk.tasks.names or "resume" not in " ".join(window.desk.tasks.names)
    assert world.change.state is TradingState.PAUSE
    await unlock(window)
    window.desk.actions[Act.PAUSE].trigger()
    await until(lambda: world.change.state is TradingState.ACTIVE)


async def test_a_locked_window_is_not_closed(window: MainWindow, world: World) -> None:
    await locked(window, world)
    window.closeEvent(QCloseEvent())
    assert not window.closing.is_set()
    assert "Unlock the window" in window.lock_work.screen.problem.text()
    await unlock(window)


@pytest.mark.parametrize("sign", [None, "key"])
async def test_a_window_that_nobody_touches_locks_itself(
    window: MainWindow, world: World, monkeypatch: pytest.MonkeyPatch, sign: str | None
) -> None:
    world.lock.passphrase = RIGHT
    await window.lock_work.load()
    now_ns = window.desk.wall_ns()
    window.lock_work.seen(now_ns - IDLE_S * 10**9 + 1)
    window.lock_work.on_second()
    assert not window.lock_work.locked
    window.lock_work.seen(now_ns - IDLE_S * 10**9)
    if sign is not None:
        handle = window.windowHandle()
        assert handle is not None
        window.lock_work._on_focus(handle)
        QTest.keyClick(handle, Qt.Key.Key_Shift)
    window.lock_work.on_second()
    assert window.lock_work.locked is (sign is None)
    if sign is None:
        await unlock(window)


async def test_while_a_passphrase_is_tried_no_stop_gets_the_keys(
    window: MainWindow, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await locked(window, world)
    screen, tried, go_on = window.lock_work.screen, [], asyncio.Event()

    async def slow(passphrase: str) -> None:
        tried.append(passphrase)
        await go_on.wait()

    monkeypatch.setattr(world.lock, "unlock", slow)
    QTest.keyClicks(screen.field, RIGHT)
    for press_on in (screen.field, screen.button):
        press_on.setFocus()
        for _ in range(2):
            focused = window.focusWidget()
            assert focused is press_on
            QTest.keyClick(focused, Qt.Key.Key_Return)
            QTest.keyClick(focused, Qt.Key.Key_Space)
            await until(lambda: tried)
    assert tried == [RIGHT]
    assert screen.field.text() == RIGHT
    assert "still being tried" in screen.problem.text()
    assert [name for name, _ in world.calls if name in ("pause", "halt", "kill")] == []
    go_on.set()
    await until(lambda: not window.lock_work.locked)


@pytest.mark.parametrize("before", [False, True])
async def test_lock_and_stop_halts_covers_and_forgets_the_key_also_in_a_locked_window(
    window: MainWindow, world: World, before: bool
) -> None:
    world.lock.passphrase = RIGHT
    await window.lock_work.load()
    if before:
        window.desk.actions[Act.LOCK].trigger()
    window.activateWindow()
    screen = window.lock_work.screen
    target = screen.field if before else window
    QTest.keyClick(target, Qt.Key.Key_S, CONTROL_SHIFT)
    await until(lambda: window.strip.change and window.strip.change.state is TradingState.HALT)
    await until(lambda: world.lock.forgot)
    assert screen.isVisible()
    assert "nothing leaves but cancels" in screen.words.text()
    await unlock(window)
    assert not world.lock.forgot
    assert world.change.state is TradingState.HALT
    window.desk.actions[Act.LOCK].trigger()
    assert "Copying is as it was" in screen.words.text()
    await unlock(window)


async def test_lock_and_stop_stops_also_where_nothing_could_unlock_the_window(
    window: MainWindow, world: World
) -> None:
    window.desk.actions[Act.LOCK_STOP].trigger()
    await until(lambda: window.strip.change and window.strip.change.state is TradingState.HALT)
    assert told(window, "Set one: menu Console, Set passphrase.")
    assert not window.lock_work.locked
    assert not world.lock.forgot
