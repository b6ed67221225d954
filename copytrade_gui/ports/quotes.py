"""Prices, from one source for everybody who asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from copytrade_gui.domain.instrument import DayBand, InstrumentKey, Quote
from copytrade_gui.ports.world import Unsubscribe


class QuoteSource(Protocol):
    """The newest price of each instrument, whether it was asked for or came by itself."""

    def newest(self, key: InstrumentKey) -> Quote | None:
        """The newest quote, of any age."""

    def fresh_price(self, key: InstrumentKey) -> Decimal | None:
        """Rupees a unit if the quote is young enough to price an order, else None."""

    def day_band(self, key: InstrumentKey) -> DayBand:
        """What is known of the day's price band."""

    def hear(self, *listeners: Callable[[Quote], None]) -> Unsubscribe:
        """These hear every quote from now on, until the returned call is made.

        Listeners are called on the engine's loop and must return at once.
        """

    async def refresh(self, keys: Sequence[InstrumentKey]) -> None:
        """Read what is older than a second. Never raises for what the broker did: what cannot be
        read stays as old as it is.
        """
