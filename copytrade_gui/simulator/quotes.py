"""Market data calls: quotes, depth, open interest, candles. All follow from the price paths."""

from collections.abc import Mapping
from datetime import date, timedelta

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


class MarketData:
    """Answers the four market data calls for one broker."""

    def __init__(self, instruments: InstrumentList, prices: Prices) -> None:
        self._instruments = instruments
        self._prices = prices

    def quote(self, instrument: Instrument, now: int) -> dict[str, object]:
        """One element of a quotes reply, prices in rupees."""
        slot = slot_of(now)
        last = self._prices.last(instrument, slot)
        opening, high, low = self._day_range(instrument, now, last)
        bids = [self._level(instrument, slot, place) for place in range(5)]
        asks = [self._level(instrument, slot, place + 5) for place in range(5)]
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "ltp": rupees.number(last),
            "lastTradedQuantity": (1 + _bits(instrument, slot, 1) % 40) * instrument.lot,
            "averageTradedPrice": rupees.number((opening + high + low + last) // 4),
            "tradedVolume": self._volume(instrument, now),
            "open": rupees.number(opening),
            "high": rupees.number(high),
            "low": rupees.number(low),
            "close": rupees.number(self._prices.previous_close(instrument, now)),
            "bestBidPrice": rupees.number(self._prices.bid(instrument, slot)),
            "bestBidQuantity": bids[0],
            "bestAskPrice": rupees.number(self._prices.ask(instrument, slot)),
            "bestAskQuantity": asks[0],
            "totalBidQuantity": sum(bids) * 37,
            "totalAskQuantity": sum(asks) * 35,
            "tickTimestamp": stamp(now),
        }

    def depth(self, instrument: Instrument, now: int) -> dict[str, object]:
        """Five levels on each side."""
        slot = slot_of(now)
        bid, ask = self._prices.bid(instrument, slot), self._prices.ask(instrument, slot)
        sides: dict[str, list[dict[str, object]]] = {"bids": [], "asks": []}
        for place in range(5):
            step = place * instrument.tick
            for name, price, spice in (("bids", bid - step, 0), ("asks", ask + step, 5)):
                if price > 0:
                    sides[name].append(
                        {
                            "price": rupees.number(price),
                            "quantity": self._level(instrument, slot, place + spice),
                            "orders": 1 + _bits(instrument, slot, place + spice) % 12,
                        }
                    )
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "totalBidQuantity": sum(self._level(instrument, slot, p) for p in range(5)) * 37,
            "totalAskQuantity": sum(self._level(instrument, slot, p + 5) for p in range(5)) * 35,
            "marketDepth": sides,
        }

    def interest(self, instrument: Instrument, now: int) -> dict[str, object]:
        """Open interest of a derivative; zero for anything else."""
        if not instrument.derivative:
            now_interest = low = high = 0
        else:
            base = (20_000 + _bits(instrument, 0, 3)) * instrument.lot
            now_interest = base + (_bits(instrument, slot_of(now) // 60, 4) % 500) * instrument.lot
            low, high = base, base + 500 * instrument.lot
        return {
            "exchange": instrument.exchange,
            "instrumentId": instrument.id,
            "openInterest": now_interest,
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

    def _level(self, instrument: Instrument, slot: int, place: int) -> int:
        return (1 + _bits(instrument, slot, place) % 60) * instrument.lot

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
