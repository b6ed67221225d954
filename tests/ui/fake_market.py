"""Instruments and prices from memory."""

from copytrade_gui.domain.instrument import Instrument, InstrumentKey, Quote
from tests.ui import people


class FakeMarket:
    lacking = ""

    async def search(self, text: str, limit: int = 30) -> tuple[Instrument, ...]:
        words = text.casefold().split()
        found = [
            one for one in people.INSTRUMENTS
            if all(word in f"{one.symbol} {one.name}".casefold() for word in words)
        ]  # fmt: skip
        return tuple(found[:limit])

    async def contracts(self) -> str:
        return self.lacking

    async def instrument(self, key: InstrumentKey) -> Instrument | None:
        return next((one for one in people.INSTRUMENTS if one.key == key), None)

    async def quote(self, key: InstrumentKey) -> Quote | None:
        found = await self.instrument(key)
        return people.quote(found, people.NOW_NS) if found else None
