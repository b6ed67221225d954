"""The feed's binary packets, with the vector of the broker's own documentation."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.brokers.iifl.feed_packets import (
    FeedLevel,
    MarkPacket,
    OpenInterestPacket,
    PacketError,
    PriceProtectionPacket,
    read_mark,
    read_market,
    read_market_status,
    read_open_interest,
    read_price_protection,
)
from copytrade_gui.domain.market_status import MarketPhase

# nseeq/2885; the documentation prints the first 160 bytes and names what stands in the rest.
PRINTED = bytes.fromhex(
    "10f3010074000000e454750058f60100ecee010097f3010077f5010063f201004f7ded02000006f301008400000024f3"
    "0100ea8a0b001bad09006400000056cd3167ed02000006f3010006000000ae010000fcf201000900000004000000f7f2"
    "01000100000053010000f2f201000900000051010000edf201000b0000008400000024f30100040000001500000029f3"
    "010003000000460500002ef301000a00"
)
VECTOR = (
    PRINTED + b"\0\0" + struct.pack("<IihhIihh", 707, 127795, 6, 0, 840, 127800, 10, 0) + b"\0\0"
)


def level(quantity: int, price: str, orders: int) -> FeedLevel:
    return FeedLevel(quantity, Decimal(price), orders)


def test_the_documented_packet() -> None:
    packet = read_market(VECTOR)
    assert (packet.last, packet.last_quantity, packet.volume) == (Decimal("1277.6"), 116, 7_689_444)
    assert (packet.high, packet.low, packet.open, packet.close, packet.average) == tuple(
        map(Decimal, ("1286", "1267", "1278.95", "1283.75", "1275.87"))
    )
    assert (packet.bid_quantity, packet.bid) == (749, Decimal("1277.5"))
    assert (packet.ask_quantity, packet.ask) == (132, Decimal("1277.8"))
    assert (packet.total_bid_quantity, packet.total_ask_quantity) == (756_458, 634_139)
    assert packet.last_traded_s == 1_731_317_078
    assert packet.bids == (
        level(749, "1277.5", 6), level(430, "1277.4", 9), level(4, "1277.35", 1),
        level(339, "1277.3", 9), level(337, "1277.25", 11),
    )  # fmt: skip
    assert packet.asks == (
        level(132, "1277.8", 4), level(21, "1277.85", 3), level(1350, "1277.9", 10),
        level(707, "1277.95", 6), level(840, "1278", 10),
    )  # fmt: skip


def test_a_divisor_of_nothing_counts_as_a_hundred() -> None:
    for divisor in (0, -1):
        packet = VECTOR[:58] + struct.pack("<i", divisor) + VECTOR[62:]
        assert read_market(packet).last == Decimal("1277.6")
    assert read_market(VECTOR[:58] + struct.pack("<i", 10_000) + VECTOR[62:]).last == Decimal(
        "12.776"
    )


def test_the_small_packets() -> None:
    assert read_open_interest(struct.pack("<iiii", 4, 5, 3, 2)) == OpenInterestPacket(4, 5, 3, 2)
    assert read_market_status(b"\x02\x00") is MarketPhase.OPEN
    assert read_market_status(b"\x07\x00") is MarketPhase.CLOSED
    assert read_market_status(b"\x0a\x00") is MarketPhase.HALTED
    mark = read_mark(struct.pack("<IIi", 2885, 140_000, 100))
    assert mark == MarkPacket("2885", Decimal(1400))
    protection = read_price_protection(struct.pack("<IIi", 140_000, 120_050, 100))
    assert protection == PriceProtectionPacket(Decimal(1400), Decimal("1200.5"))
    with pytest.raises(PacketError, match="not known"):
        read_market_status(b"\x0b\x00")
    with pytest.raises(PacketError, match="not known"):
        read_market_status(b"\xff\xff")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_are_refused(packet: bytes) -> None:
    readers = {188: read_market, 16: read_open_interest, 2: read_market_status}
    for read in (*readers.values(), read_mark, read_price_protection):
        try:
            read(packet)
        except PacketError:
            continue
        assert len(packet) in (*readers, 12)
