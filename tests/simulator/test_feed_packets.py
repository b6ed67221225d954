"""The feed's bytes against the vectors of the broker's documentation, and back again."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.simulator.feed import mqtt
from copytrade_gui.simulator.feed.messages import day_fraction
from copytrade_gui.simulator.feed.packets import (
    interest_packet,
    limits_packet,
    market_packet,
    price_packet,
    status_packet,
)
from copytrade_gui.simulator.feed.topics import Topic, read_topic
from copytrade_gui.simulator.quotes import Level, Snapshot

# The first 160 bytes of the dump that the broker's documentation shows for RELIANCE.
DUMP = (
    "10f3010074000000e454750058f60100ecee010097f3010077f5010063f201004f7ded02000006f301008400000024f3"
    "0100ea8a0b001bad09006400000056cd3167ed02000006f3010006000000ae010000fcf201000900000004000000f7f2"
    "01000100000053010000f2f201000900000051010000edf201000b0000008400000024f30100040000001500000029f3"
    "010003000000460500002ef301000a00"
)


def levels(*rows: tuple[int, int, int]) -> tuple[Level, ...]:
    return tuple(Level(quantity, price * 100, orders) for quantity, price, orders in rows)


def test_a_market_packet_is_the_documented_dump() -> None:
    tick = Snapshot(
        last=12_776_000, last_quantity=116, volume=7_689_444, opening=12_789_500, high=12_860_000,
        low=12_670_000, close=12_837_500, average=12_758_700,
        bids=levels((749, 127750, 6), (430, 127740, 9), (4, 127735, 1), (339, 127730, 9),
                    (337, 127725, 11)),
        asks=levels((132, 127780, 4), (21, 127785, 3), (1350, 127790, 10), (707, 127795, 6),
                    (840, 127800, 10)),
        total_bid=756_458, total_ask=634_139, at_s=1_731_317_078,
    )  # fmt: skip
    packet = market_packet(tick, 100, reserved=0x7D4F)
    assert len(packet) == 188
    assert packet[:160].hex() == DUMP
    assert (
        packet[160:]
        == struct.pack("<hIihhIihh", 0, 707, 127795, 6, 0, 840, 127800, 10, 0) + b"\0\0"
    )


whole = st.integers(0, 2**31 - 1)


@given(st.lists(whole, min_size=11, max_size=11), st.integers(0, 5), st.sampled_from([100, 10_000]))
def test_a_market_packet_can_be_read_back(numbers: list[int], depth: int, divisor: int) -> None:
    unit = 10_000 // divisor
    last, qty, volume, opening, high, low, close, average, bids, asks, at = numbers
    side = tuple(Level(qty, last * unit, place) for place in range(depth))
    tick = Snapshot(last * unit, qty, volume, opening * unit, high * unit, low * unit,
                    close * unit, average * unit, side, side, bids, asks, at)  # fmt: skip
    packet = market_packet(tick, divisor)
    assert len(packet) == 188
    head = struct.unpack_from("<iIIiiiiiHIiIiIIii", packet)
    best = (qty, last) if depth else (0, 0)
    assert head == (
        last, qty, volume, high, low, opening, close, average, 0, *best, *best, bids, asks, divisor,
        at,
    )  # fmt: skip
    shown = [struct.unpack_from("<Iihh", packet, 66 + 12 * place) for place in range(10)]
    expected = [(qty, last, place, 0) for place in range(depth)] + [(0, 0, 0, 0)] * (5 - depth)
    assert shown == expected * 2


def test_the_small_packets() -> None:
    assert interest_packet(5, 9, 1, 4) == bytes.fromhex("05000000 09000000 01000000 04000000")
    assert status_packet(7) == b"\x07\x00"
    assert price_packet(2885, 15_466_000, 100) == struct.pack("<IIi", 2885, 154_660, 100)
    assert limits_packet(900_000, 892_500, 10_000) == struct.pack("<IIi", 900_000, 892_500, 10_000)


def test_a_time_of_day_is_a_fraction_of_it() -> None:
    assert day_fraction(16 * 3600 + 14 * 60 + 17) == "0.676585648148148"
    assert day_fraction(0) == "0"
    assert day_fraction(43_200) == "0.5"


def of(kind: Any, exchange: str = "", instrument_id: str = "", client: str = "") -> Topic:
    return Topic(kind, client=client, exchange=exchange, instrument_id=instrument_id)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("prod/marketfeed/mw/v1/nseeq/2885", of("market", "NSEEQ", "2885")),
        ("prod/marketfeed/index/v1/bseeq/999901", of("index", "BSEEQ", "999901")),
        ("prod/marketfeed/marketstatus/v1/nsefo", of("status", "NSEFO")),
        ("prod/marketfeed/marketStatus/v1/nsefo", of("status", "NSEFO")),
        ("prod/updates/order/v1/kx10006", of("order", client="kx10006")),
        ("prod/updates/trade/v1/30000001", of("trade", client="30000001")),
        ("prod/updates/order/v1/KX10006", None),
        ("prod/updates/order/v1/30000001/1", None),
        ("prod/orderupdate/v1/30000001", None),
        ("prod/marketfeed/mw/v1/NSEEQ/2885", None),
        ("prod/marketfeed/mw/v1/nseeq", None),
        ("prod/marketfeed/mw/v1/nyse/1", None),
        ("prod/marketfeed/marketstatus/v1/nseeq/1", None),
        ("prod/marketfeed/mw/v1/nseeq/#", None),
        ("prod/updates/order/v1/+", None),
        ("#", None),
        ("", None),
    ],
)
def test_topics(name: str, topic: Topic | None) -> None:
    assert read_topic(name) == topic


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reading_of_packets(data: bytes) -> None:
    buffer = bytearray(data)
    try:
        while (packet := mqtt.take_packet(buffer)) is not None:
            if packet.kind == mqtt.CONNECT:
                mqtt.read_connect(packet.body)
            else:
                mqtt.read_topics(packet)
    except mqtt.MalformedError:
        pass


@given(st.integers(0, 3000))
def test_a_long_message_has_a_long_length(size: int) -> None:
    packet = mqtt.publish(b"a/b", bytes(size))
    taken = mqtt.take_packet(bytearray(packet))
    assert taken == mqtt.Packet(3, 0, b"\0\3a/b" + bytes(size))
