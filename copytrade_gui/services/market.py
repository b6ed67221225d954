"""Instruments from the contract files, and prices through a master's session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from copytrade_gui.domain.calendar import contract_day
from copytrade_gui.domain.contract_days import NO_CONTRACT_DAYS, ContractDays
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.instrument import (
    Exchange,
    Instrument,
    InstrumentKey,
    InstrumentKind,
    Quote,
)
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Broker, BrokerFailureError, Clock, InstrumentIndex
from copytrade_gui.services.changed_lots import changed_lots

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0
_LEVEL_EVERY_NS = 30 * 1_000_000_000
_LEVEL_WAIT_S = 0.25
"""So long a search waits for the price that its strikes are ranked by."""
_AGAIN_AFTER_NS = 300 * 1_000_000_000


class Market:
    """Implements ``MarketVerbs``."""

    def __init__(
        self, engine: Engine, broker: Broker, index: InstrumentIndex, clock: Clock
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._index = index
        self._clock = clock
        self._first_round = asyncio.Event()
        self._awaited: dict[Exchange, None] = {}
        self._days = NO_CONTRACT_DAYS
        """Of which day the contracts in the index are."""
        self._missing: dict[Exchange, str] = {}
        self._again_ns: dict[Exchange, int] = {}
        self._told: dict[Exchange, tuple[date, str]] = {}
        self._known: dict[Exchange, date] = {}
        self._lots_of: dict[Exchange, date] = {}
        """Of which day the lots are that copies were compared with."""
        self._futures: dict[str, InstrumentKey] = {}
        """The nearest future of what option chains are on."""
        self._level_asked_ns: dict[str, int] = {}
        self._asking: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ contract files

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """Keep the index at the day's contract files, each exchange alone. Runs until cancelled.

        A new day's are loaded when it begins, and what could not be had is asked for again.
        """
        self._awaited = dict.fromkeys(exchanges)
        try:
            for exchange in exchanges:  # until today's are there, orders are judged by what is held
                held = await self._index.day_of(exchange)
                if held is not None:
                    self._are_of(exchange, held)
            while True:
                for exchange in exchanges:
                    await self._load(exchange)
                    self._awaited.pop(exchange, None)
                self._first_round.set()
                await self._clock.sleep(_LOOK_EVERY_S)
        finally:
            self._first_round.set()  # nobody waits for what does not come any more

    async def loaded(self) -> None:
        """Waits until every exchange's file was asked for once."""
        await self._first_round.wait()

    def contracts_words(self, exchange: Exchange) -> str:
        """How old an exchange's contracts are, where they are not of today; else empty."""
        today = contract_day(self._clock.wall_ns())
        if exchange in self._missing:
            return f"The contract file of {exchange} was never read: {self._missing[exchange]}"
        age = self._days.age(exchange, today)
        return age and f"{age}: today's file could not be used. Check lot size and expiry."

    async def _load(self, exchange: Exchange) -> None:
        today, mono_ns = contract_day(self._clock.wall_ns()), self._clock.mono_ns()
        held = await self._index.day_of(exchange)
        if held == today:
            self._are_of(exchange, held)
            await self._tell_underlyings(exchange)
            await self._tell_changed_lots(exchange)
            return
        if mono_ns < self._again_ns.get(exchange, 0):
            return
        self._again_ns[exchange] = mono_ns + _AGAIN_AFTER_NS
        try:
            found = await self._broker.contracts(exchange, today)
        except BrokerFailureError as failure:
            if held is None:
                self._missing[exchange] = str(failure)
            self._tell_problem(exchange, str(failure))
            return
        day = found.day if held is None else max(held, found.day)
        if day != held:
            await self._index.put(exchange, found.day, found.instruments)
            self._known.pop(exchange, None)
            log.info("%s: %d instruments loaded", exchange, len(found.instruments))
        self._missing.pop(exchange, None)
        self._are_of(exchange, day)
        await self._tell_underlyings(exchange)
        await self._tell_changed_lots(exchange)
        if found.problem:
            self._tell_problem(exchange, found.problem)
        else:
            self._told.pop(exchange, None)

    def _are_of(self, exchange: Exchange, day: date) -> None:
        self._days = ContractDays({**self._days.days, exchange: day})
        self._engine.exits.contracts = self._days
        self._futures.clear()
        self._level_asked_ns.clear()

    async def _tell_underlyings(self, exchange: Exchange) -> None:
        """A share with derivatives ends its day in the closing auction."""
        if exchange is not Exchange.NSEFO:
            return
        day = self._days.days[exchange]
        if self._known.get(exchange) != day:
            self._engine.hours.auctioned = await self._index.underlyings(exchange) or None
            self._known[exchange] = day

    async def _tell_changed_lots(self, exchange: Exchange) -> None:
        """Once a day, and at a start: an exit closes whole lots only."""
        day = self._days.days[exchange]
        if self._lots_of.get(exchange) == day:
            return
        self._lots_of[exchange] = day
        copies = self._engine.copies
        held = {
            key: copy for key, copy in copies.held().items() if key.instrument.exchange is exchange
        }
        found = [await self._index.get(key) for key in {key.instrument for key in held}]
        today = {one.key: one for one in found if one is not None}
        for sentence in changed_lots(held, copies.instruments, today).values():
            self._engine.book.alarm("lot_changed", sentence, severity=Severity.WARNING)

    def _tell_problem(self, exchange: Exchange, problem: str) -> None:
        """Once for each problem of a day."""
        day = contract_day(self._clock.wall_ns())
        if self._told.get(exchange) == (day, problem):
            return
        self._told[exchange] = (day, problem)
        kept = self.contracts_words(exchange) or f"There are no contracts of {exchange}."
        self._engine.book.alarm(
            "contracts",
            f"{problem} {kept} It is asked for again every 5 minutes.",
            severity=Severity.WARNING,
        )

    # ------------------------------------------------------------ instruments and prices

    async def contracts(self) -> str:
        """What the search lacks: files that still come in, were never read, or are not of today."""
        if self._awaited:
            return f"Contract files are still being read: {', '.join(self._awaited)}."
        said = (self.contracts_words(exchange) for exchange in (*self._days.days, *self._missing))
        return " ".join(filter(None, said))

    async def search(self, text: str, limit: int = 30) -> tuple[Instrument, ...]:
        """Instruments that have all words of ``text``; of a chain the strikes at the money first.

        A price that nobody asked for lately is waited for a moment; without one the strikes are
        ranked by the middle of those that are listed.
        """
        found = await self._index.search(text, limit, self._levels())
        if await self._ask_levels({one.underlying for one in found if one.strike is not None}):
            found = await self._index.search(text, limit, self._levels())
        return found

    def _levels(self) -> dict[str, Decimal]:
        """The last price of what option chains are on, in rupees, as far as it is known."""
        quotes = {name: self._engine.quotes.newest(key) for name, key in self._futures.items()}
        return {name: quote.last for name, quote in quotes.items() if quote is not None}

    async def _ask_levels(self, underlyings: set[str]) -> bool:
        """Ask for prices that nobody asked for lately; True if one has changed in a moment."""
        now_ns, before = self._clock.mono_ns(), self._levels()
        due = [
            name
            for name in underlyings
            if now_ns - self._level_asked_ns.get(name, -_LEVEL_EVERY_NS) >= _LEVEL_EVERY_NS
        ]
        if not due:
            return False
        for name in due:
            self._level_asked_ns[name] = now_ns
            if name not in self._futures:
                found = await self._index.search(f"{name} {InstrumentKind.FUTURE}", 1)
                if found and found[0].underlying == name:
                    self._futures[name] = found[0].key
        keys = [self._futures[name] for name in due if name in self._futures]
        self._asking = asyncio.create_task(self._engine.quotes.refresh(keys))
        over = asyncio.create_task(self._clock.sleep(_LEVEL_WAIT_S))
        await asyncio.wait((self._asking, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        return self._levels() != before

    async def instrument(self, key: InstrumentKey) -> Instrument | None:
        """One instrument by its key."""
        return await self._index.get(key)

    async def quote(self, key: InstrumentKey) -> Quote | None:
        """The newest quote; what cannot be fetched stays as old as it is."""
        await self._engine.quotes.refresh([key])
        return self._engine.quotes.newest(key)
