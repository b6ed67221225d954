"""The broker's words in an exported workbook are cells of text: no link, no formula."""

import sys
from pathlib import Path
from typing import cast
from zipfile import ZipFile

import pytest

from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ports import History
from copytrade_gui.services.history import HistoryService
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
