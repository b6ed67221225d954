"""The newest prices we hold, and how old they may be."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import Clock


class Quotes:
    """Last quotes by instrument; MARKET and SL-M orders are priced from them."""

    def __init__(self, clock: Clock, settings: EngineSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._quotes: dict[InstrumentKey, Quote] = {}

    def put(self, quote: Quote) -> None:
        """Keep the newest quote."""
        self._quotes[quote.key] = quote

    def get(self, key: InstrumentKey) -> Quote | None:
        """The newest quote, of any age."""
        return self._quotes.get(key)

    def fresh_price(self, key: InstrumentKey) -> Decimal | None:
        """Last price if its quote is young enough to price an order (5 s), else None."""
        quote = self._quotes.get(key)
        if quote is None:
            return None
        age_ms = (self._clock.wall_ns() - quote.at_ns) / 1e6
        return quote.last if age_ms <= self._settings.quote_age_ms else None
