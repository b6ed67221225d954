"""A file of followers as a table: its encoding, its separator, its header and its rows.

Read as people and spreadsheets write it, or refused with the cause: separated by comma,
semicolon, tab or ``|``, with or without ``sep=``, title lines and empty columns, its lines ending
as on any system.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.domain import basis, link_field, route_field
from copytrade_gui.domain.link import MOST_LINKS
from copytrade_gui.domain.typed import cut, listed, quoted
from copytrade_gui.services.verbs import RefusedError

COLUMNS = (
    "name",
    "client_id",
    "app_key",
    "app_secret",
    "strategy",
    "parameter",
    "max_quantity",
    "min_quantity",
    "rounding",
    "reverse",
    "overrides",
    "active",
    "is_master",
    "master",
    "state",
    "group",
    "group_multiplier",
    "sides",
    "products",
    "exchanges",
    "symbols",
    "not_symbols",
    "from",
    "to",
    "slippage",
    "delay",
    "beyond",
    "stop_loss",
    "target",
    "exit_at",
    "copies",
    "when_short",
    "basis",
    "basis_reference",
    "algo_id",
    "reduce_drift",
    "route",
    "route_address",
    "proxy_login",
    "address_family",
    "registered_addresses",
)
"""The account's, then those of its link to one master, named by his client id; the newest last."""
TITLES = {
    "name": "Name",
    "client_id": "Client id",
    "app_key": "App key",
    "app_secret": "App secret",
    "strategy": "Sizing",
    "parameter": "Value",
    "max_quantity": "Most units",
    "min_quantity": "Least units",
    "rounding": "Rounding",
    "reverse": "Reverse",
    "overrides": "Overrides",
    "active": "On",
    "is_master": "Is master",
    "master": "Master",
    **link_field.LABELS,
    "reduce_drift": "Drift",
    **basis.LABELS,
    **route_field.LABELS,
}
"""What the editors call the columns: a header may name them so too."""
_SOME = f"{', '.join(COLUMNS[:8])} and {len(COLUMNS) - 8} more"
PROBLEM = "problem"
"""The column of a file of wrong rows that says what is wrong; it is not read."""
KEY = "client_id"
"""The column that says which follower a row is about; the only one a file must have."""
MAX_BYTES = 10_000_000
MAX_LINES = 10_000
MAX_COLUMNS = 16_384
"""What a spreadsheet has at most; it may write empty ones behind ours."""
_SAVE_AS = "Save it as CSV UTF-8."
_OTHER_FILES = (
    (b"PK\x03\x04", "an Excel or other packed file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_SEPARATORS = (",", ";", "\t", "|")
_SAYS_SEPARATOR = re.compile(r'"?sep=(\t|[^\w\s"])"?[\s,;|]*', re.IGNORECASE)
_TEXT_FORMULA = re.compile(r'\A="([^"]*)"\Z')
"""How a cell is written so that a spreadsheet leaves an id alone."""
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_BY_TITLE = {_BETWEEN_WORDS.sub("_", title.lower()): name for name, title in TITLES.items()}
_HEADER_WITHIN = 20
"""Filled lines in which the header is looked for."""
_MOST_NAMED = 5
"""Unknown columns that a sentence repeats."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One filled line. ``cells`` holds what it names: columns whose cell is not empty."""

    line: int
    cells: Mapping[str, str]
    problem: str = ""
    """Why its cells cannot be told apart; empty when they can."""
    nameless: tuple[str, ...] = ()
    """Filled cells that no column names."""


def read_file(path: Path) -> bytes:
    """The bytes of a file of followers. Blocks. Raises RefusedError."""
    try:
        if path.exists() and not path.is_file():
            raise RefusedError(f"{path} is not a file. Choose a CSV file.", field="file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        why = getattr(error, "strerror", None) or error
        raise RefusedError(f"File {path} cannot be read: {why}.", field="file") from error
    if len(data) > MAX_BYTES:
        raise RefusedError(
            f"File is above {MAX_BYTES // 1_000_000} MB. A console has at most {MOST_LINKS} links "
            "between accounts, which need less. Choose their file, or remove lines.",
            field="file",
        )
    return data


def read_table(data: bytes) -> tuple[TableRow, ...]:
    """Every row of a file. Blocks for some ms.

    Raises:
        RefusedError: it is not a CSV file with our columns, or has more rows than a console can
            have links.
    """
    text = _decode(data)
    if text.count("\n") > MAX_LINES:
        raise RefusedError(
            f"File has more than {MAX_LINES} lines. A console has at most {MOST_LINKS} links "
            "between accounts. Remove lines.",
            field="file",
        )
    lines = text.split("\n")
    start, separator = _find_header(lines)
    rows: list[TableRow] = []
    header: list[str] = []
    for line, cells in _records(lines, start, separator):
        if line == start + 1:
            header = _columns(cells)
            continue
        if not any(cells):
            continue
        if len(rows) == MOST_LINKS:
            raise RefusedError(
                f"File has more than {MOST_LINKS} rows, the most links between accounts that a "
                "console has. Remove lines.",
                field="file",
            )
        rows.append(_row(line, cells, header))
    if not rows:
        raise RefusedError("File has a header but no followers. Add a line for each.", field="file")
    return tuple(rows)


def _decode(data: bytes) -> str:
    for beginning, what in _OTHER_FILES:
        if data.startswith(beginning):
            raise RefusedError(f"File is {what}, not a CSV file. {_SAVE_AS}", field="file")
    if b"\0" in data:
        raise RefusedError(
            f"File holds zero bytes, as UTF-16 text does, so it is not a CSV file. {_SAVE_AS}",
            field="file",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RefusedError(
            f"File is not UTF-8 text (line {line}, byte {error.start}). {_SAVE_AS}", field="file"
        ) from error
    if not text.strip():
        raise RefusedError("File is empty. Choose the file of the followers.", field="file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _find_header(lines: Sequence[str]) -> tuple[int, str]:
    """Index of the header's line and the separator that shows the most of our columns in it."""
    separators: tuple[str, ...] = _SEPARATORS
    first: str | None = None
    filled = 0
    for number, line in enumerate(lines):
        if not line.strip(" \t,;|"):
            continue
        said = _SAYS_SEPARATOR.fullmatch(line.rstrip("\n"))
        if said is not None and first is None:
            separators = (said[1], *_SEPARATORS)
            continue
        found = {one: _known_columns(line, one) for one in separators}
        best = max(separators, key=lambda one: len(found[one]))
        if KEY in found[best]:
            return number, best
        cells = max((_split(line, one) for one in _SEPARATORS), key=len)
        if first is None:
            first = line
        filled += 1
        if sum(bool(cell.strip()) for cell in cells) > 1 or filled == _HEADER_WITHIN:
            break  # more than a title: this had to be the header
    raise RefusedError(
        f"Header misses client_id: no column has that name in {quoted((first or '').strip())}. "
        f"The first line must name the columns, as an export of followers does: {_SOME}.",
        field="header",
    )


def _known_columns(line: str, separator: str) -> set[str]:
    return {_column(cell) for cell in _split(line, separator)} & set(COLUMNS)


def _split(line: str, separator: str) -> list[str]:
    if line.count(separator) >= MAX_COLUMNS:
        return []
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _column(cell: str) -> str:
    """A column by its name in a file, or by the name that the editors give it."""
    name = _BETWEEN_WORDS.sub("_", cell.strip(" \t\ufeff\xa0").lower())
    return _BY_TITLE.get(name, name)


def _columns(cells: Sequence[str]) -> list[str]:
    """The header's columns by name, without what a spreadsheet adds behind them."""
    header = [_column(cell) for cell in cells]
    while header and not header[-1]:
        header.pop()
    unknown = [cut(name, 20) for name in header if name and name not in (*COLUMNS, PROBLEM)]
    named = [name for name in header if name]
    if unknown:
        wrong = f"has unknown {listed(unknown, _MOST_NAMED)}"
    elif len(set(named)) != len(named):
        wrong = "names a column twice"
    else:
        return header
    raise RefusedError(
        f"Header {wrong}. It may name what an export of followers does: {_SOME}.", field="header"
    )


def _records(lines: Sequence[str], start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every record from the header on."""
    reader = csv.reader(io.StringIO("\n".join(lines[start:])), delimiter=separator, strict=True)
    line = start + 1
    try:
        for cells in reader:
            yield line, [_TEXT_FORMULA.sub(r"\1", cell.strip()).strip() for cell in cells]
            line = start + 1 + reader.line_num
    except csv.Error as error:
        raise RefusedError(
            f"Line {line} is not CSV: {error}. Look at its quotation marks.", field="file"
        ) from error


def _row(line: int, cells: Sequence[str], header: Sequence[str]) -> TableRow:
    """A missing cell is an empty one; a cell that no column names is not guessed."""
    named = {
        name: cell
        for name, cell in zip(header, cells, strict=False)
        if name and cell and name != PROBLEM
    }
    nameless = [cell for name, cell in zip(header, cells, strict=False) if cell and not name]
    nameless += [cell for cell in cells[len(header) :] if cell]
    problem = ""
    if nameless:
        problem = (
            f"{quoted(nameless[0])} stands in no named column. Put a cell that holds the separator "
            "between quotation marks, and write 0.5 with a point."
        )
    elif KEY not in named:
        problem = "Client id is empty. Write the broker's client id."
    return TableRow(line, named, problem, tuple(nameless))


def write_wrong(rows: Sequence[TableRow], sentences: Mapping[int, str]) -> str:
    """Rows of a file as they stand in it, each with its line and what is wrong, as CSV text."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    columns = [name for name in COLUMNS if any(name in row.cells for row in rows) or name == KEY]
    writer.writerow([PROBLEM, *columns])
    for row in rows:
        why = f"Line {row.line}: {sentences[row.line]}"
        writer.writerow([why, *(row.cells.get(name, "") for name in columns), *row.nameless])
    return out.getvalue()
