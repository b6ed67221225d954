"""Forms stay in reach: on a small screen, at a large size of text, under a turned wheel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QWidget

from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.theme import Scheme
from tests.ui import pictures

SMALL = QRect(0, 0, 1264, 668)
"""What a screen of 1280 x 720 has for a window with its frame and a task bar."""


def seen(part: QWidget) -> bool:
    """True if all of it lies inside its window."""
    place = part.mapTo(part.window(), QPoint(0, 0))
    return part.window().rect().contains(part.rect().translated(place))


@pytest.mark.parametrize("percent", [100, 150])
async def test_every_form_fits_the_screen_and_its_buttons_are_seen(
    app: QApplication, percent: int
) -> None:
    """The screen here has 800 pixels each way: less than a form of four columns needs."""
    world = pictures.world(12)
    window = await pictures.open_window(world, Scheme.DARK, (1280, 720))
    window.desk.theme.apply(text_percent=percent)
    made = [build() for build in pictures.dialogs(window, world).values()]
    forms = [dialog for dialog in made if isinstance(dialog, FormDialog)]
    wrong: dict[str, object] = {}
    for form in forms:
        form.present()
        await pictures.settle(3)
        room, place = form.screen().availableGeometry(), form.geometry()
        hidden = [b.text() for b in (form.back, form.verb) if not seen(b)]
        if hidden or not room.contains(place):
            wrong[form.objectName()] = (hidden, place)
    for other in (one for one in made if one not in forms):
        other.present()
        await pictures.settle(3)
        if percent == 100 and not SMALL.contains(QRect(QPoint(0, 0), other.minimumSizeHint())):
            wrong[other.objectName()] = other.minimumSizeHint()
    for dialog in made:
        dialog.close()
    window.desk.theme.apply(text_percent=100)
    await window.stop()
    assert len(forms) > 8
    assert wrong == {}


async def test_what_has_no_room_is_scrolled_to_and_a_turned_wheel_changes_no_choice(
    app: QApplication,
) -> None:
    world = pictures.world(12)
    window = await pictures.open_window(world, Scheme.DARK, (1280, 720))
    editor = pictures.dialogs(window, world)["follower-edit"]()
    editor.present()
    await pictures.settle()
    (registered,) = editor.findChildren(QLineEdit, "field_registered_addresses")
    (tried,) = editor.findChildren(QPushButton, "test_route")
    assert not seen(tried)
    assert isinstance(editor, FormDialog)
    editor.show_problem("It is no address. Write one.", "registered_addresses")
    assert seen(registered)
    choices = {box: box.currentIndex() for box in editor.findChildren(QComboBox)}
    for box in choices:
        turned = QWheelEvent(
            QPointF(5, 5),
            QPointF(5, 5),
            QPoint(0, -120),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(box, turned)
    assert {box: box.currentIndex() for box in choices} == choices
    editor.close()
    await window.stop()
