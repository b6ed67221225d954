"""charges.toml: rates of charges, shipped with the program and put right by its user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.charges import ChargeTable, Rates, Segment
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.edited_file import EditedFile, EditedFileError, name_in, toml_of

TEMPLATE = """\
# What trading costs beside the price. A row here goes before the one that the program brings along
# for the same segment and day, and is read again within a minute of a change. Copy all its figures:
#
# checked = 2026-12-01        # the day you last compared the rates with their sources, unquoted
#
# [[rates]]
# segment = "options"         # equity_delivery, equity_intraday, futures, options,
#                             # currency_futures, currency_options, commodity_futures, ..._options
# since = 2026-04-01
# brokerage = 0.03            # per cent of the value; left out: brokerage_most for every order
# brokerage_most = 20         # rupees an order
# tax_bought = 0              # STT or CTT in per cent, as all that follow
# tax_sold = 0.15
# exchange = { NSEFO = 0.03503, BSEFO = 0.0325 }
# protection = { NSEFO = 0.0005 }
# sebi = 0.0001
# stamp_bought = 0.003
# gst = 18
# source = "contract note of 1 Dec 2026"
"""
_NUMBERS = ("brokerage", "brokerage_most", "tax_bought", "tax_sold", "sebi", "stamp_bought", "gst")
_BY_EXCHANGE = ("exchange", "protection")
_FIELDS = frozenset({"segment", "since", "source", *_NUMBERS, *_BY_EXCHANGE})
_MOST = {"brokerage_most": 100_000}
_MOST_PER_CENT = 100
_MOST_DECIMALS = 9
_LONGEST_SOURCE = 200


class ChargesFile(EditedFile[ChargeTable]):
    """The rates of one data folder: what its user wrote, else what is shipped."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, TEMPLATE, _read, _joined)


def _joined(own: ChargeTable, shipped: ChargeTable) -> ChargeTable:
    there = {(row.segment, row.since) for row in own.rows}
    kept = [row for row in shipped.rows if (row.segment, row.since) not in there]
    return ChargeTable((*own.rows, *kept), own.checked or shipped.checked)


def _read(text: str, where: str) -> ChargeTable:
    content = toml_of(text, where)
    unknown = sorted(set(content) - {"checked", "rates"})
    if unknown:
        raise EditedFileError(
            f"{where}: {name_in(unknown[0])} is not known. Use checked and [[rates]]."
        )
    checked = content.get("checked")
    if checked is not None and not _is_date(checked):
        raise EditedFileError(f"{where}: checked is no date. Write 2026-12-01, unquoted.")
    rows = content.get("rates", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EditedFileError(f"{where}: rates are no list. Write [[rates]] above each row.")
    read = tuple(_row(row, f"{where}: rates, entry {n}") for n, row in enumerate(rows, 1))
    twice = next((row for n, row in enumerate(read) if _key(row) in map(_key, read[:n])), None)
    if twice is not None:
        raise EditedFileError(f"{where}: {twice.segment} of {twice.since} stands there twice.")
    return ChargeTable(read, checked)


def _key(row: Rates) -> tuple[Segment, date]:
    return row.segment, row.since


def _row(row: Mapping[str, object], at: str) -> Rates:
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        known = ", ".join(sorted(_FIELDS))
        raise EditedFileError(f"{at}: {name_in(unknown[0])} is not known. Known are {known}.")
    since, source = row.get("since"), row.get("source", "")
    if not isinstance(since, date) or not _is_date(since):
        raise EditedFileError(f"{at}: since is missing or no date. Write 2026-04-01, unquoted.")
    if not isinstance(source, str) or len(source) > _LONGEST_SOURCE or not source.isprintable():
        raise EditedFileError(f"{at}: source is no line of at most {_LONGEST_SOURCE} letters.")
    numbers = {name: _number(row[name], name, at) for name in _NUMBERS if name in row}
    by_exchange = {name: _by_exchange(row[name], name, at) for name in _BY_EXCHANGE if name in row}
    return Rates(_segment(row, at), since, source, **numbers, **by_exchange)  # type: ignore[arg-type]  # by name


def _segment(row: Mapping[str, object], at: str) -> Segment:
    try:
        return Segment(str(row.get("segment")))
    except ValueError:
        known = ", ".join(Segment)
        raise EditedFileError(
            f"{at}: segment is missing or not known. Use one of: {known}."
        ) from None


def _number(value: object, name: str, at: str) -> Decimal:
    most = _MOST.get(name, _MOST_PER_CENT)
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(number, Decimal) or not number.is_finite() or not 0 <= number <= most:
        raise EditedFileError(f"{at}: {name} is no number from 0 to {most}. Write it such as 0.05.")
    if number != round(number, _MOST_DECIMALS):
        raise EditedFileError(
            f"{at}: {name} has more than {_MOST_DECIMALS} decimals. Write it such as 0.05."
        )
    return number


def _by_exchange(value: object, name: str, at: str) -> dict[Exchange, Decimal]:
    if not isinstance(value, dict) or not set(value) <= set(Exchange):
        raise EditedFileError(
            f"{at}: {name} is no table of segments. Write it such as {name} = {{ NSEFO = 0.035 }}."
        )
    return {Exchange(key): _number(rate, f"{name} of {key}", at) for key, rate in value.items()}


def _is_date(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
