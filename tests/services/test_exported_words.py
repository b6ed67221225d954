"""The broker's words in an exported workbook are cells of text: no link, no formula."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast
from zipfile import ZipFile

import pytest

from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ports import History, TrailPart
from copytrade_gui.services.day_file import Manifest, write
from copytrade_gui.services.history import HistoryService
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.services.written_file import whole_file
from copytrade_gui.ui.tables.export import Sheet
from copytrade_gui.ui.tables.export import write as write_table
from tests.ui import people


class OneOrder:
    """A history of one order, rejected in these words."""

    def __init__(self, words: str) -> None:
        account = people.follower(1)
        self._order = people.order("P1", account, State.REJECTED, reason=words)

    async def orders(self, limit: int) -> tuple[OrderView, ...]:
        return (self._order,)[:limit]


@pytest.mark.parametrize(
    "words",
    [
        "http://a.example/login",
        "mailto:a@b.example",
        "external:\\\\a.example\\share\\x.xls",
        "internal:Sheet2!A1",
        "=HYPERLINK(1)",
        "<b>FILLED</b> & gone",
    ],
)
async def test_a_rejection_that_looks_like_a_link_is_exported_as_text(
    tmp_path: Path, words: str
) -> None:
    path = tmp_path / "orders.xlsx"
    history = HistoryService(cast("History", OneOrder(words)), paper=True)
    assert await history.export_orders(path) == 1
    with ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "worksheets/_rels" in name]
    assert "<hyperlink" not in sheet
    assert "<f>" not in sheet
    assert words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in sheet


@pytest.mark.parametrize(
    "words", ["x" * 40_000, "\U0001f4c8" * 20_000, "http://a.example/" + "y" * 70_000]
)
async def test_a_very_long_rejection_is_cut_with_a_mark_and_takes_no_column_along(
    tmp_path: Path, words: str
) -> None:
    path = tmp_path / "orders.xlsx"
    one = OneOrder(words)
    (order,) = await one.orders(1)
    assert await HistoryService(cast("History", one), paper=False).export_orders(path) == 1
    with ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert " ... (cut)<" in sheet
    assert words[:10_000] in sheet
    assert order.tag is not None
    assert order.tag in sheet
    assert sheet.count("<row ") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has the folder's rights")
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("was_there", [True, False])
async def test_an_export_can_be_read_by_its_owner_alone(
    tmp_path: Path, ending: str, *, was_there: bool
) -> None:
    path = tmp_path / f"orders{ending}"
    if was_there:
        path.write_text("older")
        path.chmod(0o644)
    await HistoryService(cast("History", OneOrder("no")), paper=False).export_orders(path)
    assert path.stat().st_mode & 0o777 == 0o600


def _day(path: Path) -> None:
    part = TrailPart(0, 0, "", "")
    whole = Manifest("", 1, "", "", paper=True, trail=part, seal=None, sheets=(), parts=())
    write(path, path.parent, whole)


def _followers(path: Path) -> None:
    with whole_file(path) as fresh:
        fresh.write_text("new")


def _orders(path: Path) -> None:
    asyncio.run(HistoryService(cast("History", OneOrder("no")), paper=False).export_orders(path))


def _table(path: Path) -> None:
    write_table(path, Sheet(("A",), (False,), (("b",),)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
@pytest.mark.parametrize(
    ("export", "name"),
    [
        (_day, "day.zip"), (_followers, "f.csv"), (_orders, "o.csv"), (_orders, "o.xlsx"),
        (_table, "t.csv"), (_table, "t.xlsx"),
    ],
)  # fmt: skip
def test_an_export_writes_files_alone_and_behind_a_link_its_target(
    tmp_path: Path, export: Callable[[Path], None], name: str
) -> None:
    kept, link, pipe = tmp_path / f"kept-{name}", tmp_path / name, tmp_path / f"pipe-{name}"
    link.symlink_to(kept)
    for _ in ("new", "there already"):
        export(link)
        assert link.is_symlink()
        assert kept.stat().st_size
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # without it the writer would wait
    link.unlink()
    link.symlink_to(pipe)
    for place in (pipe, link):
        with pytest.raises((OSError, RefusedError), match="it is not a file"):
            export(place)
    assert pipe.is_fifo()
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_file_that_cannot_be_written_whole_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "day.zip"
    path.write_text("older")
    with pytest.raises(OSError, match="full"), whole_file(path):
        raise OSError("full")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("day.zip", "older")]
