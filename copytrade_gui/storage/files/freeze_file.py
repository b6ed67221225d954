"""freeze.toml: freeze quantities, shipped with the program and put right by its user."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import MAX_QUANTITY
from copytrade_gui.storage.files.edited_file import (
    EditedFile,
    EditedFileError,
    name_in,
    symbol_in,
    toml_of,
)

TEMPLATE = """\
# Freeze quantities: the most units the exchange takes in one order. What stands here goes before
# what the program brings along, and is read again within a minute of a change. Examples:
#
# checked = 2026-12-01     # the day you last compared them with the exchange, unquoted
#
# [NSEFO]                  # the segment as the program spells it
# NIFTY = 1800             # of futures and options the underlying
#
# [NSEEQ]
# RELIANCE = 500000
"""


class FreezeFile(EditedFile[FreezeTable]):
    """The freeze quantities of one data folder: what its user wrote, else what is shipped."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TEMPLATE, _read, _joined)


def _joined(own: FreezeTable, shipped: FreezeTable) -> FreezeTable:
    return FreezeTable({**shipped.units, **own.units}, own.checked or shipped.checked)


def _read(text: str, where: str) -> FreezeTable:
    content = toml_of(text, where)
    checked = content.pop("checked", None)
    if checked is not None and (not isinstance(checked, date) or isinstance(checked, datetime)):
        raise EditedFileError(f"{where}: checked is no date. Write 2026-12-01, unquoted.")
    units: dict[tuple[Exchange, str], int] = {}
    for name, rows in content.items():
        try:
            exchange = Exchange(name)
        except ValueError:
            known = ", ".join(Exchange)
            raise EditedFileError(
                f"{where}: {name_in(name)} is no segment. Use checked, or a table such as [NSEFO]; "
                f"known are {known}."
            ) from None
        if not isinstance(rows, dict):
            raise EditedFileError(f"{where}: {name} is no table. Write [{name}] above its rows.")
        for written, most in rows.items():
            symbol = symbol_in(written, f"{where}: {name}")
            if (exchange, symbol) in units:
                raise EditedFileError(
                    f"{where}: {name}, {symbol} stands there twice. Leave one of them."
                )
            units[exchange, symbol] = _units(most, f"{where}: {name}, {symbol}")
    return FreezeTable(units, checked)


def _units(most: object, at: str) -> int:
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= MAX_QUANTITY:
        raise EditedFileError(
            f"{at} is no number of units from 1 to {MAX_QUANTITY}. Write it such as NIFTY = 1800."
        )
    return most
