"""What is remembered, as tables and files have it."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path
from string import ascii_uppercase
from zipfile import ZipFile

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.services.history import HistoryService
from copytrade_gui.services.verbs import RefusedError
from tests.services.rig import Services, on_a_console


def numbers(path: Path) -> dict[str, Decimal]:
    """What stands as a number in the cells of a workbook's only sheet."""
    with ZipFile(path) as book:
        text = book.read("xl/worksheets/sheet1.xml").decode()
    found = re.findall(r'<c r="(\w+)"(?: s="\d+")?><v>([^<]+)</v>', text)
    return {cell: Decimal(number) for cell, number in found}


def test_every_order_is_in_the_file_and_paper_is_marked(tmp_path: Path) -> None:
    async def script(here: Services) -> None:
        await here.trading.submit(here.world.master, here.draft(), CommandId("one"))
        await here.console.quiet(60)
        await here.console.store.journal.flush()
        history = HistoryService(here.console.store.history, paper=True)
        assert await history.export_orders(tmp_path / "orders.csv") == 4
        assert await history.export_orders(tmp_path / "orders.xlsx") == 4
        samples = await history.latency(100)
        assert [one.rank for one in samples] == [0, 1, 2, 3]
        newest, before = await history.events(2)
        assert newest.number == before.number + 1
        assert await history.verify_audit() == ()

    on_a_console(script)
    with (tmp_path / "orders.csv").open(encoding="utf-8-sig") as file:
        head, mark, *rows = csv.reader(file)
    assert mark == ["PAPER TRADING: no real orders"]
    assert {row[head.index("account")] for row in rows} == {"M", "F001", "F002", "F003"}
    sheet = numbers(tmp_path / "orders.xlsx")
    for line, row in enumerate(rows, start=3):
        for name in ("quantity", "price", "filled"):
            at = head.index(name)
            assert sheet[f"{ascii_uppercase[at]}{line}"] == Decimal(row[at]), f"{name} is text"
    assert (tmp_path / "orders.csv").stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_is_refused(tmp_path: Path) -> None:
    async def script(here: Services) -> None:
        history = HistoryService(here.console.store.history, paper=False)
        for path in (tmp_path / "orders.pdf", tmp_path / "nowhere" / "orders.csv"):
            with pytest.raises(RefusedError) as refused:
                await history.export_orders(path)
            assert refused.value.field == "file"
            assert not path.exists()

    on_a_console(script)
