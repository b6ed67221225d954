"""A search ranks strikes by the price of what they are on, asked for when nobody knows it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.domain.instrument import (
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
    Quote,
)
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Broker
from copytrade_gui.services.market import Market
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex

EXPIRY = date(2026, 12, 1)
FUTURE = InstrumentKey(Exchange.NSEFO, "future")
CHAIN = [
    Instrument(
        FUTURE, "NIFTY26DECFUT", "NIFTY", "NIFTY", InstrumentKind.FUTURE, 65, Decimal("0.05"),
        None, EXPIRY,
    ),
    *(
        Instrument(
            InstrumentKey(Exchange.NSEFO, f"{strike}"), f"NIFTY26DEC{strike}CE", "NIFTY", "NIFTY",
            InstrumentKind.CALL, 65, Decimal("0.05"), Decimal(strike), EXPIRY,
        )
        for strike in range(25_050, 27_051, 50)
    ),
]  # fmt: skip


def _quote(key: InstrumentKey) -> Quote:
    last = Decimal("25820.35")
    return Quote(key, last, last, last, last, 0)


class Prices:
    """The broker's quotes: one future, and how often it was asked for."""

    def __init__(self) -> None:
        self.known: dict[InstrumentKey, Quote] = {}
        self.asked: list[InstrumentKey] = []

    def newest(self, key: InstrumentKey) -> Quote | None:
        return self.known.get(key)

    async def refresh(self, keys: list[InstrumentKey]) -> None:
        self.asked += keys
        self.known |= {key: _quote(key) for key in keys}


async def test_the_first_search_of_a_chain_asks_once_what_its_future_costs(tmp_path: Path) -> None:
    prices = Prices()
    engine = cast("Engine", SimpleNamespace(quotes=prices))
    index = SqliteInstrumentIndex(tmp_path / "index.sqlite")
    try:
        await index.put(Exchange.NSEFO, EXPIRY, CHAIN)
        market = Market(engine, cast("Broker", None), index, SystemClock())
        for typed in ("nifty ce", "nif", "NIFTY CE"):
            found = await market.search(typed)
            strikes = [one.strike for one in found if one.strike is not None]
            assert strikes[:3] == [25_800, 25_850, 25_750], typed
        assert prices.asked == [FUTURE]
    finally:
        index.close()
