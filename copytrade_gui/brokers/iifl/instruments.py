"""Read a contract file: the broker's CSV to our instruments (docs/broker.md 15)."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from json import JSONDecoder

import msgspec

from copytrade_gui.brokers.iifl.scalar import decimal, whole
from copytrade_gui.domain.account_field import unseen
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NEEDED = ("exchange", "instrument id", "trading symbol", "lot size", "tick size")
_READ = frozenset({
    *_NEEDED, "instrument type", "option type", "expiry", "strike price",
    "underlying instrument name", "underlying instrument symbol",
})  # fmt: skip
_PAIRS = JSONDecoder(object_pairs_hook=list)
_INDEX_TICK = Decimal("0.05")
_FIELD_LIMIT = 1024
_UNREADABLE = "\ufffd"
_LONGEST_NAME = 64
_LONGEST_NUMBER, _LONGEST_TEXT = 60, 120
_TIME = re.compile(r"[ T]")
_CAPITAL = re.compile(r"(?=[A-Z])")
_SHARES = frozenset({Exchange.NSEEQ, Exchange.BSEEQ})


class NotAContractFileError(ValueError):
    """The text has no header of a contract file. The text of the error says what is missing."""


@dataclass(frozen=True, slots=True)
class ContractFile:
    """What a file held. ``skipped`` counts rows that could not be used."""

    instruments: tuple[Instrument, ...]
    skipped: int


def read_contracts(written: str, exchange: Exchange) -> ContractFile:
    """Read a contract file of one exchange; a bad row is skipped and counted, never guessed.

    The broker serves each file as CSV and as JSON, whose keys are the CSV's columns in camel case
    and two more (docs/broker.md 15, 21.17).

    Raises:
        NotAContractFileError: the header lacks a column that we cannot do without, or has one
            twice, so that nobody can tell which of them counts.
    """
    found: dict[InstrumentKey, Instrument] = {}
    skipped = 0
    json = written[:64].lstrip("\ufeff \t\r\n")[:1] in ("[", "{")
    for cells in _json_rows(written) if json else _csv_rows(written):
        instrument = _instrument(cells, exchange)
        if instrument is None or instrument.key in found:
            skipped += 1
        else:
            found[instrument.key] = instrument
    return ContractFile(tuple(found.values()), skipped)


def _csv_rows(written: str) -> Iterator[dict[str, str]]:
    rows = _lines(written)
    header = [name.strip().lstrip("\ufeff").lower() for name in next(rows, [])]
    _must_have(header)
    last: list[str] = header
    for row in rows:
        if row:
            last = row
            yield dict(zip(header, row, strict=False))
    if len(last) < len(header) and not written.endswith(("\n", "\r")):
        raise NotAContractFileError("it is cut off in its last row")


def _json_rows(written: str) -> Iterator[dict[str, str]]:
    try:
        content: object = msgspec.json.decode(written.lstrip("\ufeff"))
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise NotAContractFileError("it is cut off, or no JSON") from error
    rows = content.get("result") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise NotAContractFileError("it holds no list of contracts")
    for number, row in enumerate(rows):
        fields = row if isinstance(row, dict) else {}
        cells = {_column(str(name)): _cell(value) for name, value in fields.items()}
        if not number:
            _must_have(_first_columns(written) or list(cells))
        yield cells


def _column(name: str) -> str:
    """The CSV's name of a JSON row's key."""
    return _CAPITAL.sub(" ", name[:_LONGEST_NAME]).lower()


def _first_columns(written: str) -> list[str]:
    """The columns of the first row, as often as they stand in it; empty if it has none."""
    try:
        pairs, _ = _PAIRS.raw_decode(written, written.index("{", written.index("[")))
        return [_column(str(name)) for name, _ in pairs]
    except (ValueError, TypeError, RecursionError):
        return []


def _cell(value: object) -> str:
    """A value of a JSON row as the CSV would write it; empty for one that is neither."""
    if isinstance(value, str):
        return value[:_FIELD_LIMIT]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value) if isinstance(value, float) or abs(value) < 10**18 else ""


def text_of(body: bytes) -> str:
    """A contract file's text: UTF-8, or UTF-16 with its mark; what cannot be read is marked."""
    encoding = "utf-16" if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    return body.decode(encoding, errors="replace")


def _must_have(columns: Sequence[str]) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise NotAContractFileError(f"column {missing[0]!r} is missing")
    twice = [name for name in columns if name in _READ and columns.count(name) > 1]
    if twice:
        raise NotAContractFileError(f"column {twice[0]!r} stands there twice")


def _lines(written: str) -> Iterator[list[str]]:
    # Line by line: a stray quote then spoils one row and not the rest of the file.
    for line in written.splitlines():
        try:
            yield next(csv.reader(io.StringIO(line[: 16 * _FIELD_LIMIT])), [])
        except csv.Error:
            yield ["?"]


def _instrument(cells: dict[str, str], exchange: Exchange) -> Instrument | None:
    def cell(name: str) -> str:
        return cells.get(name, "").strip()

    symbol = cell("trading symbol")
    # NCDEX orders name the trading symbol where others name the number (docs/broker.md 9.1).
    number = symbol if exchange is Exchange.NCDEXCOMM else cell("instrument id")
    if cell("exchange").upper() != exchange.value or not symbol:
        return None
    underlying, name = cell("underlying instrument symbol"), cell("underlying instrument name")
    if not 0 < len(number) <= _LONGEST_NUMBER or not all(map(_fits, (number, symbol, underlying))):
        return None
    kind = _kind(
        exchange, cell("instrument type").upper(), cell("option type").upper(), cell("expiry")
    )
    if kind is None:
        return None
    expiry = _expiry(cell("expiry"))
    strike = decimal(cell("strike price")) if kind.is_option else None
    lot, tick = whole(cell("lot size")), decimal(cell("tick size"))
    if kind is InstrumentKind.INDEX:
        lot, tick = lot or 1, tick or _INDEX_TICK
    derivative = kind.is_option or kind is InstrumentKind.FUTURE
    if lot is None or lot < 1 or tick is None or tick <= 0:
        return None
    if (derivative and expiry is None) or (kind.is_option and (strike is None or strike <= 0)):
        return None
    return Instrument(
        key=InstrumentKey(exchange, number),
        symbol=symbol,
        name=name if name and _fits(name) else symbol,
        underlying=underlying,
        kind=kind,
        lot_size=lot,
        tick=tick,
        strike=strike,
        expiry=expiry if derivative else None,
    )


def _fits(text: str) -> bool:
    """Not where a letter of the file could not be read or is not seen: nobody guesses it."""
    plain = len(text) <= _LONGEST_TEXT and text.isprintable() and _UNREADABLE not in text
    return plain and (text.isascii() or not unseen(text))


def _kind(
    exchange: Exchange, instrument_type: str, option_type: str, expiry: str
) -> InstrumentKind | None:
    """The segment comes first: equity files hold shares and indices only, whatever else they say.

    Their rows may carry an option type, a strike and an expiry (docs/broker.md 21.9). None for a
    row of another segment that is neither contract nor index.
    """
    if exchange in _SHARES:
        return InstrumentKind.INDEX if instrument_type == "INDEX" else InstrumentKind.EQUITY
    if option_type == "CE":
        return InstrumentKind.CALL
    if option_type == "PE":
        return InstrumentKind.PUT
    if instrument_type.startswith("FUT") or (option_type == "XX" and expiry):
        return InstrumentKind.FUTURE
    return InstrumentKind.INDEX if instrument_type == "INDEX" else None


def _expiry(written: str) -> date | None:
    """Read ``30-Apr-2026``, ``30-04-2026`` or ``2026-04-30``, with or without a time behind it."""
    parts = _TIME.split(written, maxsplit=1)[0].split("-")
    if len(parts) != 3:
        return None
    first, month, last = parts
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month.upper()) + 1
        year, day = (first, last) if len(first) == 4 else (last, first)
        return date(int(year), number, int(day)) if len(year) == 4 else None
    except ValueError:
        return None
