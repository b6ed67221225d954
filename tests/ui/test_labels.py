"""Names and the broker's words that hold markup and ``&`` stand on the screen as they are."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QAction, QTextDocument
from PySide6.QtGui import Qt as Rich
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,  # noqa: TID251 - also those that Qt makes by itself
)

from copytrade_gui.domain.events import Alarm, LampChanged, Severity
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.refusal import Refusal
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.order_details import OrderDetails
from copytrade_gui.ui.widgets.tip import menu_words, plain_tip
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people, pictures
from tests.ui.conftest import until
from tests.ui.fakes import World

NAME = "<b>Asha</b> & Sons"
WORDS = (
    "<h1 style='color:lime'>FILLED 100</h1><img src='file:///x.png'>"
    "<a href='http://a.example'>look</a> & wait"
)
WHOLE = {"Asha": NAME, "FILLED 100": WORDS}
"""What is left of a text once somebody has rendered it, and the whole text."""


def as_shown_in_a_tip(words: str) -> str:
    """What Qt's tool tips show, and its own labels: they render what looks like HTML."""
    if not Rich.mightBeRichText(words):
        return words
    document = QTextDocument()
    document.setHtml(words)
    return document.toPlainText()


def as_shown_in_a_menu(words: str) -> str:
    """What Qt's menus and buttons show: a single ``&`` underlines the next letter and is gone."""
    return re.sub("&(.)", r"\1", words, flags=re.DOTALL)


def on_the_screen() -> Iterator[tuple[str, str]]:
    """Every place of the program that shows words, and what it shows."""
    for widget in QApplication.allWidgets():
        place = f"{type(widget).__name__} {widget.objectName()}"
        yield f"tip of {place}", as_shown_in_a_tip(widget.toolTip())
        if isinstance(widget, QLabel):
            plain = widget.textFormat() is Qt.TextFormat.PlainText
            yield place, widget.text() if plain else as_shown_in_a_tip(widget.text())
        elif isinstance(widget, QAbstractButton):
            yield place, as_shown_in_a_menu(widget.text())
        elif isinstance(widget, QComboBox):
            yield from ((place, widget.itemText(n)) for n in range(widget.count()))
        elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from ((f"cell of {place}", shown) for shown in cells(widget.model()))
        for action in widget.actions():
            yield from action_words(action, place)


def action_words(action: QAction, place: str) -> Iterator[tuple[str, str]]:
    yield f"action of {place}", as_shown_in_a_menu(action.text())
    yield f"tip of an action of {place}", as_shown_in_a_tip(action.toolTip())


def cells(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[str]:
    above = parent or QModelIndex()
    for row in range(model.rowCount(above)):
        flat = isinstance(model, QAbstractListModel)
        for column in range(1 if flat else model.columnCount(above)):
            index = model.index(row, column, above)
            yield str(index.data() or "")
            yield as_shown_in_a_tip(str(index.data(Qt.ItemDataRole.ToolTipRole) or ""))
        yield from cells(model, model.index(row, 0, above))


def judge() -> dict[str, int]:
    """Fail for each text that is not shown whole; returns how often each was seen."""
    seen = dict.fromkeys(WHOLE, 0)
    for place, shown in on_the_screen():
        for trace, whole in WHOLE.items():
            if trace in shown:
                seen[trace] += 1
                assert whole in shown, f"{place} shows {shown!r}"
    return seen


@pytest.fixture
def world() -> World:
    """Everybody is called so, and the broker says so whenever it says something."""
    made = World(followers=12)
    made.accounts = {
        key: replace(account, name=f"{NAME} {number}")
        for number, (key, account) in enumerate(made.accounts.items())
    }
    made.statuses = {
        key: replace(status, session_reason=WORDS, halted=WORDS if number in (0, 3) else "")
        for number, (key, status) in enumerate(made.statuses.items())
    }
    made.trade()
    made.orders = {
        key: structs.replace(order, reason=WORDS, code=NAME) for key, order in made.orders.items()
    }
    listed = tuple(made.accounts.values())
    made.reviews = tuple(
        replace(item, why=WORDS,
                candidates=tuple(replace(one, status_text=WORDS) for one in item.candidates))
        for item in people.reviews(listed)
    )  # fmt: skip
    made.recovery = replace(people.recovery(listed), differences=(WORDS,))
    return made


@pytest.mark.window_loop
async def test_a_rejection_with_markup_is_read_as_text_in_every_panel(
    window: MainWindow, world: World
) -> None:
    window.strip.show_change(replace(world.change, state=world.change.state, reason=WORDS))
    world.events.send(
        Alarm(Severity.CRITICAL, NAME, WORDS, people.NOW_NS),
        *(LampChanged(lamp, "bad", WORDS) for lamp in ("broker", "engine", "database", "clock")),
    )
    await until(lambda: "broker" in window.bands.sentences())
    window.status.lamps["engine"].click()
    window.ticket.form.search.pick(replace(people.RELIANCE, symbol=NAME, name=WORDS))
    window.ticket.form.set_quantity("2", in_lots=True)
    window.ticket.refresh()
    window.followers.table.filter.setText(NAME)
    window.orders.table.view.expandAll()
    await pictures.settle(20)
    seen = judge()
    assert min(seen.values()) > 50, seen


@pytest.mark.window_loop
async def test_a_rejection_with_markup_is_read_as_text_in_every_dialog(
    window: MainWindow, world: World
) -> None:
    made = [build() for build in pictures.dialogs(window, world).values()]
    made.append(OrderDetails(window, window.desk, next(iter(world.orders.values())), world.history))
    made.append(Refusal(ForgetfulMemory(), WORDS))
    for dialog in made:
        dialog.present()
    await pictures.settle()
    judge()
    titles = [dialog.windowTitle() for dialog in made]
    assert any(NAME in title for title in titles), titles
    for dialog in made:
        dialog.close()


@pytest.mark.window_loop
async def test_an_edit_of_a_name_with_an_ampersand_is_named_in_the_menu(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    chosen = window.followers.selected()[0]
    act = Act.FOLLOWER_OFF if chosen.active else Act.FOLLOWER_ON
    window.desk.actions[act].trigger()
    undo = window.desk.actions[Act.UNDO]
    await until(undo.isEnabled)
    assert as_shown_in_a_menu(undo.text()).endswith(chosen.name)
    judge()


@given(st.text(st.sampled_from("<>&;/=b'\" ai[*]#x3\n")))
def test_any_words_can_be_read_in_a_tool_tip(words: str) -> None:
    shown = as_shown_in_a_tip(plain_tip(words))
    assert shown.split() == words.split()


@given(st.text())
def test_any_words_can_be_read_in_a_menu(words: str) -> None:
    assert as_shown_in_a_menu(menu_words(words)).replace("\n", "") == words.replace("\n", "")
