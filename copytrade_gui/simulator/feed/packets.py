"""The binary packets of the market feed (docs/broker.md 11.3), all little-endian."""

import struct

from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.quotes import Level, Snapshot
from copytrade_gui.simulator.rupees import UNIT

_HEAD = struct.Struct("<iIIiiiiiHIiIiIIii")
_LEVEL = struct.Struct("<Iihh")
_INTEREST = struct.Struct("<iiii")
_STATUS = struct.Struct("<h")
_TRIPLE = struct.Struct("<IIi")
_NO_LEVEL = Level(0, 0, 0)


def divisor_of(instrument: Instrument) -> int:
    """What the whole numbers of its packets are to be divided by: 100, but for currencies."""
    return 100 if instrument.tick % 100 == 0 else UNIT


def market_packet(tick: Snapshot, divisor: int, *, reserved: int = 0) -> bytes:
    """The 188 bytes of an instrument; prices of the snapshot in ten-thousandths of a rupee."""
    bids = (*tick.bids, *(_NO_LEVEL,) * 5)[:5]
    asks = (*tick.asks, *(_NO_LEVEL,) * 5)[:5]
    unit = UNIT // divisor
    head = _HEAD.pack(
        tick.last // unit, tick.last_quantity, tick.volume, tick.high // unit, tick.low // unit,
        tick.opening // unit, tick.close // unit, tick.average // unit, reserved,
        bids[0].quantity, bids[0].price // unit, asks[0].quantity, asks[0].price // unit,
        tick.total_bid, tick.total_ask, divisor, tick.at_s,
    )  # fmt: skip
    levels = (
        _LEVEL.pack(level.quantity, level.price // unit, level.orders, 0) for level in bids + asks
    )
    return b"".join((head, *levels, b"\0\0"))


def interest_packet(now: int, high: int, low: int, previous: int) -> bytes:
    """Open interest: now, the day's highest and lowest, and the day before's."""
    return _INTEREST.pack(now, high, low, previous)


def status_packet(code: int) -> bytes:
    """The state of a segment: 2 market opened, 7 market closed."""
    return _STATUS.pack(code)


def price_packet(instrument_id: int, price: int, divisor: int) -> bytes:
    """An instrument that reached a circuit or a 52-week mark, at a price in ten-thousandths."""
    return _TRIPLE.pack(instrument_id, price * divisor // UNIT, divisor)


def limits_packet(high: int, low: int, divisor: int) -> bytes:
    """The band (limit price protection) in which the exchange takes limit orders now."""
    return _TRIPLE.pack(high * divisor // UNIT, low * divisor // UNIT, divisor)
