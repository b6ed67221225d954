"""What is unlike a master: against plain sums over all that he ordered."""

from __future__ import annotations

from dataclasses import replace
from statistics import median_high

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.habit import DAYS, TIMES, Habit, Ordered
from tests.domain.test_checks import BUY

MINUTE = 60 * 1_000_000_000
ORDERS = st.lists(
    st.tuples(st.sampled_from(["RELIANCE", "SAIL"]), st.integers(1, 99), st.integers(0, 40_000)),
    max_size=60,
)


@given(ORDERS, st.integers(1, 2_000))
def test_too_large_and_new_are_by_the_orders_of_four_weeks(
    orders: list[tuple[str, int, int]], quantity: int
) -> None:
    habit, now = Habit(), 100_000 * MINUTE
    said = sorted(orders, key=lambda one: -one[2])
    for underlying, units, age in said:
        habit.ordered(Ordered(underlying, units, now - age * MINUTE))
    newest = said[-1][2] if said else 0
    count = [one for one in said if one[2] - newest <= DAYS * 1_440]
    sizes = [units for name, units, _ in count if name == "RELIANCE"]
    found = habit.unlike(replace(BUY, quantity=quantity), now)
    large = len(sizes) >= 5 and quantity > median_high(sizes) * TIMES
    assert bool(found.size) == large
    assert bool(found.instrument) == (len(count) >= 20 and not sizes)


def test_too_many_is_three_times_the_most_of_ten_minutes_before() -> None:
    habit, now = Habit(), 100_000 * MINUTE
    for _day in range(10):
        for _order in range(3):
            habit.ordered(Ordered("RELIANCE", 10, now))
            now += MINUTE
        now += 1_440 * MINUTE
    for _order in range(9):
        assert not habit.unlike(BUY, now).cadence
        habit.ordered(Ordered("RELIANCE", 10, now))
    assert "number 10 in 10 minutes; 3 were the most before" in habit.unlike(BUY, now).cadence
    assert not habit.unlike(BUY, now + 11 * MINUTE).cadence
