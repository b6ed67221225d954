"""A column is data: what it says, how it sorts, what it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Generic, TypeVar

from PySide6.QtCore import Qt

from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.tip import plain_tip

_DIGITS = re.compile(r"\d+")
_LONGEST = 18

R = TypeVar("R")
SortValue = str | int | float | Decimal | None


class Role(IntEnum):
    """What our models answer beyond Qt's own roles."""

    SORT = Qt.ItemDataRole.UserRole + 1
    FILTER = Qt.ItemDataRole.UserRole + 2
    TONE = Qt.ItemDataRole.UserRole + 3
    MARK = Qt.ItemDataRole.UserRole + 4
    STRONG = Qt.ItemDataRole.UserRole + 5
    FACE = Qt.ItemDataRole.UserRole + 6


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column of rows ``R``.

    ``key`` is fixed English (layouts remember it). ``chars`` is the first width in digits.
    ``sort`` falls back to the text. ``note`` is the header's tool tip. ``takes_rest``: it is
    as wide as the others leave room for, and at least ``chars``; of several the last one in view.
    """

    key: str
    title: str
    text: Callable[[R], str]
    sort: Callable[[R], SortValue] | None = None
    tone: Callable[[R], Tone] | None = None
    mark: Callable[[R], Mark | None] | None = None
    tip: Callable[[R], str] | None = None
    numeric: bool = False
    strong: bool = False
    chars: int = 10
    shown: bool = True
    note: str = ""
    takes_rest: bool = False


class Face:
    """All that is painted of a cell, asked for at one time. ``tone`` is a token's name."""

    __slots__ = ("mark", "numeric", "strong", "text", "tone")

    def __init__(
        self, text: str, tone: str | None, mark: Mark | None, *, numeric: bool, strong: bool
    ) -> None:
        self.text = text
        self.tone = tone
        self.mark = mark
        self.numeric = numeric
        self.strong = strong


def face(column: Column[R], row: R, *, strong: bool | None = None) -> Face:
    """How one cell looks; ``strong`` where the row decides it and not the column."""
    return Face(
        column.text(row),
        column.tone(row) if column.tone else None,
        column.mark(row) if column.mark else None,
        numeric=column.numeric,
        strong=column.strong if strong is None else strong,
    )


def natural(text: str) -> str:
    """A key that puts names in the order a reader expects: Follower 2 before Follower 10."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(_LONGEST), text.casefold())


def sort_value(column: Column[R], row: R) -> str | float:
    """The value a proxy compares: texts as they are, numbers as doubles, unknown below all.

    Doubles only order rows here; no amount is ever computed from them. (Qt compares by the left
    value's type, so mixing 32- and 64-bit integers would sort wrongly.)
    """
    if column.sort is None:
        return natural(column.text(row))
    value = column.sort(row)
    if value is None:
        return float("-inf") if column.numeric else ""
    return natural(value) if isinstance(value, str) else float(value)


def cell(column: Column[R], row: R, role: int) -> object:  # noqa: PLR0911 - one answer per role
    """One column's answer to one role of Qt or ours."""
    if role == Qt.ItemDataRole.DisplayRole:
        return column.text(row)
    if role == Role.TONE:
        return str(column.tone(row)) if column.tone else None
    if role == Role.MARK:
        return column.mark(row) if column.mark else None
    if role == Role.STRONG:
        return column.strong
    if role == Role.SORT:
        return sort_value(column, row)
    if role == Qt.ItemDataRole.ToolTipRole:
        return plain_tip(column.tip(row) if column.tip else column.text(row)) or None
    if role == Qt.ItemDataRole.TextAlignmentRole:
        side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{column.title}: {column.text(row) or 'none'}"
    return None


def header(column: Column[R], role: int) -> object:
    """One column's answer for its header."""
    if role == Qt.ItemDataRole.DisplayRole:
        return column.title
    if role == Qt.ItemDataRole.ToolTipRole:
        return plain_tip(column.note or column.title)
    if role == Qt.ItemDataRole.TextAlignmentRole:
        side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)
    return None


def changed_columns(columns: Sequence[Column[R]], before: R, after: R) -> tuple[int, int] | None:
    """First and last column that says something else of the row now; None if none does.

    Only these are announced: a proxy that sorts by another column then need not sort again.
    """
    places = range(len(columns))
    first = next((n for n in places if _differs(columns[n], before, after)), None)
    if first is None:
        return None
    last = next((n for n in places[:first:-1] if _differs(columns[n], before, after)), first)
    return first, last


def _differs(column: Column[R], before: R, after: R) -> bool:
    return (
        column.text(before) != column.text(after)
        or (column.tone is not None and column.tone(before) != column.tone(after))
        or (column.sort is not None and column.sort(before) != column.sort(after))
    )


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Contiguous runs of sorted numbers as (first, last)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
