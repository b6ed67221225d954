"""The broker's clock, which it tells in whole seconds only."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.ports import ClockOffset
from tests.brokers.stand import standing


async def test_a_clock_that_is_right_is_shown_as_right_whenever_it_is_read(cache: Path) -> None:
    async with standing(cache) as stand:
        for _ in range(5):
            offset = await stand.broker.clock_offset()
            assert offset.grain_ms >= 500
            assert offset.in_words.startswith("0 s ± ")


@pytest.mark.parametrize("ahead_s", [-40, -3, 3, 40])
async def test_a_clock_that_is_off_is_shown_to_the_second(cache: Path, ahead_s: int) -> None:
    async with standing(cache) as stand:
        theirs = stand.simulated.desk.clock
        stand.simulated.desk.clock = lambda: theirs() + ahead_s * 1_000_000_000
        offset = await stand.broker.clock_offset()
        assert abs(offset.seconds - ahead_s) <= 1


@given(
    true_ms=st.integers(-100_000, 100_000),
    before_ms=st.integers(0, 10**12),
    call_ms=st.integers(0, 5_000),
    part=st.floats(0, 1),
)
def test_the_true_offset_is_within_the_grain(
    true_ms: int, before_ms: int, call_ms: int, part: float
) -> None:
    """What the adapter works out, by hand: the broker's second, and the middle of the call."""
    written = (before_ms + int(call_ms * part) + true_ms) // 1000 * 1000
    offset = ClockOffset(written + 500 - (before_ms + call_ms / 2), 500 + call_ms / 2)
    assert abs(offset.ms - true_ms) <= offset.grain_ms
    assert abs(offset.seconds * 1000 - true_ms) <= 2 * offset.grain_ms


def test_the_words() -> None:
    assert ClockOffset(-480.0, 505.0).in_words == "0 s ± 1 s"
    assert ClockOffset(2_100.0, 505.0).in_words == "+2 s ± 1 s"
    assert ClockOffset(-31_900.0, 1_000.0).in_words == "-32 s ± 2 s"
