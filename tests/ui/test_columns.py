"""Columns of every table at every size of the window: none is cut, nor is its header."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.tables.columns import Face
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.delegates import ToneDelegate
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.theme import Scheme
from tests.ui import pictures
from tests.ui.test_small_screens import INSIDE

pytestmark = pytest.mark.window_loop

BESIDE = 12
"""Pixels between a header's words and the next ones, as the style has them."""
ROOMS = (*INSIDE, (1600, 980), (1912, 1010))


async def tables(window: MainWindow) -> list[TableView]:
    """Every table of the window as it stands with rows, each panel in front for a moment."""
    found = []
    for panel in window.panels:
        window.panels.go(panel)
        for table in panel.findChildren(DataTable):
            table._stack.setCurrentWidget(table.view)  # while it is empty, words stand there
            await pictures.settle(1)
            found.append(table.view)
    return found


def cut(view: TableView) -> list[str]:
    """Columns that begin in the view and end beyond it, and headers too narrow for their words."""
    header, wide = view.header(), view.viewport().width()
    sorted_by = header.sortIndicatorSection() if header.isSortIndicatorShown() else -1
    found = []
    for number, column in enumerate(view._columns):
        left, size = view.columnViewportPosition(number), view.columnWidth(number)
        if view.isColumnHidden(number):
            continue
        if left < wide < left + size:
            found.append(f"{column.title} at the edge")
        words = header.fontMetrics().horizontalAdvance(column.title) + BESIDE
        if size < (header.sectionSizeHint(number) if sorted_by == number else words):
            found.append(f"{column.title} by its header")
    return found


async def test_no_column_is_cut_at_the_edge_nor_by_its_header(app: QApplication) -> None:
    window = await pictures.open_window(pictures.world(24), Scheme.DARK, ROOMS[0])
    wrong = {}
    for room in ROOMS:
        window.resize(*room)
        for view in await tables(window):
            wrong[room, view.objectName()] = cut(view)
    await window.stop()
    assert len(wrong) >= 8 * len(ROOMS)
    assert {where: found for where, found in wrong.items() if found} == {}


async def test_the_arrow_of_a_sorted_column_cuts_no_header(window: MainWindow) -> None:
    view, wrong = window.followers.table.view, []
    for number in range(len(view._columns)):
        if not view.isColumnHidden(number):
            view.sortByColumn(number, Qt.SortOrder.AscendingOrder)
            wrong += [words for words in cut(view) if words.endswith("header")]
    assert wrong == []


async def test_another_scheme_leaves_every_column_as_wide_as_it_was(window: MainWindow) -> None:
    views = await tables(window)
    before = [[view.columnWidth(n) for n in range(len(view._columns))] for view in views]
    window.desk.theme.apply(Scheme.LIGHT)
    await pictures.settle()
    after = [[view.columnWidth(n) for n in range(len(view._columns))] for view in views]
    window.desk.theme.apply(Scheme.DARK)
    assert after == before


async def test_a_number_without_room_is_never_shown_in_part(window: MainWindow) -> None:
    view = window.positions.table.view
    delegate, font = view.itemDelegate(), view.font()
    assert isinstance(delegate, ToneDelegate)
    shown = {
        numeric: delegate._written(
            Face("-12,34,567.50", None, None, numeric=numeric, strong=False),
            font,
            QFontMetrics(font),
            40,
        )[0].text()
        for numeric in (True, False, True)  # the same words in a column of texts come between
    }
    assert shown[True] == "…"
    assert shown[False].startswith("-1")
