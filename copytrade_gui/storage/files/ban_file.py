"""ban.toml: the exchanges' ban list of a day, written by the user."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from copytrade_gui.domain.ban import BanList
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.edited_file import (
    EditedFile,
    EditedFileError,
    name_in,
    symbol_in,
    toml_of,
)

TEMPLATE = """\
# The ban list: stocks in whose futures and options only positions may be reduced today. The
# exchanges publish it each evening for the next day. It is read again within a minute of a change,
# and holds on the day it is of. Example:
#
# checked = 2026-12-01     # the day the list is of, unquoted
#
# NSEFO = ["RBLBANK", "SAIL"]    # the segment as the program spells it; [] if nothing is in a ban
"""


class BanFile(EditedFile[BanList]):
    """The ban list of one data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TEMPLATE, _read, lambda own, _shipped: own)


def _read(text: str, where: str) -> BanList:
    content = toml_of(text, where)
    checked = content.pop("checked", None)
    if checked is not None and (not isinstance(checked, date) or isinstance(checked, datetime)):
        raise EditedFileError(f"{where}: checked is no date. Write 2026-12-01, unquoted.")
    if content and checked is None:
        raise EditedFileError(
            f"{where}: checked is missing. Write the day the list is of, such as 2026-12-01."
        )
    symbols: dict[Exchange, frozenset[str]] = {}
    for name, listed in content.items():
        try:
            exchange = Exchange(name)
        except ValueError:
            known = ", ".join(Exchange)
            raise EditedFileError(
                f"{where}: {name_in(name)} is no segment. Use checked, or a list such as NSEFO; "
                f"known are {known}."
            ) from None
        if not isinstance(listed, list):
            raise EditedFileError(f'{where}: {name} is no list. Write {name} = ["SAIL"].')
        symbols[exchange] = frozenset(symbol_in(one, f"{where}: {name}") for one in listed)
    return BanList(symbols, checked)
