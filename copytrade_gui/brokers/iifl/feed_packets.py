"""The feed's binary packets (docs/broker.md 11.3): little-endian, integers and their divisor."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.market_status import MarketPhase

_MARKET = struct.Struct("<iIIiiiiiHIiIiIIii")
_LEVEL = struct.Struct("<Iihh")
_LEVELS_A_SIDE = 5
MARKET_BYTES = 188
_INTEREST = struct.Struct("<iiii")
_STATUS = struct.Struct("<h")
_MARK = struct.Struct("<IIi")
_PROTECTION = struct.Struct("<IIi")
_USUAL_DIVISOR = 100
_PHASES = (
    MarketPhase.PRE_OPEN, MarketPhase.PRE_OPEN_OVER, MarketPhase.OPEN,
    MarketPhase.CALL_AUCTION, MarketPhase.CALL_AUCTION_OVER,
    MarketPhase.AUCTION, MarketPhase.AUCTION_OVER, MarketPhase.CLOSED,
    MarketPhase.CLOSING, MarketPhase.CLOSING_OVER, MarketPhase.HALTED,
)  # fmt: skip
"""By the broker's code, 0 to 10."""


class PacketError(ValueError):
    """The bytes are not a packet of this kind. The text says why, without quoting them."""


@dataclass(frozen=True, slots=True)
class FeedLevel:
    """One price of the depth in rupees, with the units and orders standing there."""

    quantity: int
    price: Decimal
    orders: int


@dataclass(frozen=True, slots=True)
class MarketPacket:
    """Prices in rupees, quantities in units, ``last_traded_s`` Unix seconds UTC.

    ``close`` is the previous close. The packet does not say of which instrument it is.
    """

    last: Decimal
    last_quantity: int
    volume: int
    high: Decimal
    low: Decimal
    open: Decimal
    close: Decimal
    average: Decimal
    bid: Decimal
    bid_quantity: int
    ask: Decimal
    ask_quantity: int
    total_bid_quantity: int
    total_ask_quantity: int
    last_traded_s: int
    bids: tuple[FeedLevel, ...]
    asks: tuple[FeedLevel, ...]


@dataclass(frozen=True, slots=True)
class OpenInterestPacket:
    """Open interest now, its highest and lowest of the day, and yesterday's."""

    now: int
    day_high: int
    day_low: int
    previous: int


@dataclass(frozen=True, slots=True)
class MarkPacket:
    """A price in rupees that an instrument reached: a circuit, or a 52-week high or low."""

    instrument_id: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class PriceProtectionPacket:
    """Limits in rupees outside of which the exchange takes no order."""

    high: Decimal
    low: Decimal


def read_market(packet: bytes) -> MarketPacket:
    """Read a packet of an instrument or index.

    Raises:
        PacketError: of another length.
    """
    if len(packet) != MARKET_BYTES:
        raise PacketError(f"a market packet has {MARKET_BYTES} bytes, not {len(packet)}")
    (
        last, last_quantity, volume, high, low, open_, close, average, _reserved,
        bid_quantity, bid, ask_quantity, ask, total_bid, total_ask, divisor, traded_s,
    ) = _MARKET.unpack_from(packet)  # fmt: skip
    levels = [
        FeedLevel(quantity, _rupees(price, divisor), orders)
        for quantity, price, orders, _side in _LEVEL.iter_unpack(
            packet[_MARKET.size : _MARKET.size + 2 * _LEVELS_A_SIDE * _LEVEL.size]
        )
    ]
    return MarketPacket(
        last=_rupees(last, divisor),
        last_quantity=last_quantity,
        volume=volume,
        high=_rupees(high, divisor),
        low=_rupees(low, divisor),
        open=_rupees(open_, divisor),
        close=_rupees(close, divisor),
        average=_rupees(average, divisor),
        bid=_rupees(bid, divisor),
        bid_quantity=bid_quantity,
        ask=_rupees(ask, divisor),
        ask_quantity=ask_quantity,
        total_bid_quantity=total_bid,
        total_ask_quantity=total_ask,
        last_traded_s=traded_s,
        bids=tuple(levels[:_LEVELS_A_SIDE]),
        asks=tuple(levels[_LEVELS_A_SIDE:]),
    )


def read_open_interest(packet: bytes) -> OpenInterestPacket:
    """Read a packet of open interest.

    Raises:
        PacketError: of another length.
    """
    return OpenInterestPacket(*_whole(_INTEREST, packet, "open interest"))


def read_market_status(packet: bytes) -> MarketPhase:
    """Read what a segment's market does.

    Raises:
        PacketError: of another length, or a code that is not known.
    """
    (code,) = _whole(_STATUS, packet, "market status")
    if not 0 <= code < len(_PHASES):
        raise PacketError(f"market status {code} is not known")
    return _PHASES[code]


def read_mark(packet: bytes) -> MarkPacket:
    """Read a circuit, or a 52-week high or low.

    Raises:
        PacketError: of another length.
    """
    number, value, divisor = _whole(_MARK, packet, "circuit")
    return MarkPacket(str(number), _rupees(value, divisor))


def read_price_protection(packet: bytes) -> PriceProtectionPacket:
    """Read the limits of the exchange's price protection.

    Raises:
        PacketError: of another length.
    """
    high, low, divisor = _whole(_PROTECTION, packet, "price protection")
    return PriceProtectionPacket(_rupees(high, divisor), _rupees(low, divisor))


def _whole(layout: struct.Struct, packet: bytes, what: str) -> tuple[int, ...]:
    if len(packet) != layout.size:
        raise PacketError(f"a packet of {what} has {layout.size} bytes, not {len(packet)}")
    return layout.unpack(packet)


def _rupees(price: int, divisor: int) -> Decimal:
    return Decimal(price) / (divisor if divisor > 0 else _USUAL_DIVISOR)
