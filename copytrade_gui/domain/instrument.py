"""What can be traded: one row of the broker's contract file in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class Exchange(StrEnum):
    """Exchange and segment, spelt as IIFL spells them (docs/broker.md 9.1)."""

    NSEEQ = "NSEEQ"
    NSEFO = "NSEFO"
    BSEEQ = "BSEEQ"
    BSEFO = "BSEFO"
    NSECURR = "NSECURR"
    BSECURR = "BSECURR"
    MCXCOMM = "MCXCOMM"
    NSECOMM = "NSECOMM"
    BSECOMM = "BSECOMM"
    NCDEXCOMM = "NCDEXCOMM"

    @property
    def house(self) -> str:
        """The exchange without its segment, as a trader says it."""
        for segment in ("EQ", "FO", "CURR", "COMM"):
            if self.value.endswith(segment):
                return self.value.removesuffix(segment)
        return self.value


LOT_QUOTED = frozenset({Exchange.MCXCOMM, Exchange.NSECOMM, Exchange.BSECOMM, Exchange.NCDEXCOMM})
"""Segments where the broker counts quantity in lots, not units (docs/broker.md 9.1)."""


class InstrumentKind(StrEnum):
    """What the instrument is, as far as checks and protection need to know."""

    EQUITY = "EQ"
    FUTURE = "FUT"
    CALL = "CE"
    PUT = "PE"
    INDEX = "INDEX"

    @property
    def is_option(self) -> bool:
        """True for calls and puts."""
        return self in (InstrumentKind.CALL, InstrumentKind.PUT)


class InstrumentKey(Struct, frozen=True, gc=False, cache_hash=True):
    """The pair that names an instrument at the broker."""

    exchange: Exchange
    instrument_id: str

    def __str__(self) -> str:
        return f"{self.exchange}:{self.instrument_id}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One contract. ``lot_size`` is units per lot, ``tick`` is rupees."""

    key: InstrumentKey
    symbol: str
    name: str
    underlying: str
    kind: InstrumentKind
    lot_size: int
    tick: Decimal
    strike: Decimal | None = None
    expiry: date | None = None

    @property
    def tradable(self) -> bool:
        """Indices are listed for their quotes and cannot be ordered."""
        return self.kind is not InstrumentKind.INDEX

    def expired(self, today: date) -> bool:
        """True from the day after the expiry day (IST date)."""
        return self.expiry is not None and self.expiry < today


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Prices in rupees outside of which the exchange takes no limit order (LPP), as last told.

    ``at_ns`` is our wall clock at receipt, UTC nanoseconds.
    """

    key: InstrumentKey
    low: Decimal
    high: Decimal
    at_ns: int


@dataclass(frozen=True, slots=True)
class Circuit:
    """An edge of an instrument's price band of the day in rupees, as the feed told it: the highest
    price that the exchange takes, or the lowest.

    ``at_ns`` is our wall clock at receipt, UTC nanoseconds.
    """

    key: InstrumentKey
    price: Decimal
    upper: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class DayBand:
    """The day's price band in rupees, as far as it is known; None where an edge is not."""

    low: Decimal | None = None
    high: Decimal | None = None

    def holds(self, price: Decimal) -> bool:
        """False for a price beyond an edge that is known."""
        below = self.low is not None and price < self.low
        return not below and not (self.high is not None and price > self.high)

    def nearest(self, price: Decimal) -> Decimal:
        """The price itself, or the edge that it is beyond."""
        if self.low is not None and price < self.low:
            return self.low
        return self.high if self.high is not None and price > self.high else price


NO_BAND = DayBand()


@dataclass(frozen=True, slots=True)
class Quote:
    """Last known prices in rupees. ``at_ns`` is our wall clock at receipt, UTC nanoseconds."""

    key: InstrumentKey
    last: Decimal
    bid: Decimal
    ask: Decimal
    previous_close: Decimal
    at_ns: int
