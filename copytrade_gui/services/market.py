"""Instruments from the contract files, and prices through a master's session."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, Quote
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Broker, BrokerFailureError, BrokerSession, Clock, InstrumentIndex

log = logging.getLogger(__name__)

_FRESH_NS = 1_000_000_000


class Market:
    """Implements ``MarketVerbs``."""

    def __init__(
        self, engine: Engine, broker: Broker, index: InstrumentIndex, clock: Clock
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._index = index
        self._clock = clock

    async def load(self, exchanges: Sequence[Exchange]) -> int:
        """Bring the index to today's contract files; returns how many instruments were loaded.

        Raises:
            BrokerFailureError: a file could not be had.
        """
        today = ist(self._clock.wall_ns()).date()
        count = 0
        for exchange in exchanges:
            if await self._index.day_of(exchange) == today:
                continue
            instruments = await self._broker.instruments(exchange, today)
            await self._index.put(exchange, today, instruments)
            count += len(instruments)
        return count

    async def search(self, text: str, limit: int = 30) -> tuple[Instrument, ...]:
        """Instruments that have all words of ``text``."""
        return await self._index.search(text, limit)

    async def instrument(self, key: InstrumentKey) -> Instrument | None:
        """One instrument by its key."""
        return await self._index.get(key)

    async def quote(self, key: InstrumentKey) -> Quote | None:
        """The newest quote; what cannot be fetched stays as old as it is."""
        quotes = self._engine.submission.quotes
        held = quotes.get(key)
        if held is not None and self._clock.wall_ns() - held.at_ns < _FRESH_NS:
            return held
        session = self._master_session()
        if session is None:
            return held
        try:
            for quote in await session.quotes([key]):
                quotes.put(quote)
        except BrokerFailureError as failure:
            log.info("no quote for %s: %s", key, failure)
        return quotes.get(key)

    def _master_session(self) -> BrokerSession | None:
        for lane in self._engine.lanes:
            if lane.account.role is Role.MASTER and lane.logged_in:
                return lane.session
        return None
