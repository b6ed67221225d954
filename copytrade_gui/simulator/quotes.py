"""Market data calls: quotes, depth, open interest, candles. All follow from the price paths."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.hours import CLOSING, OPENING
from copytrade_gui.simulator.instruments import Instrument, InstrumentList
from copytrade_gui.simulator.ist import (
    NS,
    date_of,
    day_number,
    day_of,
    day_start,
    iso_stamp,
    parse_date,
    stamp,
)
from copytrade_gui.simulator.prices import Prices, slot_of
from copytrade_gui.simulator.terms import RefusedError

_MINUTES = {
    "1 minute": 1, "5 minutes": 5, "10 minutes": 10,
    "15 minutes": 15, "30 minutes": 30, "60 minutes": 60,
}  # fmt: skip
_LONG = {"1 day", "weekly", "monthly"}
_RANGE_DAYS = {"minutes": 31, "long": 2000}
"""Longest history per call; the broker's own limit is not published."""


def _bits(instrument: Instrument, slot: int, spice: int) -> int:
    """A number that looks random and is not, for volumes and queue lengths."""
    return ((instrument.id * 2_654_435_761 + slot * 40_503 + spice * 97_561) >> 7) & 0xFFFF


class Level(NamedTuple):
    """One price of the order book, in ten-thousandths of a rupee."""

    quantity: int
    price: int
    orders: int


class Snapshot(NamedTuple):
    """All that is quoted of one instrument at one moment. Prices in ten-thousandths of a rupee."""

    last: int
    last_quantity: int
    volume: int
    opening: int
    high: int
    low: int
    close: int
    """Of the day before."""
    average: int
    bids: tuple[Level, ...]
    """Best first."""
    asks: tuple[Level, ...]
    total_bid: int
    total_ask: int
    at_s: int
    """Seconds since the epoch, UTC."""


class MarketData:
    """Answers the four market data calls for one broker."""

    def __init__(self, instruments: InstrumentList, prices: Prices) -> None:
        self._instruments = instruments
        self._prices = prices

    def snapshot(self, instrument: Instrument, now: int) -> Snapshot:
        """What calls and feed tell of an instrument now."""
        slot = slot_of(now)
        last = self._prices.last(instrument, slot)
        opening, high, low = self._day_range(instrument, now, last)
        bid, ask = self._prices.bid(instrument, slot), self._prices.ask(instrument, slot)
        bids = [self._level(instrument, slot, p, bid - p * instrument.tick) for p in range(5)]
        asks = [self._level(instrument, slot, p + 5, ask + p * instrument.tick) for p in range(5)]
        return Snapshot(
            last,
            (1 + _bits(instrument, slot, 1) % 40) * instrument.lot,
            self._volume(instrument, now),
            opening,
            high,
            low,
            self._prices.previous_close(instrument, now),
            (opening + high + low + last) // 4,
            tuple(level for level in bids if level.price > 0),
            tuple(asks),
            sum(level.quantity for level in bids) * 37,
            sum(level.quantity for level in asks) * 35,
            slot,
        )

    def quote(self, instrument: Instrument, now: int) -> dict[str, object]:
        """One element of a quotes reply, prices in rupees."""
        tick = self.snapshot(instrument, now)
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "ltp": rupees.number(tick.last),
            "lastTradedQuantity": tick.last_quantity,
            "averageTradedPrice": rupees.number(tick.average),
            "tradedVolume": tick.volume,
            "open": rupees.number(tick.opening),
            "high": rupees.number(tick.high),
            "low": rupees.number(tick.low),
            "close": rupees.number(tick.close),
            "bestBidPrice": rupees.number(tick.bids[0].price),
            "bestBidQuantity": tick.bids[0].quantity,
            "bestAskPrice": rupees.number(tick.asks[0].price),
            "bestAskQuantity": tick.asks[0].quantity,
            "totalBidQuantity": tick.total_bid,
            "totalAskQuantity": tick.total_ask,
            "tickTimestamp": stamp(now),
        }

    def depth(self, instrument: Instrument, now: int) -> dict[str, object]:
        """Five levels on each side."""
        tick = self.snapshot(instrument, now)
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "totalBidQuantity": tick.total_bid,
            "totalAskQuantity": tick.total_ask,
            "marketDepth": {
                side: [
                    {"price": rupees.number(one.price), "quantity": one.quantity,
                     "orders": one.orders}
                    for one in levels
                ]
                for side, levels in (("bids", tick.bids), ("asks", tick.asks))
            },
        }  # fmt: skip

    def interest_of(self, instrument: Instrument, now: int) -> tuple[int, int, int, int]:
        """Open interest of a derivative now, its highest and lowest of the day, and yesterday's."""
        if not instrument.derivative:
            return 0, 0, 0, 0
        base = (20_000 + _bits(instrument, 0, 3)) * instrument.lot
        more = (_bits(instrument, slot_of(now) // 60, 4) % 500) * instrument.lot
        return base + more, base + 500 * instrument.lot, base, base

    def interest(self, instrument: Instrument, now: int) -> dict[str, object]:
        """Open interest of a derivative; zero for anything else."""
        current, high, low, _ = self.interest_of(instrument, now)
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "openInterest": current,
            "dayHighOi": high,
            "dayLowOi": low,
        }

    def candles(self, request: Mapping[str, object], now: int) -> list[list[object]]:
        """Candles of a history request: time, open, high, low, close, volume.

        Raises:
            RefusedError: EC801 to EC810, EC900, EC901, EC941, EC946, EC947.
        """
        instrument = self.find(request)
        interval, first, last = self._history_terms(request)
        today = day_number(now)
        rows: list[list[object]] = []
        if interval in _MINUTES:
            step = _MINUTES[interval] * 60
            for day in range(day_of(first), min(day_of(last), today) + 1):
                if date_of(day).weekday() < 5:
                    start = slot_of(day_start(day))
                    for opening in range(start + OPENING, start + CLOSING, step):
                        end = min(opening + step, start + CLOSING)
                        if opening <= slot_of(now):
                            rows.append(self._candle(instrument, opening, end))
            return rows
        period = first
        while period <= last and day_of(period) <= today:
            after = _next_period(period, interval)
            if interval != "1 day" or period.weekday() < 5:
                start = slot_of(day_start(day_of(period))) + OPENING
                end = slot_of(day_start(day_of(after) - 1)) + CLOSING
                rows.append(self._candle(instrument, start, min(end, slot_of(now))))
            period = after
        return rows

    def find(self, request: Mapping[str, object]) -> Instrument:
        """The instrument that a market data request names; `InstrumentId` is accepted too."""
        exchange = request.get("exchange")
        number = request.get("instrumentId", request.get("InstrumentId"))
        if not exchange:
            raise RefusedError("EC900")
        if number is None or number == "":
            raise RefusedError("EC941")
        key = str(number)
        if not key.isascii() or not key.isdigit():
            if exchange != "NCDEXCOMM":
                raise RefusedError("EC946")
        elif int(key) <= 0:
            raise RefusedError("EC808")
        found = self._instruments.find(str(exchange), key)
        if found is None:
            raise RefusedError("EC947")
        return found

    def _history_terms(self, request: Mapping[str, object]) -> tuple[str, date, date]:
        interval = request.get("interval")
        if not interval:
            raise RefusedError("EC801")
        if interval not in _MINUTES and interval not in _LONG:
            raise RefusedError("EC802")
        days = []
        for name, missing, invalid in (
            ("fromDate", "EC803", "EC804"), ("toDate", "EC805", "EC806"),
        ):  # fmt: skip
            value = request.get(name)
            if not value:
                raise RefusedError(missing)
            day = parse_date(str(value))
            if day is None:
                raise RefusedError(invalid)
            days.append(day)
        if days[0] > days[1]:
            raise RefusedError("EC807")
        kind = "minutes" if interval in _MINUTES else "long"
        if days[1] - days[0] > timedelta(days=_RANGE_DAYS[kind]):
            raise RefusedError("EC809")
        return str(interval), days[0], days[1]

    def _candle(self, instrument: Instrument, start: int, end: int) -> list[object]:
        # Nine looks a candle: enough for a chart, cheap for a month of minutes.
        span = max(1, end - start - 1)
        looks = [self._prices.last(instrument, start + span * i // 8) for i in range(9)]
        volume = (1 + _bits(instrument, start, 6) % 900) * instrument.lot * max(1, span // 60)
        return [
            iso_stamp(start * NS),
            rupees.number(looks[0]),
            rupees.number(max(looks)),
            rupees.number(min(looks)),
            rupees.number(looks[-1]),
            volume,
        ]

    def _day_range(self, instrument: Instrument, now: int, last: int) -> tuple[int, int, int]:
        start = slot_of(day_start(day_number(now)))
        opening = start + OPENING
        if slot_of(now) < opening:  # an evening market that never closes: the day began at midnight
            opening = start
        looks = [self._prices.last(instrument, s) for s in range(opening, slot_of(now), 900)]
        looks.append(last)
        return looks[0], max(looks), min(looks)

    @staticmethod
    def _level(instrument: Instrument, slot: int, place: int, price: int) -> Level:
        bits = _bits(instrument, slot, place)
        return Level((1 + bits % 60) * instrument.lot, price, 1 + bits % 12)

    @staticmethod
    def _volume(instrument: Instrument, now: int) -> int:
        seconds = slot_of(now) - slot_of(day_start(day_number(now)))
        return seconds * (3 + instrument.id % 29) * instrument.lot


def _next_period(day: date, interval: str) -> date:
    if interval == "1 day":
        return day + timedelta(days=1)
    if interval == "weekly":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def candles_result(rows: list[list[object]], *, as_text: bool) -> object:
    """The documented wrapper around candles."""
    result: object = [{"candles": rows}]
    return msgspec.json.encode(result).decode() if as_text else result
