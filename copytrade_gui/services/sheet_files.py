"""Sheets as files: comma separated, for a spreadsheet program, or printed by whoever can print."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from copytrade_gui.domain.account import Account
from copytrade_gui.services.sheet_page import Cell, Page, Table
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.services.workbook import workbook, write_text
from copytrade_gui.services.written_file import private_file

Printer = Callable[[Page, Path], None]
"""Prints a page into a PDF file; raises OSError. What can print lives with the window."""
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_WIDEST = 48
_LONGEST_NAME = 40


class Kind(StrEnum):
    """The kinds of files; each is also how its name ends."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


def file_stem(account: Account) -> str:
    """What the files of an account are called: client id and name, as far as a file may hold them.

    ``30000002-Follower_001``; letters of a name may be of any script, with the signs that shape
    them: a vowel of Hindi is none by itself.
    """
    client = "".join(letter if letter in _SAFE else "_" for letter in account.client_id)
    plain = "".join(_in_name(one) for one in account.name)
    name = "_".join(plain.split())[:_LONGEST_NAME].rstrip("_")
    return "-".join(part for part in (client, name) if part) or "account"


def _in_name(one: str) -> str:
    kind = category(one)
    return one if kind[0] in "LMN" else "" if kind == "Cf" else " "


def write_page(
    page: Page, folder: Path, stem: str, kinds: Sequence[Kind], pdf: Printer | None
) -> None:
    """Write a page as files of its owner's. Raises RefusedError."""
    writers: dict[Kind, Printer] = {Kind.CSV: _write_csv, Kind.XLSX: _write_xlsx}
    if pdf is not None:
        writers[Kind.PDF] = pdf
    for kind in kinds:
        path = folder / f"{stem}.{kind}"
        try:
            private_file(path)
            writers[kind](page, path)
        except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
            raise RefusedError(
                f"File {path} cannot be written: {error}. Choose another folder.", field="folder"
            ) from error


def _write_csv(page: Page, path: Path) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in page.heading:
        writer.writerow([_plain(line)])
    for table in page.tables:
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(table.columns)
        rows = [*table.rows, table.total] if table.total else table.rows
        writer.writerows([_plain(cell) for cell in row] for row in rows)
    writer.writerow([])
    for note in page.notes:
        writer.writerow([_plain(note)])
    path.write_text("\ufeff" + out.getvalue(), encoding="utf-8")


def _plain(cell: Cell) -> str | int | None:
    """A cell that no spreadsheet program reads as a formula."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def _write_xlsx(page: Page, path: Path) -> None:
    with workbook(path) as book:
        looks = _Looks(
            book.add_format({"bold": True}),
            book.add_format({"num_format": "0"}),
            book.add_format({"num_format": "#,##0.00##"}),
            book.add_format({"num_format": "#,##0.00##", "bold": True}),
        )
        for number, table in enumerate(page.tables):
            sheet = book.add_worksheet(table.title.partition(",")[0].partition(" (")[0])
            head: list[tuple[Cell, ...]] = [table.columns]
            foot: list[tuple[Cell, ...]] = [table.total]
            if not number:
                head = [*((line,) for line in page.heading), (), table.columns]
                foot = [(), *((note,) for note in page.notes)]
            else:
                sheet.freeze_panes(1, 0)
            _set_widths(sheet, table)
            total = len(head) + len(table.rows) if table.total else -1
            for at, row in enumerate([*head, *table.rows, *foot]):
                _write_row(sheet, at, row, looks, bold=at < len(head) or at == total)


class _Looks(NamedTuple):
    bold: Format
    whole: Format
    amount: Format
    total: Format


def _write_row(
    sheet: Worksheet, at: int, row: Sequence[Cell], looks: _Looks, *, bold: bool
) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            write_text(sheet, at, column, cell, looks.bold if bold else None)
        elif cell is not None:
            amount = looks.total if bold else looks.amount
            look = amount if isinstance(cell, Decimal) else looks.whole
            sheet.write_number(at, column, cell, look)


def _set_widths(sheet: Worksheet, table: Table) -> None:
    for column, name in enumerate(table.columns):
        longest = max((len(_words(row[column])) for row in table.rows), default=0)
        sheet.set_column(column, column, min(max(longest, len(name)), _WIDEST) + 2)


def _words(cell: Cell) -> str:
    return f"{cell:f}" if isinstance(cell, Decimal) else "" if cell is None else str(cell)
