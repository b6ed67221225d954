"""What the market topics say, and when it is news."""

from collections.abc import Iterable, Iterator

from copytrade_gui.simulator.desk import Desk
from copytrade_gui.simulator.feed.packets import (
    divisor_of,
    interest_packet,
    limits_packet,
    market_packet,
    price_packet,
    status_packet,
)
from copytrade_gui.simulator.feed.topics import Topic
from copytrade_gui.simulator.hours import is_open
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.prices import slot_of

_OPENED, _CLOSED, _HALTED = 2, 7, 10
_YEAR_PERCENT = 7
"""How far from where its price began a share has its 52-week marks."""


class MarketNews:
    """Remembers what was said under each topic, so that the same is not said twice."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._said: dict[str, bytes] = {}
        self._beyond: dict[str, set[tuple[str, str]]] = {}

    def forget(self, topic: str) -> None:
        """Nobody hears a topic any more; who does next hears it from the beginning."""
        self._said.pop(topic, None)
        self._beyond.pop(topic, None)

    def due(
        self, topics: Iterable[tuple[str, Topic]], now: int, underlying: str
    ) -> Iterator[tuple[str, bytes]]:
        """The packets that are news at ``now`` (ns), of one underlying, or of all if empty."""
        for name, topic in topics:
            if topic.instrument_id:
                packet = self._of_instrument(topic, now, underlying)
            elif topic.kind == "status":
                opened = not self._desk.switches.trading_hours or is_open(topic.exchange, now)
                halted = topic.exchange in self._desk.switches.halted
                packet = status_packet(_HALTED if halted else _OPENED if opened else _CLOSED)
            else:
                for reached in self._newly_beyond(name, topic, now):
                    yield name, reached
                continue
            if packet is not None and packet != self._said.get(name):
                self._said[name] = packet
                yield name, packet

    def _of_instrument(self, topic: Topic, now: int, underlying: str) -> bytes | None:
        desk = self._desk
        instrument = desk.instruments.find(topic.exchange, topic.instrument_id)
        if instrument is None or underlying not in {"", instrument.underlying}:
            return None
        if topic.kind == "interest":
            return interest_packet(*desk.market.interest_of(instrument, now))
        if topic.kind == "limits":
            low, high = desk.exchange.rules.protection_band(instrument, now)
            return limits_packet(high, low, divisor_of(instrument)) if high else None
        if (topic.kind == "index") != (instrument.kind == "INDEX"):
            return None
        tick = desk.market.snapshot(instrument, now)
        if topic.kind == "index":
            tick = tick._replace(
                last_quantity=0, volume=0, bids=(), asks=(), total_bid=0, total_ask=0
            )
        reserved = instrument.id * 31 + tick.at_s & 0xFFFF  # as seen live: anything
        return market_packet(tick, divisor_of(instrument), reserved=reserved)

    def _newly_beyond(self, name: str, topic: Topic, now: int) -> list[bytes]:
        """A packet of each instrument of a segment whose price has just come to a mark."""
        desk, slot = self._desk, slot_of(now)
        before, after = self._beyond.get(name, set()), set()
        packets = []
        for instrument in desk.instruments.segment(topic.exchange):
            mark = self._mark(instrument, topic, now)
            last = desk.prices.last(instrument, slot) if mark else 0
            upward = topic.kind in {"upper_circuit", "year_high"}
            if mark and (last >= mark if upward else last <= mark):
                after.add(instrument.key)
                if instrument.key not in before:
                    price = last if topic.kind.startswith("year") else mark
                    packets.append(price_packet(instrument.id, price, divisor_of(instrument)))
        self._beyond[name] = after
        return packets

    def _mark(self, instrument: Instrument, topic: Topic, now: int) -> int:
        if topic.kind in {"year_high", "year_low"}:
            percent = _YEAR_PERCENT if topic.kind == "year_high" else -_YEAR_PERCENT
            return instrument.price * (100 + percent) // 100 if instrument.kind == "EQ" else 0
        low, high = self._desk.exchange.rules.price_band(instrument, now)
        return high if topic.kind == "upper_circuit" else low
