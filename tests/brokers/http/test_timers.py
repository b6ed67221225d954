import random

import pytest

from copytrade_gui.brokers.http.timers import GRAIN_NS, Timers
from tests.brokers.steered import SteeredClock


def test_a_wait_ends_not_early_and_at_most_a_grain_late() -> None:
    clock, dice = SteeredClock(), random.Random(1)  # noqa: S311 - a case must come again
    timers, ended = Timers(clock), []
    for _ in range(500):
        seconds, start = dice.uniform(0, 9), clock.mono_ns()
        timers.after(
            seconds,
            lambda seconds=seconds, start=start: ended.append(  # type: ignore[misc]  # a lambda with defaults
                clock.mono_ns() - start - int(seconds * 1e9)
            ),
        )
        clock.advance(dice.uniform(0, 0.01))
    clock.advance(12)
    assert len(ended) == 500
    assert min(ended) >= 0
    assert max(ended) <= GRAIN_NS


def test_one_timer_for_all_and_none_when_idle() -> None:
    clock = SteeredClock()
    timers = Timers(clock)
    waits = [timers.after(7 + index / 1000, lambda: None) for index in range(500)]
    assert clock.waiting == 1
    for wait in waits:
        wait.cancel()
        wait.cancel()  # harmless
    assert clock.waiting == 0


def test_a_sooner_wait_moves_the_timer() -> None:
    clock = SteeredClock()
    timers, ended = Timers(clock), []
    timers.after(10, lambda: ended.append("late"))
    timers.after(1, lambda: ended.append("soon"))
    clock.advance(1.1)
    assert ended == ["soon"]
    clock.advance(9)
    assert ended == ["soon", "late"]
    assert clock.waiting == 0


def test_waits_made_and_cancelled_from_within() -> None:
    clock = SteeredClock()
    timers, ended = Timers(clock), []
    doomed = timers.after(2, lambda: ended.append("doomed"))

    def first() -> None:
        ended.append("first")
        doomed.cancel()
        timers.after(0.5, lambda: ended.append("second"))

    timers.after(1, first)
    clock.advance(5)
    assert ended == ["first", "second"]


@pytest.mark.expected_log("a wait on the timers failed")
def test_one_bug_does_not_take_the_others_along() -> None:
    clock = SteeredClock()
    timers, ended = Timers(clock), []

    def bug() -> None:
        raise ZeroDivisionError

    timers.after(1, bug)
    timers.after(1, lambda: ended.append("fine"))
    clock.advance(2)
    assert ended == ["fine"]


def test_close() -> None:
    clock = SteeredClock()
    timers, ended = Timers(clock), []
    wait = timers.after(1, lambda: ended.append("x"))
    timers.close()
    wait.cancel()
    clock.advance(5)
    assert (ended, clock.waiting) == ([], 0)
