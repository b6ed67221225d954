"""Contract files while the program runs: a new day, an exchange that fails, what is shown of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from copytrade_gui.domain.calendar import IST
from copytrade_gui.domain.contract_days import NO_CONTRACT_DAYS
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import Position, PositionKey
from copytrade_gui.engine.books.copies import Copy
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Broker, BrokerFailureError, Clock, DayContracts
from copytrade_gui.services.market import Market
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex
from tests.waiting import until

DAY = date(2026, 11, 24)
NSE, NFO, MCX = Exchange.NSEEQ, Exchange.NSEFO, Exchange.MCXCOMM
ALL = (NSE, NFO, MCX)


class Hands:
    """A clock that a test moves; whoever sleeps wakes when it has been moved so far."""

    def __init__(self) -> None:
        self.now = datetime.combine(DAY, time(9), tzinfo=IST)
        self._began = self.now
        self._moved = asyncio.Event()

    def wall_ns(self) -> int:
        return int(self.now.timestamp()) * 1_000_000_000

    def mono_ns(self) -> int:
        return int((self.now - self._began).total_seconds() + 1) * 1_000_000_000

    async def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            await self._moved.wait()

    def move(self, span: timedelta) -> None:
        self.now += span
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass
class Files:
    """The broker's contract files, each of the day it is asked for, unless it fails."""

    failing: dict[Exchange, str] = field(default_factory=dict)
    good: dict[Exchange, date] = field(default_factory=dict)
    asked: list[tuple[Exchange, date]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def contracts(self, exchange: Exchange, today: date) -> DayContracts:
        self.asked.append((exchange, today))
        await self.gate.wait()
        problem = self.failing.get(exchange, "")
        if problem and exchange not in self.good:
            raise BrokerFailureError(problem)
        day = self.good[exchange] if problem else today
        self.good[exchange] = day
        lot = 75 if day > DAY else 65
        key = InstrumentKey(exchange, f"{exchange} RELIANCE")
        kind = InstrumentKind.EQUITY if exchange is NSE else InstrumentKind.FUTURE
        made = Instrument(
            key, "RELIANCE", "RELIANCE", "RELIANCE", kind, lot, Decimal(1),
            expiry=None if kind is InstrumentKind.EQUITY else DAY,
        )  # fmt: skip
        return DayContracts(day, (made,), problem=problem)


@dataclass
class Kept:
    market: Market
    clock: Hands
    files: Files
    hours: SimpleNamespace
    exits: SimpleNamespace
    copies: SimpleNamespace
    told: list[str]

    async def until(self, true: Callable[[], bool]) -> None:
        await until(true)  # threads work meanwhile; no event tells

    async def lot(self, exchange: Exchange) -> int:
        found = await self.market.search("RELIANCE")
        return next(one.lot_size for one in found if one.key.exchange is exchange)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    told: list[str] = []
    clock, files, hours = Hands(), Files(), SimpleNamespace(auctioned=None)
    exits = SimpleNamespace(contracts=NO_CONTRACT_DAYS)
    copies = SimpleNamespace(held=dict, instruments={})
    book = SimpleNamespace(alarm=lambda _code, sentence, **_more: told.append(sentence))
    engine = cast("Engine", SimpleNamespace(hours=hours, book=book, exits=exits, copies=copies))
    index = SqliteInstrumentIndex(tmp_path / "instruments.sqlite")
    market = Market(engine, cast("Broker", files), index, cast("Clock", clock))
    await index.put(MCX, DAY - timedelta(days=1), ())
    keeping = asyncio.create_task(market.keep(ALL))
    yield Kept(market, clock, files, hours, exits, copies, told)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    index.close()


async def test_the_search_grows_as_files_come_in_and_says_what_still_does(kept: Kept) -> None:
    await kept.until(lambda: bool(kept.files.asked))
    assert await kept.market.search("RELIANCE") == ()
    assert await kept.market.contracts() == (
        "Contract files are still being read: NSEEQ, NSEFO, MCXCOMM."
    )
    kept.files.gate.set()
    await kept.market.loaded()
    assert len(await kept.market.search("RELIANCE")) == 3
    assert await kept.market.contracts() == ""
    assert kept.hours.auctioned == {"RELIANCE"}


async def test_until_todays_file_is_there_nothing_opens_by_an_older_one(kept: Kept) -> None:
    await kept.until(lambda: bool(kept.files.asked))
    assert "so only what reduces" in kept.exits.contracts.why_only_exits(MCX, DAY)
    kept.files.gate.set()
    await kept.market.loaded()
    assert not any(kept.exits.contracts.why_only_exits(one, DAY) for one in ALL)


async def test_a_new_days_files_are_loaded_without_a_restart(kept: Kept) -> None:
    kept.files.gate.set()
    await kept.market.loaded()
    assert await kept.lot(NFO) == 65
    kept.clock.move(timedelta(hours=16))  # 01:00: the broker has not made them yet
    kept.clock.move(timedelta(hours=7, minutes=1))
    await kept.until(lambda: kept.files.good.get(MCX) == DAY + timedelta(days=1))
    await kept.until(lambda: not kept.market.contracts_words(MCX))
    assert await kept.lot(NFO) == 75
    assert {day for _, day in kept.files.asked} == {DAY, DAY + timedelta(days=1)}


@pytest.mark.parametrize("bad", ALL)
async def test_an_exchange_that_fails_leaves_the_others_their_new_day(
    kept: Kept, bad: Exchange
) -> None:
    kept.files.gate.set()
    await kept.market.loaded()
    kept.files.failing[bad] = f"The broker answered the {bad} contract file with HTTP 404."
    kept.clock.move(timedelta(days=1))
    await kept.until(lambda: len(kept.told) == 1)
    others = [one for one in ALL if one is not bad]
    await kept.until(lambda: all(kept.files.good[one] > DAY for one in others))
    await kept.until(lambda: not any(kept.market.contracts_words(one) for one in others))
    assert [await kept.lot(one) for one in others] == [75, 75]
    assert await kept.lot(bad) == 65
    assert kept.market.contracts_words(bad) == (
        f"Contracts of {bad} are of 24 Nov 2026, 1 day old: today's file could not be used. "
        "Check lot size and expiry."
    )
    today = DAY + timedelta(days=1)
    assert "1 day old" in kept.exits.contracts.why_only_exits(bad, today)
    assert not any(kept.exits.contracts.why_only_exits(one, today) for one in others)
    (sentence,) = kept.told
    assert "HTTP 404" in sentence
    assert "24 Nov 2026, 1 day old" in sentence
    del kept.files.failing[bad]
    kept.clock.move(timedelta(minutes=6))
    await kept.until(lambda: kept.files.good[bad] > DAY)
    await kept.until(lambda: not kept.market.contracts_words(bad))
    assert await kept.lot(bad) == 75
    assert len(kept.told) == 1


async def test_a_lot_that_changed_overnight_is_told_with_what_copies_hold_of_it(kept: Kept) -> None:
    kept.files.gate.set()
    await kept.market.loaded()
    (future,) = [one for one in await kept.market.search("RELIANCE") if one.key.exchange is NFO]
    (share,) = [one for one in await kept.market.search("RELIANCE") if one.key.exchange is NSE]
    kept.copies.instruments = {one.key: one for one in (future, share)}
    held = {"F1": 1_300, "F2": -65, "F3": 300, "F4": 0}
    kept.copies.held = lambda: {
        PositionKey(AccountId(name), future.key, Product.NORMAL): Copy(Position(net=net))
        for name, net in held.items()
    }
    assert kept.told == [], "nobody is told of a lot that is as it was"
    kept.clock.move(timedelta(days=1))
    await kept.until(lambda: bool(kept.told))
    await kept.until(lambda: not any(kept.market.contracts_words(one) for one in ALL))
    (sentence,) = kept.told
    assert sentence == (
        "A lot of RELIANCE is 75 units today; copies were ordered in lots of 65. 3 accounts hold "
        "1,665 units. In F1, F2 it is no whole number of lots: an exit from here leaves the rest. "
        "Ask IIFL how it was adjusted, and close the rest there."
    )
    kept.clock.move(timedelta(minutes=6))
    await kept.until(lambda: len(kept.files.asked) >= 6)
    assert len(kept.told) == 1


async def test_an_exchange_without_any_file_is_named_and_holds_up_nobody(kept: Kept) -> None:
    kept.files.failing[NSE] = "The broker answered the NSEEQ contract file with HTTP 404."
    kept.files.gate.set()
    await kept.market.loaded()
    assert len(await kept.market.search("RELIANCE")) == 2
    assert "NSEEQ was never read" in await kept.market.contracts()
    assert len(kept.told) == 1
