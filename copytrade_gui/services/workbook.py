"""Files for a spreadsheet program: whatever they hold is text or a number, and nobody else's.

The words of a broker or a name must not become a formula or a link in the trader's workbook, and
one that is too long for a cell must not take the rest of its row along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from copytrade_gui.services.written_file import private_file

LONGEST_CELL = 32_767
"""Characters, as Excel counts them: letters beyond the first 65,536 of Unicode are two."""
_CUT = " ... (cut)"


@contextmanager
def workbook(path: Path) -> Iterator[Workbook]:
    """A workbook in a file of the owner's. Raises OSError, XlsxWriterException."""
    private_file(path)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        yield book


def write_text(
    sheet: Worksheet, row: int, column: int, text: str, look: Format | None = None
) -> None:
    """Write text as it is, cut with a mark if it is longer than a cell."""
    sheet.write_string(row, column, _fitting(text), look)


def _fitting(text: str) -> str:
    if _length(text) <= LONGEST_CELL:
        return text
    kept = text[: LONGEST_CELL - len(_CUT)]
    while _length(kept) > LONGEST_CELL - len(_CUT):
        kept = kept[: -max(1, (_length(kept) - LONGEST_CELL + len(_CUT)) // 2)]
    return kept + _CUT


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
