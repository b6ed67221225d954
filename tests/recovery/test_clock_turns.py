"""P16 in small: each turn of time in the middle of a burst, with and without a crash."""

from __future__ import annotations

import pytest

from copytrade_gui.engine.orders import faultpoints
from tests.proof import p16_clock


@pytest.mark.parametrize("turn", p16_clock.TURNS)
def test_time_turns_in_the_middle_of_a_burst(turn: str) -> None:
    p16_clock.turn_of(turn, "replies lost", None, followers=3)
    p16_clock.turn_of(turn, "requests lost", faultpoints.AFTER_WRITE, followers=3)
