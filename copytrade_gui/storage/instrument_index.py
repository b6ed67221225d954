"""The contract files, searchable: SQLite's trigram index, a file that can always be made anew.

A file that is damaged, of an older shape, or no file at all is made anew, whenever that is noticed;
what was in it is loaded again from the contract files. It is opened, and written, in a thread: any
substring of three characters or more answers in about a millisecond, also while a file comes in;
shorter words fall back to a prefix of the symbol.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from copytrade_gui.domain.instrument import (
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
)
from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)

_SHAPE = 3
"""Counted up with every change of the tables; another file is made anew."""
_SCHEMA = f"""
CREATE TABLE days (exchange TEXT PRIMARY KEY, day TEXT NOT NULL);
CREATE TABLE instruments (
    row INTEGER PRIMARY KEY, exchange TEXT NOT NULL, instrument_id TEXT NOT NULL,
    symbol TEXT NOT NULL, name TEXT NOT NULL, underlying TEXT NOT NULL, kind TEXT NOT NULL,
    lot_size INTEGER NOT NULL, tick TEXT NOT NULL, strike TEXT, expiry TEXT,
    tier INTEGER NOT NULL, away REAL NOT NULL,
    UNIQUE (exchange, instrument_id));
CREATE INDEX by_symbol ON instruments (symbol COLLATE NOCASE);
CREATE INDEX by_underlying ON instruments (underlying COLLATE NOCASE);
CREATE INDEX in_front ON instruments (tier) WHERE tier <= 1;
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'trigram');
PRAGMA user_version = {_SHAPE};
"""
_COLUMNS = "exchange, instrument_id, symbol, name, underlying, kind, lot_size, tick, strike, expiry"
_LONGEST_TEXT = 120
"""Characters of a search; the longest names have half as many."""
_NEAREST_FUTURE, _CONTRACT, _INDEX = 1, 2, 3
_FITS = """
CASE WHEN underlying = :first COLLATE NOCASE OR symbol = :first COLLATE NOCASE THEN 0
     WHEN underlying LIKE :first || '%' OR symbol LIKE :first || '%' THEN 1 ELSE 2 END
"""
"""How the first word fits: it is the name, the name begins with it, or it stands elsewhere."""
_BEGINS = 1
_IN_FRONT = "(tier <= 1 OR underlying = :first COLLATE NOCASE OR symbol = :first COLLATE NOCASE)"
"""What stands before all other contracts, as long as the first word is, or begins, the name."""
_ORDER = """
ORDER BY fits, tier > 1, length(underlying), underlying COLLATE NOCASE, tier,
    exchange LIKE 'BSE%', expiry, kind <> 'FUT',
    coalesce(abs(CAST(strike AS REAL) - level), away),
    CAST(strike AS REAL), symbol
LIMIT :limit
"""
"""Shares and the nearest futures first, of the shortest name that fits; NSE before BSE; then other
contracts by expiry, futures before options, strikes at the money before those far from it:
nearest to the price of what they are on where that is known, else to the middle of the listed."""

_RANKED = f"""
WITH levels AS MATERIALIZED (
    SELECT key, CAST(value AS REAL) AS level FROM json_each(:levels))
SELECT {_COLUMNS}, {_FITS} AS fits FROM instruments LEFT JOIN levels ON key = underlying
"""  # noqa: S608 - our own constants

ResultT = TypeVar("ResultT")


class SqliteInstrumentIndex:
    """Implements ``InstrumentIndex`` on a file of its own; every call runs in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reads = threading.Lock()
        self._writes = threading.Lock()
        """Taken before ``_reads`` where both are: a search does not wait for a file to come in."""
        self._file: _File | None = None

    def close(self) -> None:
        """Close the file."""
        with self._writes, self._reads:
            self._close()

    async def put(self, exchange: Exchange, day: date, instruments: Sequence[Instrument]) -> None:
        """Replace one exchange's contracts in one transaction."""
        await asyncio.to_thread(self._put, exchange, day, instruments)

    async def day_of(self, exchange: Exchange) -> date | None:
        """Which day's file is held."""
        return await asyncio.to_thread(self._day_of, exchange)

    async def underlyings(self, exchange: Exchange) -> frozenset[str]:
        """What the contracts of an exchange are on."""
        return await asyncio.to_thread(self._underlyings, exchange)

    async def search(
        self, text: str, limit: int, levels: Mapping[str, Decimal] | None = None
    ) -> tuple[Instrument, ...]:
        """Instruments with every word of ``text``; an empty text finds nothing.

        Nor does one that is longer than any name, holds what cannot be printed, or is made of
        SQL's wildcards alone.
        """
        words = text.split()
        if not words or len(text) > _LONGEST_TEXT or not all(map(str.isprintable, words)):
            return ()
        if not all(map(_like, words)):
            return ()
        return await asyncio.to_thread(self._search, words, limit, levels or {})

    async def get(self, key: InstrumentKey) -> Instrument | None:
        """One instrument."""
        return await asyncio.to_thread(self._get, key)

    # ------------------------------------------------------------ in the thread

    def _put(self, exchange: Exchange, day: date, instruments: Sequence[Instrument]) -> None:
        rows = _rows(instruments)

        def work(file: _File) -> None:
            with file.writer as connection:
                connection.execute(
                    "DELETE FROM words WHERE rowid IN "
                    "(SELECT row FROM instruments WHERE exchange = ?)",
                    (exchange,),
                )
                connection.execute("DELETE FROM instruments WHERE exchange = ?", (exchange,))
                connection.executemany(
                    f"INSERT OR REPLACE INTO instruments ({_COLUMNS}, tier, away) "  # noqa: S608 - our own constant
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
                connection.execute(
                    "INSERT INTO words (rowid, text) SELECT row, symbol || ' ' || name || ' ' || "
                    "underlying || ' ' || kind || ' ' || coalesce(strike, '') || ' ' || "
                    "coalesce(expiry, '') FROM instruments WHERE exchange = ?",
                    (exchange,),
                )
                connection.execute(
                    "INSERT OR REPLACE INTO days VALUES (?, ?)", (exchange, day.isoformat())
                )

        with self._writes:
            self._sound(work)

    def _day_of(self, exchange: Exchange) -> date | None:
        found = self._read("SELECT day FROM days WHERE exchange = ?", (exchange,))
        try:
            return date.fromisoformat(found[0][0]) if found else None
        except (TypeError, ValueError):
            return None

    def _underlyings(self, exchange: Exchange) -> frozenset[str]:
        sql = "SELECT DISTINCT underlying FROM instruments WHERE exchange = ?"
        return frozenset(row[0] for row in self._read(sql, (exchange,)))

    def _search(
        self, words: list[str], limit: int, levels: Mapping[str, Decimal]
    ) -> tuple[Instrument, ...]:
        long = [word for word in words if len(word) >= 3]
        short = [word for word in words if len(word) < 3]
        where = [f"symbol || ' ' || kind LIKE :short{i}" for i in range(len(short))]
        values: dict[str, str | int] = {"limit": limit, "first": _like(words[0])}
        values["levels"] = json.dumps({name: str(level) for name, level in levels.items()})
        # with a long word the trigram index narrows first; otherwise the first word is a prefix
        values |= {f"short{i}": f"%{_like(word)}%" for i, word in enumerate(short)}
        if long:
            where.insert(0, "row IN (SELECT rowid FROM words WHERE text MATCH :words)")
            values["words"] = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        else:
            where.insert(0, "symbol LIKE :prefix")
            values["prefix"] = f"{_like(words[0])}%"
        # a letter that half of all contracts begin with is answered by the few that stand first
        found = self._ranked([_IN_FRONT, *where], values)
        if len(found) < limit or found[-1][-1] > _BEGINS:
            found = self._ranked(where, values)
        return tuple(_instrument(row[:-1]) for row in found)

    def _ranked(self, where: Sequence[str], values: dict[str, str | int]) -> list[_RankedRow]:
        return self._read(f"{_RANKED} WHERE {' AND '.join(where)} {_ORDER}", values)

    def _get(self, key: InstrumentKey) -> Instrument | None:
        sql = f"SELECT {_COLUMNS} FROM instruments WHERE exchange = ? AND instrument_id = ?"  # noqa: S608 - our own constant
        rows = self._read(sql, (key.exchange, key.instrument_id))
        return _instrument(rows[0]) if rows else None

    # ------------------------------------------------------------ the file

    def _read(self, sql: str, values: dict[str, str | int] | tuple[str, ...]) -> list[Any]:
        def work(file: _File) -> list[Any]:
            with self._reads:
                return file.reader.execute(sql, values).fetchall()

        file = self._file
        if file is not None:
            try:
                return work(file)
            except sqlite3.Error as error:
                log.info("the search of contracts could not be read: %s", error)
        with self._writes:
            return self._sound(work)

    def _sound(self, work: Callable[[_File], ResultT]) -> ResultT:
        """Work on a sound file; one that proves damaged is made anew, and then holds nothing."""
        try:
            return work(self._opened())
        except (sqlite3.Error, OSError) as error:
            why = str(error)
        try:
            return work(self._anew(why))
        except (sqlite3.Error, OSError) as error:
            return work(self._in_memory(str(error)))

    def _opened(self) -> _File:
        """Raises sqlite3.Error, OSError: it cannot be opened, or is not sound."""
        if self._file is None:
            Files().open_private(self._path).close()
            fresh = not self._path.stat().st_size
            self._file = _File.on(self._path)
            if fresh:
                self._file.reader.executescript(_SCHEMA)
            why = _what_is_wrong(self._file.reader)
            if why:
                raise sqlite3.DatabaseError(why)
        return self._file

    def _anew(self, why: str) -> _File:
        log.info("the search of contracts is made anew: %s", why)
        with self._reads:
            self._close()
            for path in self._path.parent.glob(f"{self._path.name}*"):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        return self._opened()

    def _in_memory(self, why: str) -> _File:
        log.info("the search of contracts is kept in memory: %s", why)
        with self._reads:
            self._close()
            connection = sqlite3.connect(":memory:", check_same_thread=False)
            connection.executescript(_SCHEMA)
            self._file = _File(connection, connection)
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.reader.close()
            file.writer.close()


@dataclass(frozen=True, slots=True)
class _File:
    """Two connections, so that a search sees the last whole state while a file comes in."""

    reader: sqlite3.Connection
    writer: sqlite3.Connection

    @classmethod
    def on(cls, path: Path) -> _File:
        """Open the file twice. Raises sqlite3.Error."""
        reader = sqlite3.connect(path, check_same_thread=False)
        try:
            reader.execute("PRAGMA journal_mode = WAL")
            return cls(reader, sqlite3.connect(path, check_same_thread=False))
        except sqlite3.Error:
            reader.close()
            raise


def _what_is_wrong(connection: sqlite3.Connection) -> str:
    (shape,) = connection.execute("PRAGMA user_version").fetchone()
    if shape != _SHAPE:
        return "it is of another version"
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if found == "ok" else str(found)


def is_sound(path: Path) -> bool:
    """True for a file that a start can use as it is; nothing is changed."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return not _what_is_wrong(connection)
    except sqlite3.Error:
        return False


def _like(word: str) -> str:
    return word.replace("%", "").replace("_", "")


_Row = tuple[str, str, str, str, str, str, int, str, str | None, str | None]
_RankedRow = tuple[str, str, str, str, str, str, int, str, str | None, str | None, int]


def _rows(instruments: Sequence[Instrument]) -> list[tuple[str | int | float | None, ...]]:
    """Rows with their place in a list: which future is the nearest, how far from the middle."""
    nearest: dict[str, date] = {}
    strikes: defaultdict[tuple[str, date | None], set[Decimal]] = defaultdict(set)
    for one in instruments:
        if one.kind is InstrumentKind.FUTURE and one.expiry is not None:
            nearest[one.underlying] = min(one.expiry, nearest.get(one.underlying, one.expiry))
        if one.strike is not None:
            strikes[one.underlying, one.expiry].add(one.strike)
    # An exchange lists strikes on both sides of the price, so the middle one is about at the money.
    middle = {chain: sorted(found)[len(found) // 2] for chain, found in strikes.items()}
    rows = []
    for one in instruments:
        tier, away = _CONTRACT, 0.0
        if one.kind is InstrumentKind.EQUITY:
            tier = 0
        elif one.kind is InstrumentKind.INDEX:
            tier = _INDEX
        elif one.kind is InstrumentKind.FUTURE and one.expiry == nearest.get(one.underlying):
            tier = _NEAREST_FUTURE
        if one.strike is not None:
            away = float(abs(one.strike - middle[one.underlying, one.expiry]))
        rows.append((*_row(one), tier, away))
    return rows


def _row(instrument: Instrument) -> tuple[str | int | None, ...]:
    return (
        instrument.key.exchange,
        instrument.key.instrument_id,
        instrument.symbol,
        instrument.name,
        instrument.underlying,
        instrument.kind,
        instrument.lot_size,
        str(instrument.tick),
        None if instrument.strike is None else f"{instrument.strike.normalize():f}",
        None if instrument.expiry is None else instrument.expiry.isoformat(),
    )


def _instrument(
    row: _Row,
) -> Instrument:
    exchange, instrument_id, symbol, name, underlying, kind, lot, tick, strike, expiry = row
    return Instrument(
        key=InstrumentKey(Exchange(exchange), instrument_id),
        symbol=symbol,
        name=name,
        underlying=underlying,
        kind=InstrumentKind(kind),
        lot_size=lot,
        tick=Decimal(tick),
        strike=None if strike is None else Decimal(strike),
        expiry=None if expiry is None else date.fromisoformat(expiry),
    )
