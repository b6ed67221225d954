"""Keys: whatever is pressed means one thing, in every menu, panel, bar and dialog."""

from collections import defaultdict
from collections.abc import Iterable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMenu,
    QMenuBar,
    QWidget,
)

from copytrade_gui.ui.action_table import SPECS
from copytrade_gui.ui.actions import Act, Where
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.theme import Scheme
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import pictures
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

Claims = dict[str, list[str]]
ALONE = (Qt.ShortcutContext.WidgetShortcut, Qt.ShortcutContext.WidgetWithChildrenShortcut)


def clashes(claims: Claims) -> dict[str, list[str]]:
    return {key: who for key, who in claims.items() if len(set(who)) > 1}


def mnemonic(text: str) -> str:
    return QKeySequence.mnemonic(text).toString()


def claims_of(window: QWidget, everywhere: Iterable[QAction] = ()) -> Claims:
    """Who answers to a key while this window is the active one, menus closed.

    Hidden widgets count as well: what is hidden now is shown at another time. Keys that work only
    in one table are among the window's, for they must not mean something else outside it.
    """
    found: Claims = defaultdict(list)
    mine = [window, *(w for w in window.findChildren(QWidget) if w.window() is window)]
    actions = {id(a): a for w in mine for a in w.actions()} | {id(a): a for a in everywhere}
    for action in actions.values():
        for key in action.shortcuts():
            found[key.toString()].append(action.text())
    for shortcut in (s for w in mine for s in w.findChildren(QShortcut)):
        if shortcut.context() not in ALONE:
            found[shortcut.key().toString()].append(f"{shortcut.objectName()} {id(shortcut)}")
    for widget in mine:
        if isinstance(widget, QMenuBar):
            for action in widget.actions():
                found[mnemonic(action.text())].append(f"menu {action.text()}")
        elif isinstance(widget, PlainLabel) and widget.buddy() is not None:
            found[mnemonic(widget.text())].append(f"field {widget.text()}")
        elif isinstance(widget, QAbstractButton):
            for claimed in {widget.shortcut().toString(), mnemonic(widget.text())}:
                found[claimed].append(f"button {widget.objectName()} {widget.text()}")
    found.pop("", None)
    return found


def letters(menu: QMenu) -> Claims:
    found: Claims = defaultdict(list)
    for action in menu.actions():
        if action.isVisible() and not action.isSeparator():
            found[mnemonic(action.text())].append(action.text())
    without = found.pop("", [])
    if menu.objectName() != "menu_panels":  # as many as there are docks, by the docks' own names
        found.update({f"no letter: {words}": [words, ""] for words in without})
    return found


async def test_no_key_of_the_window_means_two_things(window: MainWindow) -> None:
    assert clashes(claims_of(window)) == {}


@pytest.mark.parametrize("paper", [True, False])
async def test_every_line_of_a_menu_has_a_letter_of_its_own(app: QApplication, paper: bool) -> None:
    window = await pictures.open_window(World(followers=3, paper=paper), Scheme.DARK, (1280, 720))
    found = {
        menu.objectName(): clashes(letters(menu))
        for menu in window.findChildren(QMenu)
        if menu.objectName().startswith("menu_")
    }
    await window.stop()
    assert len(found) == 12
    assert {name: what for name, what in found.items() if what} == {}


async def test_every_line_of_a_rows_menu_has_a_letter_of_its_own(window: MainWindow) -> None:
    found = {}
    for view in window.findChildren(TableView):
        menu = QMenu(view)
        menu.setObjectName(f"rows of {view.objectName()}")
        menu.addActions(view.row_actions)
        found[menu.objectName()] = clashes(letters(menu))
        menu.deleteLater()
    assert len(found) >= 5
    assert {name: what for name, what in found.items() if what} == {}


async def test_no_key_of_a_dialog_means_two_things(app: QApplication) -> None:
    world = pictures.world(12)
    window = await pictures.open_window(world, Scheme.DARK, (1280, 720))
    stops = [window.desk.actions[act] for act, s in SPECS.items() if s.where is Where.EVERYWHERE]
    found = {}
    for name, make in pictures.dialogs(window, world).items():
        dialog = make()
        dialog.show()
        found[name] = clashes(claims_of(dialog, stops))
        dialog.close()
    await window.stop()
    assert {name: what for name, what in found.items() if what} == {}


async def test_a_name_with_an_ampersand_takes_no_letter_of_the_menu(window: MainWindow) -> None:
    undo = window.desk.actions[Act.UNDO]
    window.follower_work.edits._push("editing Shah & Sons", _nothing, _nothing)
    assert undo.text() == "&Undo editing Shah && Sons"
    assert mnemonic(undo.text()) == "Alt+U"


async def _nothing() -> None:
    return
