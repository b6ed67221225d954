"""Sheets of the day from the window: which files, where to, how far, and what came of it."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from copytrade_gui.domain.day import SheetStep
from copytrade_gui.services.sheet_files import Kind
from copytrade_gui.services.sheet_page import Page, Table
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.day.day_end import DayEndDialog
from copytrade_gui.ui.day.sheet_pdf import document_of, print_page
from copytrade_gui.ui.day.sheets import SheetsDialog
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def opened(window: MainWindow) -> SheetsDialog:
    window.desk.actions[Act.DAY_SHEETS].trigger()
    await until(lambda: window.findChild(SheetsDialog))
    dialog = window.findChild(SheetsDialog)
    assert isinstance(dialog, SheetsDialog)
    return dialog


def told(window: MainWindow, words: str) -> bool:
    return any(words in notice.sentence for notice in window.desk.notices.all)


async def test_the_bar_follows_the_followers_and_a_notice_says_where_the_files_are(
    window: MainWindow, world: World
) -> None:
    world.sheets.hold = asyncio.Event()
    dialog = await opened(window)
    dialog.day.setText("2026-11-20")
    dialog.kinds[Kind.CSV].setChecked(False)
    dialog.folder.setText("/somewhere/sheets")
    dialog.verb.click()
    await until(lambda: world.sheets.asked)
    world.events.send(SheetStep(9, 24))
    await until(lambda: dialog.counted.text() == "9 of 24 followers written")
    assert (dialog.bar.value(), dialog.bar.maximum(), dialog.bar.isHidden()) == (9, 24, False)
    world.sheets.hold.set()
    await until(lambda: dialog.over)
    ((folder, kinds, day),) = world.sheets.asked
    assert (str(folder), kinds, day) == (
        "/somewhere/sheets", (Kind.PDF, Kind.XLSX), date(2026, 11, 20),
    )  # fmt: skip
    assert told(window, "Sheets of 24 followers for 20 Nov 2026 written to /somewhere/sheets.")


async def test_the_one_file_to_keep_is_told_with_its_hash_and_whether_the_day_is_sealed(
    window: MainWindow, world: World
) -> None:
    dialog = await opened(window)
    for box in dialog.kinds.values():
        box.setChecked(False)
    dialog.keep.setChecked(True)
    dialog.day.setText("2026-11-20")
    dialog.folder.setText("/somewhere/sheets")
    dialog.verb.click()
    await until(lambda: dialog.over)
    assert [str(path) for path in world.sheets.kept] == [
        "/somewhere/sheets/CopyTrade-2026-11-20.zip"
    ]
    assert not world.sheets.asked
    assert told(window, "ab" * 32)
    assert told(window, "The day is not sealed: close it first")


async def test_what_cannot_be_stands_beside_its_field_and_nothing_is_lost(
    window: MainWindow, world: World
) -> None:
    dialog = await opened(window)
    for typed in ("20/11/2026", "0001-01-01", "2300-01-01"):
        dialog.day.setText(typed)
        dialog.verb.click()
        await until(lambda: not dialog.busy(dialog.verb))
        assert typed in dialog._problems["day"].text()
        assert "such as 2026-12-01." in dialog._problems["day"].text()
    assert not world.sheets.asked
    dialog.day.setText("2026-11-20")
    world.sheets.refuse = RefusedError("Folder /x cannot be made.", field="folder")
    dialog.verb.click()
    await until(dialog._problems["folder"].isVisible)
    assert dialog.day.text() == "2026-11-20"
    dialog.close()


async def test_the_day_report_leads_there(window: MainWindow, world: World) -> None:
    window.desk.actions[Act.END_OF_DAY].trigger()
    await until(lambda: window.findChild(DayEndDialog))
    report = window.findChild(DayEndDialog)
    assert isinstance(report, DayEndDialog)
    report.sheets.click()
    await until(lambda: window.findChild(SheetsDialog))
    report.close()
    dialog = window.findChild(SheetsDialog)
    assert isinstance(dialog, SheetsDialog)
    dialog.close()


def test_words_of_others_are_printed_as_they_are(qapp: object, tmp_path: Path) -> None:
    """What looks like HTML is no HTML in a PDF either, and a line of its own breaks nothing."""
    hostile = "<img src='file:///etc/passwd'><b>&"
    page = Page((hostile,), (Table(hostile, (hostile,), ((hostile,), (None,))),), (hostile,))
    document = document_of(page)
    assert document.toPlainText().count(hostile) == 5
    assert not document.isEmpty()
    print_page(page, tmp_path / "one.pdf")
    assert (tmp_path / "one.pdf").read_bytes().rstrip().endswith(b"%%EOF")
