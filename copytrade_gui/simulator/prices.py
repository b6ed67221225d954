"""Prices as a pure function of seed, instrument and second.

Nothing is stored while time passes: the price of any second can be asked for at any time and
is always the same. Seconds are grouped in blocks whose lowest and highest price are kept, so a
limit order far from the market is checked against hours of trading in a few comparisons, and
five hundred accounts resting in one instrument share the work.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Callable

from copytrade_gui.simulator.course import Course, Move
from copytrade_gui.simulator.instruments import Instrument, InstrumentList
from copytrade_gui.simulator.ist import DAY_SECONDS, NS, day_number, day_start

_BLOCK = 64  # seconds
_WAVES = ((1_036_800, 0.022), (23_400, 0.008), (3_660, 0.0045), (611, 0.0022), (67, 0.0006))
_RATE = 0.065  # yearly carry of a future over its underlying
_VOLATILITY = 0.14  # yearly, for option premiums
_CLOSE_S = 55_800  # 15:30
_YEAR = 365 * DAY_SECONDS


class _Track:
    """The price path of one underlying: waves with seeded phases, set prices, and moves."""

    def __init__(self, seed: str, name: str, base: int, course: Course, *, still: bool) -> None:
        source = random.Random(f"{seed}/{name}")
        self.name = name
        self.course = course
        self.base = base
        self.still = still
        self.phases = tuple(
            (math.tau / period, depth, source.uniform(0.0, math.tau)) for period, depth in _WAVES
        )
        self.salt = source.getrandbits(32)
        self.from_slots: list[int] = []  # where a set price takes hold, ascending
        self.factors: list[float] = []

    def raw(self, slot: int) -> float:
        course = self.course
        if not course.moves:
            return self._path(slot)
        return self._path(course.path_second(self.name, slot)) * course.factor(self.name, slot)

    def _path(self, slot: int) -> float:
        if self.still:
            return float(self.base)
        total = 1.0
        for speed, depth, phase in self.phases:
            total += depth * math.sin(speed * slot + phase)
        noise = ((slot * 2_654_435_761 ^ self.salt) * 40_503 >> 8) & 0xFFFF
        return self.base * (total + (noise - 32_768) * 6e-9)

    def at(self, slot: int) -> float:
        if not self.from_slots:
            return self.raw(slot)
        place = bisect_right(self.from_slots, slot)
        return self.raw(slot) * self.factors[place - 1] if place else self.raw(slot)

    def set(self, slot: int, price: float) -> None:
        place = bisect_right(self.from_slots, slot - 1)
        del self.from_slots[place:], self.factors[place:]
        self.from_slots.append(slot)
        self.factors.append(price / self.raw(slot))


def slot_of(ns: int) -> int:
    """The second that a moment falls into; prices change only between seconds."""
    return ns // NS


class Prices:
    """Last prices of all instruments, now and at any other second."""

    def __init__(self, seed: int, instruments: InstrumentList, *, still: bool = False) -> None:
        self._seed = seed
        self._instruments = instruments
        self._still = still
        self.course = Course(seed)
        self._tracks: dict[str, _Track] = {}
        self._blocks: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}

    @property
    def still(self) -> bool:
        """Whether prices stay where they are put."""
        return self._still

    @still.setter
    def still(self, value: bool) -> None:
        self._still = value
        for track in self._tracks.values():
            track.still = value
            del track.from_slots[:], track.factors[:]
        self.course.moves.clear()
        self._blocks.clear()

    def last(self, instrument: Instrument, slot: int) -> int:
        """The last traded price during a second, on the instrument's tick."""
        spot = self._track(instrument).at(slot)
        if instrument.kind == "FUT":
            spot *= 1.0 + _RATE * self._years_left(instrument, slot)
        elif instrument.derivative:
            spot = self._premium(instrument, spot, slot)
        tick = instrument.tick
        return max(tick, round(spot / tick) * tick)

    def bid(self, instrument: Instrument, slot: int) -> int:
        return max(instrument.tick, self.last(instrument, slot) - instrument.tick)

    def ask(self, instrument: Instrument, slot: int) -> int:
        return self.last(instrument, slot) + instrument.tick

    def previous_close(self, instrument: Instrument, ns: int) -> int:
        """The price at 15:30 of the calendar day before."""
        return self.last(instrument, slot_of(day_start(day_number(ns))) - 30_600)

    def set(self, instrument: Instrument, price: int, slot: int) -> None:
        """From this second on the path runs through `price`; derivatives follow.

        Setting the price of a derivative moves its underlying by the same ratio.
        """
        track = self._track(instrument)
        now = self.last(instrument, slot)
        target = float(price) if not instrument.derivative else track.at(slot) * price / now
        track.set(slot, target)
        self._forget_from(slot)

    def play(self, moves: list[Move]) -> None:
        """Let the market go another way from the moves' beginnings on."""
        self.course.moves.extend(moves)
        self._forget_from(min((move.start for move in moves), default=0))

    def settlement(self, instrument: Instrument) -> int:
        """What an expired contract is settled at: at its close, an option at its inner value."""
        slot = slot_of(day_start(instrument.expiry)) + _CLOSE_S
        if instrument.kind == "FUT":
            return self.last(instrument, slot)
        spot = round(self._track(instrument).at(slot))
        inside = spot - instrument.strike if instrument.kind == "CE" else instrument.strike - spot
        return max(0, inside)

    def _forget_from(self, slot: int) -> None:
        first = slot // _BLOCK
        for blocks in self._blocks.values():
            for number in [number for number in blocks if number >= first]:
                del blocks[number]

    def first_at_or_below(
        self, instrument: Instrument, level: int, first: int, last: int
    ) -> int | None:
        """The first second of `first..last` with a price at or below a level."""
        return self._search(instrument, first, last, lambda price: price <= level)

    def first_at_or_above(
        self, instrument: Instrument, level: int, first: int, last: int
    ) -> int | None:
        """The first second of `first..last` with a price at or above a level."""
        return self._search(instrument, first, last, lambda price: price >= level)

    def anchors(self) -> dict[str, tuple[list[int], list[float]]]:
        """Everything that set prices have changed, for keeping in a file."""
        return {
            name: (list(track.from_slots), list(track.factors))
            for name, track in self._tracks.items()
            if track.from_slots
        }

    def restore(self, anchors: dict[str, tuple[list[int], list[float]]], moves: list[Move]) -> None:
        """Put back what `anchors` gave, and the moves of the course."""
        self.course.moves = list(moves)
        for instrument in self._instruments.live:
            name = self._track_name(instrument)
            if name in anchors:
                track = self._track(instrument)
                track.from_slots, track.factors = list(anchors[name][0]), list(anchors[name][1])
        self._blocks.clear()

    def _search(
        self, instrument: Instrument, first: int, last: int, hit: Callable[[int], bool]
    ) -> int | None:
        if self._still and self.course.quiet(first, last):
            return first if first <= last and hit(self.last(instrument, first)) else None
        blocks = self._blocks.setdefault(instrument.key, {})
        slot = first
        while slot <= last:
            number = slot // _BLOCK
            end = min((number + 1) * _BLOCK - 1, last)
            extremes = blocks.get(number)
            if extremes is None:
                extremes = blocks[number] = self._extremes(instrument, number)
            if hit(extremes[0]) or hit(extremes[1]):
                while slot <= end:
                    if hit(self.last(instrument, slot)):
                        return slot
                    slot += 1
            slot = end + 1
        return None

    def _extremes(self, instrument: Instrument, number: int) -> tuple[int, int]:
        start = number * _BLOCK
        prices = [self.last(instrument, slot) for slot in range(start, start + _BLOCK)]
        return min(prices), max(prices)

    def _track_name(self, instrument: Instrument) -> str:
        # A share moves alike on both exchanges; currencies and commodities likewise.
        return instrument.underlying

    def _track(self, instrument: Instrument) -> _Track:
        name = self._track_name(instrument)
        track = self._tracks.get(name)
        if track is None:
            track = self._tracks[name] = _Track(
                str(self._seed), name, instrument.price, self.course, still=self._still
            )
        return track

    @staticmethod
    def _years_left(instrument: Instrument, slot: int) -> float:
        expiry = slot_of(day_start(instrument.expiry)) + _CLOSE_S
        return max(0.0, (expiry - slot) / _YEAR)

    def _premium(self, instrument: Instrument, spot: float, slot: int) -> float:
        strike = instrument.strike
        inside = spot - strike if instrument.kind == "CE" else strike - spot
        spread = _VOLATILITY * spot * math.sqrt(self._years_left(instrument, slot))
        if not spread:
            return max(0.0, inside)
        # Bachelier's formula: good enough at the strikes of one chain, and cheap.
        d = inside / spread
        density = math.exp(-0.5 * d * d) / 2.506_628_274_631
        return inside * 0.5 * (1.0 + math.erf(d / 1.414_213_562_373)) + spread * density
