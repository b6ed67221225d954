"""Enter presses what has the focus, a press is taken once, and the first click does what it hits;
in every dialog.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QWidget

from copytrade_gui.domain.catch_up import CatchUp
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.dialogs.passphrase import PassphraseDialog
from copytrade_gui.ui.dialogs.refusal import Refusal
from copytrade_gui.ui.drift.catch_up import CatchUpDialog
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.group import GroupDialog, GroupField
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.review import ReviewDialog
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import pictures
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_square_off import lines

pytestmark = pytest.mark.window_loop

SAFE = {"Cancel", "Back", "Close", "Stay", "Stay halted", "Decide later", "Later", "Not now"}
FARTHEST = 80
"""Presses of Tab that bring the focus once round the largest form."""

Builds = dict[str, Callable[[], ConsoleDialog]]


@pytest.fixture
def world() -> World:
    return pictures.world(12)


@pytest.fixture
def builds(window: MainWindow, world: World) -> Builds:
    return pictures.dialogs(window, world)


def kinds(of: type[ConsoleDialog]) -> set[type[ConsoleDialog]]:
    """Every dialog there is, down to those that nothing is made from."""
    below = of.__subclasses__()
    return {one for kind in below for one in kinds(kind)} if below else {of}


def buttons(dialog: QWidget) -> list[QPushButton]:
    """Those that can be pressed, without those that only choose."""
    found = dialog.findChildren(QPushButton)
    return [one for one in found if one.isVisible() and one.isEnabled() and not one.isCheckable()]


def keys_of(dialog: QDialog) -> QWidget:
    """Where keys go."""
    focused: QWidget | None = dialog.focusWidget()
    return dialog if focused is None else focused


def tab_to(dialog: QDialog, wanted: Callable[[QWidget | None], bool]) -> QWidget | None:
    """Press Tab until that has the focus."""
    for _ in range(FARTHEST):
        focused = dialog.focusWidget()
        if wanted(focused):
            return focused
        QTest.keyClick(keys_of(dialog), Qt.Key.Key_Tab)
    return None


def leave(dialog: QDialog) -> None:
    """Close it, and have Qt forget it."""
    dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def is_safe(focused: QWidget | None) -> bool:
    return isinstance(focused, QPushButton) and focused.text() in SAFE


async def test_every_dialog_there_is_is_looked_at(builds: Builds) -> None:
    shown = {type(build()) for build in builds.values()}
    alone = {PassphraseDialog, Refusal}
    assert kinds(ConsoleDialog) - shown == alone, "those of a start without a window"


@pytest.mark.parametrize("kind", [PassphraseDialog, Refusal])
async def test_before_there_is_a_window_enter_presses_what_has_the_focus(
    app: QApplication, kind: type[ConsoleDialog]
) -> None:
    memory = ForgetfulMemory()
    typed = PassphraseDialog(memory, new=True, least=12)
    for field in typed.findChildren(QLineEdit):
        field.setText("correct horse battery")
    dialog = typed if kind is PassphraseDialog else Refusal(memory, "The data folder is in use.")
    dialog.present()
    safe = tab_to(dialog, is_safe)
    assert safe is not None
    QTest.keyClick(safe, Qt.Key.Key_Return)
    assert dialog.over
    assert bool(dialog.result()) is (kind is Refusal)


async def test_enter_presses_the_button_that_has_the_focus_and_no_other(builds: Builds) -> None:
    wrong = []
    for name, build in builds.items():
        dialog = build()
        dialog.present()
        dialog.setUpdatesEnabled(False)  # each press would paint all of it
        pressed: list[QPushButton] = []
        for button in dialog.findChildren(QPushButton):
            with contextlib.suppress(RuntimeError, SystemError):  # nothing hears the held one
                button.clicked.disconnect()
            button.clicked.connect(partial(pressed.append, button))
        for button in buttons(dialog):
            button.setFocus()
            QTest.keyClick(button, Qt.Key.Key_Return)
            held = QKeyEvent(
                QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "", True
            )
            QApplication.sendEvent(button, held)
            if [one.objectName() for one in pressed] != [button.objectName()]:
                wrong.append((name, button.text(), [one.text() for one in pressed]))
            pressed.clear()
        leave(dialog)
    assert wrong == []


async def test_tab_to_cancel_and_enter_cancels_and_nothing_is_saved(
    builds: Builds, world: World
) -> None:
    wrong, visited, saved = [], 0, []

    async def save() -> None:
        saved.append("saved")

    for name, build in builds.items():
        dialog = build()
        if isinstance(dialog, FormDialog):
            dialog._save = save
        dialog.present()
        safe = tab_to(dialog, is_safe)
        if safe is None:
            wrong.append((name, "no way there"))
        else:
            visited += 1
            QTest.keyClick(safe, Qt.Key.Key_Return)
            if not dialog.over or (isinstance(dialog, FormDialog) and dialog.result()):
                wrong.append((name, safe.objectName()))
        leave(dialog)
    await pictures.settle(2)
    assert wrong == [("palette", "no way there")], "it has no buttons"
    assert visited > 30
    assert saved == []
    assert world.calls == []


async def test_a_form_that_saves_keeps_the_focus_and_saves_once(builds: Builds) -> None:
    wrong = []
    for name, build in builds.items():
        form = build()
        if not isinstance(form, FormDialog):
            leave(form)
            continue
        go_on = asyncio.Event()
        saved: list[str] = []

        async def save(
            go_on: asyncio.Event = go_on, saved: list[str] = saved, name: str = name
        ) -> None:
            saved.append(name)
            await go_on.wait()

        form._save = save
        form.present()
        form.verb.setEnabled(True)
        form.verb.setFocus()
        for _ in range(2):
            QTest.keyClick(keys_of(form), Qt.Key.Key_Return)
            await until(saved.copy)
        if form.focusWidget() is not form.verb or not form.still_busy.text() or saved != [name]:
            wrong.append((name, form.focusWidget(), form.still_busy.text(), saved))
        go_on.set()
        await until(partial(getattr, form, "over"))
    assert wrong == []


async def test_whatever_works_on_a_press_keeps_the_focus_and_begins_nothing_twice(
    window: MainWindow, builds: Builds, world: World
) -> None:
    world.square_offs.lines = lines(world)
    square_off = builds["square-off"]()
    square_off.present()
    square_off.look()  # type: ignore[attr-defined]  # as it does once a second
    await until(lambda: named(square_off, "square_off_verb").isEnabled())
    review, kill, day_end = builds["review"](), builds["kill"](), builds["day-end"]()
    assert isinstance(review, ReviewDialog)
    assert isinstance(kill, KillGuard)
    review.reason.setText("Seen at the broker.")
    wrong: list[object] = []
    for dialog, name in (
        (builds["follower-edit"](), "test_route"), (builds["master-add"](), "test_route"),
        (square_off, "square_off_verb"), (review, "review_absent"), (day_end, "day_again"),
        (kill, "kill_hold"),
    ):  # fmt: skip
        dialog.present()
        button = named(dialog, name)
        button.setFocus()
        before = len(dialog._running)
        for _ in range(2):
            if dialog is kill:
                kill.hold.held.emit()
            else:
                QTest.keyClick(keys_of(dialog), Qt.Key.Key_Return)
        began = len(dialog._running) - before
        if (began, dialog.focusWidget()) != (1, button) or not dialog.still_busy.text():
            wrong.append((name, began, dialog.focusWidget(), dialog.still_busy.text()))
        await until(partial(idle, dialog, button))
        if dialog.still_busy.text() and not dialog.over:
            wrong.append((name, "still said"))
        leave(dialog)
    assert wrong == []


def idle(dialog: ConsoleDialog, button: QPushButton) -> bool:
    return not dialog.busy(button)


def named(dialog: QWidget, name: str) -> QPushButton:
    found = dialog.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


async def test_who_was_about_to_press_a_button_that_goes_away_presses_no_neighbour(
    builds: Builds, world: World
) -> None:
    dialog = builds["catch-up"]()
    assert isinstance(dialog, CatchUpDialog)
    dialog.present()
    nothing_lacks = partial(dialog.show_preview, CatchUp(master="Asha", symbol="X"))
    goes: list[Callable[[], object]] = [nothing_lacks, dialog.too_many.hide]
    for gone in goes:
        dialog.verb.setEnabled(True)
        dialog.too_many.setEnabled(True)
        dialog.too_many.setFocus()
        pressed: list[str] = []
        dialog.verb.setEnabled(True)
        dialog.verb.clicked.connect(partial(pressed.append, "verb"))
        gone()
        dialog.verb.setEnabled(True)
        QTest.keyClick(keys_of(dialog), Qt.Key.Key_Return)
        assert (pressed, dialog.over) == ([], False)
        assert tab_to(dialog, is_safe) is not None, "Tab goes on from there"
    dialog.close()
    assert world.catch_ups.begun == []


# -------------------------------------------------------------------- the first click


@pytest.mark.parametrize("name", ["follower-edit", "group"])
async def test_the_first_click_on_save_saves_while_groups_are_listed(
    builds: Builds, name: str
) -> None:
    saved = []
    form = builds[name]()
    assert isinstance(form, FollowerEditor | GroupDialog)

    async def save() -> None:
        saved.append(form.group.name)

    form._save = save
    form.present()
    await pictures.settle(2)
    field = form.group
    field._known = ("Family", "Friends of the family")
    field.clear()
    field.setFocus()
    QTest.keyClicks(field, "Fam")
    await pictures.settle(1)
    assert field.suggested() == ["Family", "Friends of the family"]
    click(form, form.verb)
    await until(lambda: saved)
    assert saved == ["Fam"], "what was typed, not what was listed"


async def test_a_listed_group_is_taken_by_a_click_and_its_old_value_lists_nothing(
    builds: Builds,
) -> None:
    form = builds["follower-edit"]()
    assert isinstance(form, FollowerEditor)
    form.present()
    field = form.group
    field._known = ("Family", "Friends")
    field.setText("Family")
    field.setFocus()
    assert field.suggested() == []
    QTest.keyClicks(field, "x")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert (field.text(), field.suggested()) == ("Family", [])
    field.clear()
    QTest.keyClicks(field, "fr")
    place = field.list.visualItemRect(field.list.item(0)).center()
    QTest.mouseClick(field.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (field.text(), field.suggested()) == ("Friends", [])
    form.reject()


async def test_no_field_opens_a_popup_as_it_is_typed_in(window: MainWindow, builds: Builds) -> None:
    """A popup takes the first click outside it for itself."""
    for place in (window, *(build() for build in builds.values())):
        for field in place.findChildren(QLineEdit):
            assert field.completer() is None, field.objectName()
    assert window.findChildren(GroupField), "those that list words are among them"


def click(dialog: QDialog, button: QPushButton) -> None:
    """As a mouse does: whatever is there in the window gets it, an open popup first.

    From a timer, because Qt's own test lets the loop turn within the click.
    """
    place = button.mapTo(dialog, button.rect().center())
    press = partial(QTest.mouseClick, dialog.windowHandle(), Qt.MouseButton.LeftButton)
    QTimer.singleShot(0, lambda: press(pos=place))
