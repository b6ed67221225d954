"""The search of contracts: what stands first, and a file of it that was damaged."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex, is_sound

DAY = date(2026, 11, 24)
NEAR, NEXT = DAY + timedelta(days=7), DAY + timedelta(days=35)


def share(exchange: Exchange, name: str) -> Instrument:
    symbol = f"{name}-EQ" if exchange is Exchange.NSEEQ else name
    return Instrument(
        InstrumentKey(exchange, name), symbol, f"{name} LIMITED", name, InstrumentKind.EQUITY, 1,
        Decimal("0.05"),
    )  # fmt: skip


def contract(
    underlying: str, kind: InstrumentKind, expiry: date, strike: int | None = None
) -> Instrument:
    symbol = f"{underlying}{expiry:%y%b%d}{strike or ''}{kind}".upper()
    return Instrument(
        InstrumentKey(Exchange.NSEFO, symbol), symbol, underlying, underlying, kind, 65,
        Decimal("0.05"), None if strike is None else Decimal(strike), expiry,
    )  # fmt: skip


SHARES = ("RELIANCE", "RELAXO", "NIFTYBEES", "TCS")
INDEX = Instrument(
    InstrumentKey(Exchange.NSEEQ, "26000"), "NIFTY", "NIFTY 50", "NIFTY", InstrumentKind.INDEX, 1,
    Decimal("0.05"),
)  # fmt: skip
CHAIN = [
    *(contract("NIFTY", InstrumentKind.FUTURE, expiry) for expiry in (NEXT, NEAR)),
    *(
        contract("NIFTY", kind, expiry, strike)
        for kind in (InstrumentKind.PUT, InstrumentKind.CALL)
        for expiry in (NEXT, NEAR)
        for strike in range(24_000, 26_001, 100)
    ),
]


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[SqliteInstrumentIndex]:
    made = SqliteInstrumentIndex(tmp_path / "instruments.sqlite")
    await fill(made)
    yield made
    made.close()


async def fill(index: SqliteInstrumentIndex) -> None:
    shares = [share(Exchange.BSEEQ, name) for name in SHARES]
    await index.put(Exchange.BSEEQ, DAY, shares)
    await index.put(Exchange.NSEFO, DAY, CHAIN)
    await index.put(Exchange.NSEEQ, DAY, [INDEX, *(share(Exchange.NSEEQ, name) for name in SHARES)])


async def found(index: SqliteInstrumentIndex, text: str) -> list[str]:
    return [f"{one.key.exchange} {one.symbol}" for one in await index.search(text, 8)]


@pytest.mark.parametrize(
    "text", ["R", "re", "N", "nifty", "NIFTY 25", "T", "ce", "26NOV", "100 pe"]
)
async def test_few_rows_are_the_first_of_all_that_fit(
    index: SqliteInstrumentIndex, text: str
) -> None:
    """What stands first is looked for by itself, and ranked as among all others."""
    everything = [one.key for one in await index.search(text, 1_000)]
    for limit in (1, 3, 8, 30, 100):
        assert [one.key for one in await index.search(text, limit)] == everything[:limit]


async def test_a_share_stands_at_the_nse_first(index: SqliteInstrumentIndex) -> None:
    assert (await found(index, "RELIANCE"))[:2] == ["NSEEQ RELIANCE-EQ", "BSEEQ RELIANCE"]
    assert (await found(index, "rel"))[:2] == ["NSEEQ RELAXO-EQ", "BSEEQ RELAXO"]


@pytest.mark.parametrize("typed", ["nif", "nifty", "NI"])
async def test_an_index_begins_with_its_nearest_future_and_the_strikes_at_the_money(
    index: SqliteInstrumentIndex, typed: str
) -> None:
    names = await found(index, typed)
    contracts = [name for name in names if name.startswith("NSEFO")]
    assert names[0] == contracts[0] == f"NSEFO NIFTY{NEAR:%y%b%d}FUT".upper()
    assert {name[-7:-2] for name in contracts[1:3]} == {"25000"}
    assert f"{NEAR:%y%b%d}".upper() in contracts[1]
    assert not any("24000" in name for name in names)


@pytest.mark.parametrize("typed", ["nifty ce", "nif ce", "nifty", "NI CE"])
@pytest.mark.parametrize("level", [24_020, 25_449, 25_991])
async def test_strikes_at_the_price_of_their_underlying_stand_first(
    index: SqliteInstrumentIndex, typed: str, level: int
) -> None:
    found = await index.search(typed, 30, {"NIFTY": Decimal(level), "TCS": Decimal(3)})
    calls = [one for one in found if one.kind is InstrumentKind.CALL and one.expiry == NEAR]
    away = [abs(one.strike - level) for one in calls if one.strike is not None]
    assert away == sorted(away)
    assert away[0] <= 50
    expiries = [one.expiry for one in found if one.strike is not None]
    assert expiries == sorted(expiries, key=str)


async def test_a_strike_that_is_typed_is_found_near_expiry_first(
    index: SqliteInstrumentIndex,
) -> None:
    names = await found(index, "nifty 24000 ce")
    assert [name[-7:] for name in names] == ["24000CE", "24000CE"]
    assert f"{NEAR:%y%b%d}".upper() in names[0]


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeros_in_the_middle(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[4096 : len(body) - 4096] = bytes(len(body) - 8192)
    path.write_bytes(bytes(body))


def folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def older_shape(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE instruments (symbol TEXT); PRAGMA user_version = 1;")
    connection.close()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [noise, cut, zeros_in_the_middle, folder, older_shape, emptied])
async def test_a_damaged_file_is_made_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = tmp_path / "instruments.sqlite"
    first = SqliteInstrumentIndex(path)
    await fill(first)
    first.close()
    assert is_sound(path)
    spoil(path)
    assert not is_sound(path)
    again = SqliteInstrumentIndex(path)
    assert await again.search("RELIANCE", 5) == ()
    assert await again.day_of(Exchange.NSEEQ) is None, "so it is loaded again"
    await fill(again)
    assert len(await again.search("RELIANCE", 5)) == 2
    again.close()
    assert is_sound(path)


async def test_damage_that_is_met_while_the_program_runs_is_no_error_of_a_search(
    tmp_path: Path,
) -> None:
    path = tmp_path / "instruments.sqlite"
    index = SqliteInstrumentIndex(path)
    await fill(index)
    index._file.reader.execute("DROP TABLE words")  # type: ignore[union-attr]  # damage from within
    assert await index.search("RELIANCE", 5) == ()
    assert await index.day_of(Exchange.NSEEQ) is None
    await fill(index)
    assert len(await index.search("RELIANCE", 5)) == 2
    index.close()


async def test_a_search_answers_while_a_file_comes_in(index: SqliteInstrumentIndex) -> None:
    coming = asyncio.create_task(index.put(Exchange.NSEFO, DAY + timedelta(days=1), CHAIN * 200))
    await asyncio.sleep(0)
    assert await found(index, "nifty fut")
    await coming
    assert await index.day_of(Exchange.NSEFO) == DAY + timedelta(days=1)
    assert await index.underlyings(Exchange.NSEFO) == {"NIFTY"}
