"""A follower's sheet, printed into a PDF file. Needs a QGuiApplication."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from pathlib import Path

from PySide6.QtCore import QMarginsF, QThread
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from copytrade_gui.services.sheet_page import Cell, Page, Table
from copytrade_gui.ui import figures
from copytrade_gui.ui.theme import FAMILY

_MARGIN_MM = 12
_POINTS = 7.5
_DPI = 120
_FEW = 2
_STYLE = """
h1 { font-size: 14pt; margin-bottom: 2pt; }
h2 { font-size: 10pt; margin-top: 14pt; margin-bottom: 3pt; }
th { background-color: #e8ebf0; }
"""


def print_page(page: Page, path: Path) -> None:
    """Print a sheet, in a thread of Qt's, and wait for it. Raises OSError."""
    printing = _Printing(page, path)
    printing.start()
    printing.wait()
    if not path.stat().st_size:
        raise OSError("nothing was printed")


class _Printing(QThread):
    """A document keeps timers, which a thread of Python's cannot have."""

    def __init__(self, page: Page, path: Path) -> None:
        super().__init__()
        self._page = page
        self._path = path

    def run(self) -> None:
        """Print."""
        _print(self._page, self._path)


def _print(page: Page, path: Path) -> None:
    writer = QPdfWriter(str(path))
    writer.setResolution(_DPI)
    writer.setTitle(page.heading[0])
    writer.setCreator("CopyTrade Console")
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Landscape,
            QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM),
            QPageLayout.Unit.Millimeter,
        )
    )
    document_of(page).print_(writer)  # the file's end is written when the writer goes


def document_of(page: Page) -> QTextDocument:
    """The sheet as it is printed."""
    document = QTextDocument()
    font = QFont(FAMILY)
    font.setPointSizeF(_POINTS)
    document.setDefaultFont(font)
    document.setDefaultStyleSheet(_STYLE)
    document.setHtml(_html(page))
    return document


def _html(page: Page) -> str:
    title, *rest = page.heading
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(line)}</p>" for line in rest)]
    parts += [_table(one) for one in page.tables]
    parts += [f"<p>{escape(note)}</p>" for note in page.notes]
    return "".join(parts)


def _table(table: Table) -> str:
    sides = [_side(table, at) for at in range(len(table.columns))]
    head = "".join(
        f'<th align="{side}">{escape(name)}</th>'
        for side, name in zip(sides, table.columns, strict=True)
    )
    rows = "".join(_row(row, sides) for row in table.rows) + _row(table.total, sides, bold=True)
    if not table.rows:
        rows = f'<tr><td colspan="{len(table.columns)}">None</td></tr>'
    return (
        f"<h2>{escape(table.title)}</h2>"
        f'<table width="{_width(table)}" border="0" cellspacing="0" cellpadding="3">'
        f"<thead><tr>{head}</tr></thead>{rows}</table>"
    )


def _side(table: Table, column: int) -> str:
    numbers = any(isinstance(row[column], Decimal | int) for row in table.rows)
    return "right" if numbers else "left"


def _width(table: Table) -> str:
    return "100%" if len(table.columns) > _FEW else "40%"


def _row(row: Sequence[Cell], sides: Sequence[str], *, bold: bool = False) -> str:
    """A row, or nothing where there is none."""
    cells = []
    for cell, side in zip(row, sides, strict=False):
        words = escape(cell or "") if isinstance(cell, str | None) else figures.number(cell)
        cells.append(f'<td align="{side}">{f"<b>{words}</b>" if bold else words}</td>')
    return f"<tr>{''.join(cells)}</tr>" if cells else ""
