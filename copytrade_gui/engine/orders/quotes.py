"""The newest price of each instrument: what guards, ticket and profit and loss all hear."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.instrument import Circuit, DayBand, InstrumentKey, PriceRange, Quote
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import BrokerFailureError, BrokerSession, Clock, Unsubscribe

log = logging.getLogger(__name__)

_YOUNG_NS = 1_000_000_000
_WATCHED_NS = 60_000_000_000
_RANGE_NS = 60_000_000_000
_CIRCUIT_NS = 15 * 60_000_000_000
"""An edge of the day's band that was reached may be moved by the exchange after so long."""


class Prices(Struct, frozen=True):
    """What is known of an instrument's price at one moment, in rupees; None where it is not.

    ``fresh`` is young enough to price an order by (5 s), ``close`` the previous close, ``taken``
    what the exchange takes of a limit order, and ``band`` the day's.
    """

    fresh: Decimal | None
    close: Decimal | None
    taken: PriceRange | None
    band: DayBand


class Quotes:
    """``QuoteSource``: quotes that are put in, and quotes that are read through a session.

    A master's where one is logged in, else a follower's, who may have to be squared off. MARKET
    and SL-M orders are priced from them.
    """

    def __init__(self, lanes: Lanes, clock: Clock, settings: EngineSettings) -> None:
        self._lanes = lanes
        self._clock = clock
        self._settings = settings
        self._newest: dict[InstrumentKey, Quote] = {}
        self._ranges: dict[InstrumentKey, PriceRange] = {}
        self._circuits: dict[tuple[InstrumentKey, bool], Circuit] = {}
        self._listeners: tuple[Callable[[Quote], None], ...] = ()
        self._asked: dict[InstrumentKey, int] = {}
        self._watched: tuple[BrokerSession | None, tuple[InstrumentKey, ...]] = (None, ())

    def put(self, quote: Quote) -> None:
        """Keep a quote and tell who hears them, unless a newer one is here."""
        held = self._newest.get(quote.key)
        if held is not None and held.at_ns > quote.at_ns:
            return
        self._newest[quote.key] = quote
        if self._circuits:
            self._forget_passed(quote)
        for listener in self._listeners:
            try:
                listener(quote)
            except Exception:
                log.exception("a listener of quotes failed")  # the price is a price all the same

    def hear(self, *listeners: Callable[[Quote], None]) -> Unsubscribe:
        """These hear every quote from now on, until the returned call is made."""
        self._listeners += listeners

        def stop() -> None:
            self._listeners = tuple(one for one in self._listeners if one not in listeners)

        return stop

    def put_range(self, found: PriceRange) -> None:
        """Keep the prices that the exchange takes."""
        self._ranges[found.key] = found

    def price_range(self, key: InstrumentKey) -> PriceRange | None:
        """The prices that the exchange takes, as told in the last minute, else None: it moves."""
        found = self._ranges.get(key)
        if found is None or self._clock.wall_ns() - found.at_ns > _RANGE_NS:
            return None
        return found

    def put_circuit(self, found: Circuit) -> None:
        """Keep an edge of the day's price band."""
        self._circuits[found.key, found.upper] = found

    def day_band(self, key: InstrumentKey) -> DayBand:
        """What is known of the day's price band."""
        return DayBand(self._edge(key, upper=False), self._edge(key, upper=True))

    def _edge(self, key: InstrumentKey, *, upper: bool) -> Decimal | None:
        found = self._circuits.get((key, upper))
        if found is None or self._clock.wall_ns() - found.at_ns > _CIRCUIT_NS:
            return None
        return found.price

    def _forget_passed(self, quote: Quote) -> None:
        """It trades beyond an edge, so the exchange has moved that."""
        for upper in (False, True):
            found = self._circuits.get((quote.key, upper))
            if found is None:
                continue
            beyond = quote.last > found.price if upper else quote.last < found.price
            if beyond:
                del self._circuits[quote.key, upper]

    def known(self, key: InstrumentKey) -> Prices:
        """All that is known of an instrument's price now."""
        quote = self._newest.get(key)
        close = None if quote is None else quote.previous_close
        return Prices(self.fresh_price(key), close, self.price_range(key), self.day_band(key))

    def newest(self, key: InstrumentKey) -> Quote | None:
        """The newest quote, of any age."""
        return self._newest.get(key)

    def fresh_price(self, key: InstrumentKey) -> Decimal | None:
        """Last price if its quote is young enough to price an order (5 s), else None."""
        quote = self._newest.get(key)
        if quote is None:
            return None
        age_ms = (self._clock.wall_ns() - quote.at_ns) / 1e6
        return quote.last if age_ms <= self._settings.quote_age_ms else None

    async def refresh_within(self, keys: Sequence[InstrumentKey], seconds: float) -> None:
        """The same, for whoever waits for a price no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.refresh(keys)

    async def refresh(self, keys: Sequence[InstrumentKey]) -> None:
        """Read what is older than a second; what cannot be read stays as old as it is."""
        now_ns = self._clock.wall_ns()
        old = [
            key
            for key in keys
            if (held := self._newest.get(key)) is None or now_ns - held.at_ns >= _YOUNG_NS
        ]
        session = self._session()
        if session is None:
            return
        self._watch(session, keys, now_ns)
        if not old:
            return
        try:
            for quote in await session.quotes(old):
                self.put(quote)
        except BrokerFailureError as failure:
            log.info("no quotes for %s: %s", ", ".join(map(str, old)), failure)

    def _watch(self, session: BrokerSession, keys: Sequence[InstrumentKey], now_ns: int) -> None:
        """Have what was asked for in the last minute told by the broker, if it does that."""
        self._asked.update(dict.fromkeys(keys, now_ns))
        self._asked = {key: at for key, at in self._asked.items() if now_ns - at < _WATCHED_NS}
        watched = (session, tuple(self._asked))
        if watched != self._watched:
            self._watched = watched
            session.watch_quotes(watched[1])

    def _session(self) -> BrokerSession | None:
        follower = None
        for lane in self._lanes:
            if lane.logged_in:
                if lane.account.master:
                    return lane.session
                follower = follower or lane.session
        return follower
