"""Market data of a session beyond the port: depth, open interest, candles, SPAN margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.mapping import margin_of, quote_of
from copytrade_gui.brokers.iifl.order_body import span_body
from copytrade_gui.brokers.iifl.scalar import Value, decimal, text, whole
from copytrade_gui.brokers.iifl.session_call import SessionCall
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import BrokerFailureError, Clock

_encode = msgspec.json.encode
_RowT = TypeVar("_RowT", bound=shapes.Row)
QUOTES_A_CALL = 100
"""Instruments in one quote request; the broker publishes no maximum."""


class Interval(StrEnum):
    """Candle lengths the broker knows (docs/broker.md 13)."""

    MINUTE = "1 minute"
    FIVE_MINUTES = "5 minutes"
    TEN_MINUTES = "10 minutes"
    QUARTER = "15 minutes"
    HALF_HOUR = "30 minutes"
    HOUR = "60 minutes"
    DAY = "1 day"
    WEEK = "weekly"
    MONTH = "monthly"


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the depth, in rupees, with the units and orders standing there."""

    price: Decimal
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Best bids and asks first, up to five each; totals in units."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    total_bid_quantity: int
    total_ask_quantity: int


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Open interest now and the day's bounds, in units."""

    now: int
    day_high: int
    day_low: int


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle; prices in rupees, ``at_text`` as the broker writes it (IST)."""

    at_text: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


@dataclass(frozen=True, slots=True)
class SpanMargin:
    """SPAN and exposure margin of a set of orders, in paise; positions are not considered."""

    span: Paise
    exposure: Paise
    total: Paise


class MarketReads:
    """Reads that need a session but concern the market. Every method raises BrokerFailureError."""

    def __init__(self, caller: SessionCall, clock: Clock) -> None:
        self._caller = caller
        self._clock = clock

    async def quotes(self, keys: Sequence[InstrumentKey]) -> tuple[Quote, ...]:
        """Last prices; instruments the broker has no price for are left out."""
        found: list[Quote] = []
        for start in range(0, len(keys), QUOTES_A_CALL):
            part = keys[start : start + QUOTES_A_CALL]
            rows = await self._caller.rows(
                "POST",
                shapes.QUOTES,
                shapes.QuoteRow,
                "quotes",
                body=_encode([_named(key) for key in part]),
            )
            at_ns = self._clock.wall_ns()
            wanted = set(part)
            quotes = (quote_of(row, at_ns) for row in rows)
            found += [quote for quote in quotes if quote is not None and quote.key in wanted]
        return tuple(found)

    async def depth(self, key: InstrumentKey) -> Depth:
        """Market depth of one instrument."""
        row = await self._one(shapes.DEPTH, shapes.DepthRow, "market depth", _encode(_named(key)))
        return Depth(
            bids=_levels(row.market_depth.bids),
            asks=_levels(row.market_depth.asks),
            total_bid_quantity=whole(row.total_bid_quantity) or 0,
            total_ask_quantity=whole(row.total_ask_quantity) or 0,
        )

    async def open_interest(self, key: InstrumentKey) -> OpenInterest:
        """Open interest of one future or option."""
        what = "open interest"
        row = await self._one(
            shapes.OPEN_INTEREST, shapes.OpenInterestRow, what, _encode(_named(key))
        )
        now = whole(row.open_interest)
        if now is None:
            raise _incomplete(what)
        return OpenInterest(now, whole(row.day_high_oi) or now, whole(row.day_low_oi) or now)

    async def candles(
        self, key: InstrumentKey, interval: Interval, first: date, last: date
    ) -> tuple[Candle, ...]:
        """Candles from ``first`` to ``last`` (IST dates, both included), oldest first."""
        rows = await self._caller.rows(
            "POST",
            shapes.CANDLES,
            shapes.CandlesRow,
            "price history",
            body=_encode(
                shapes.CandlesBody(
                    exchange=key.exchange.value,
                    instrument_id=key.instrument_id,
                    interval=interval.value,
                    from_date=broker_date(first),
                    to_date=broker_date(last),
                )
            ),
        )
        candles = [_candle(values) for row in rows for values in row.candles]
        if None in candles:
            raise _incomplete("price history")
        return tuple(candle for candle in candles if candle is not None)

    async def span_margin(self, legs: Sequence[OrderTerms]) -> SpanMargin:
        """SPAN and exposure margin of orders, as if the account held nothing."""
        what = "SPAN margin"
        row = await self._one(shapes.SPAN, shapes.SpanRow, what, span_body(list(legs)))
        span, exposure = margin_of(row.span), margin_of(row.exposure_margin)
        total = margin_of(row.total_margin)
        if span is None or exposure is None or total is None:
            raise _incomplete(what)
        return SpanMargin(span, exposure, total)

    async def _one(self, path: str, kind: type[_RowT], what: str, body: bytes) -> _RowT:
        rows = await self._caller.rows("POST", path, kind, what, body=body)
        if len(rows) != 1:
            raise _incomplete(what)
        return rows[0]


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def broker_date(day: date) -> str:
    """Write a date as ``DD-Mon-YYYY``, whatever the machine's language."""
    return f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year:04d}"


def _incomplete(what: str) -> BrokerFailureError:
    return BrokerFailureError(f"The broker's {what} is incomplete. Try again in a minute.")


def _named(key: InstrumentKey) -> shapes.InstrumentBody:
    return shapes.InstrumentBody(exchange=key.exchange.value, instrument_id=key.instrument_id)


def _levels(rows: list[shapes.LevelRow]) -> tuple[Level, ...]:
    levels: list[Level] = []
    for row in rows:
        price, quantity = decimal(row.price), whole(row.quantity)
        if price is not None and quantity is not None and price > 0:
            levels.append(Level(price, quantity, whole(row.orders) or 0))
    return tuple(levels)


def _candle(values: list[Value]) -> Candle | None:
    if len(values) < 5:
        return None
    at_text = text(values[0])
    prices = [decimal(value) for value in values[1:5]]
    opened, high, low, close = prices
    volume = whole(values[5]) if len(values) > 5 else 0
    if opened is None or high is None or low is None or close is None or volume is None:
        return None
    return Candle(at_text, opened, high, low, close, volume)
