"""Time, chance, news and the contract files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from copytrade_gui.domain.events import Event
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Forget it; harmless after it ran."""


class Clock(Protocol):
    """Time. Durations use the monotonic clock, records the wall clock."""

    def wall_ns(self) -> int:
        """UTC nanoseconds since 1970."""

    def mono_ns(self) -> int:
        """Monotonic nanoseconds."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Run ``call`` on this loop later."""


class Chance(Protocol):
    """Randomness, for jitter only; nothing that names or orders a record is random."""

    def uniform(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``."""


FaultPoint = Callable[[str], None]
"""Called with a point's name as the engine passes it; tests stop the program there."""

Unsubscribe = Callable[[], None]


class EventSource(Protocol):
    """News. Listeners are called on the engine's loop and must return at once."""

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Hear every event from now on, until the returned call is made."""


class InstrumentIndex(Protocol):
    """The contract files, searchable."""

    async def put(self, exchange: Exchange, day: date, instruments: Sequence[Instrument]) -> None:
        """Replace what is known of one exchange by the contract file of ``day`` (IST date)."""

    async def day_of(self, exchange: Exchange) -> date | None:
        """Which day's contract file is held for an exchange, None if there is none."""

    async def underlyings(self, exchange: Exchange) -> frozenset[str]:
        """What the contracts of an exchange are on."""

    async def search(
        self, text: str, limit: int, levels: Mapping[str, Decimal] | None = None
    ) -> tuple[Instrument, ...]:
        """Instruments that have every word of ``text`` in symbol or name, best match first.

        ``levels`` are prices in rupees of underlyings: their strikes stand the nearest first.
        """

    async def get(self, key: InstrumentKey) -> Instrument | None:
        """One instrument."""
