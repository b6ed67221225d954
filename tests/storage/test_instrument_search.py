"""What a trader finds first when he types a name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex

TODAY = date(2026, 11, 30)


def share(exchange: Exchange, symbol: str) -> Instrument:
    return Instrument(
        key=InstrumentKey(exchange, f"{exchange}-{symbol}"),
        symbol=symbol,
        name="Reliance Industries",
        underlying="RELIANCE",
        kind=InstrumentKind.EQUITY,
        lot_size=1,
        tick=Decimal("0.05"),
    )


async def test_a_share_of_nse_stands_before_the_same_share_of_bse(tmp_path: Path) -> None:
    index = SqliteInstrumentIndex(tmp_path / "index.sqlite")
    try:
        await index.put(Exchange.BSEEQ, TODAY, [share(Exchange.BSEEQ, "RELIANCE")])
        await index.put(Exchange.NSEEQ, TODAY, [share(Exchange.NSEEQ, "RELIANCE-EQ")])
        for typed in ("reli", "RELIANCE", "re", "industries"):
            found = [one.symbol for one in await index.search(typed, 10)]
            assert found == ["RELIANCE-EQ", "RELIANCE"], typed
    finally:
        index.close()
