"""Writes a table's rows to CSV or XLSX; runs in a thread, touches nothing of Qt."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from copytrade_gui.services.workbook import workbook, write_text
from copytrade_gui.services.written_file import private_file

_LARGEST = Decimal(10) ** 15
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headers, which columns are numbers, rows of texts, and a first line (the paper watermark)."""

    headers: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    watermark: str = ""


def write(path: Path, sheet: Sheet) -> int:
    """Write by the path's ending; returns the number of rows.

    Raises:
        OSError: the file cannot be written.
        ValueError: the ending is neither .csv nor .xlsx.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        _write_csv(path, sheet)
    elif ending == ".xlsx":
        _write_xlsx(path, sheet)
    else:
        raise ValueError(f"File name {path.name} must end in .csv or .xlsx.")
    return len(sheet.rows)


def inert(text: str) -> str:
    """Keep a spreadsheet from reading a text as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_csv(path: Path, sheet: Sheet) -> None:
    private_file(path)
    # The BOM makes Excel read UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        if sheet.watermark:
            writer.writerow([sheet.watermark])
        writer.writerow(sheet.headers)
        for row in sheet.rows:
            writer.writerow(
                plain if number and _number(plain) is not None else inert(text)
                for text, plain, number in zip(
                    row, (text.replace(",", "") for text in row), sheet.numeric, strict=True
                )
            )


def _write_xlsx(path: Path, sheet: Sheet) -> None:
    with workbook(path) as book:
        page = book.add_worksheet("Export")
        bold = book.add_format({"bold": True})
        amount = book.add_format({"num_format": "#,##,##0.00"})
        count = book.add_format({"num_format": "#,##,##0"})
        top = 0
        if sheet.watermark:
            write_text(page, 0, 0, sheet.watermark, bold)
            top = 1
        for place, title in enumerate(sheet.headers):
            write_text(page, top, place, title, bold)
        for line, row in enumerate(sheet.rows, start=top + 1):
            for place, text in enumerate(row):
                number = _number(text.replace(",", "")) if sheet.numeric[place] else None
                if number is None:
                    write_text(page, line, place, text)
                else:
                    page.write_number(line, place, float(number), amount if "." in text else count)
        page.freeze_panes(top + 1, 0)
        page.set_column(0, len(sheet.headers) - 1, 16)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    # Neither "nan" nor more digits than a spreadsheet's numbers have: those stay text, whole.
    return number if number.is_finite() and abs(number) < _LARGEST else None
