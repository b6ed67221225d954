"""News of a burst reaches the window in parts, in order, each subject as it last stood."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.events import Event, LampChanged
from copytrade_gui.ui import event_pump
from copytrade_gui.ui.event_pump import BOUND, SLICE, EventPump


class Source:
    def __init__(self) -> None:
        self.say: Callable[[Event], None] = lambda _: None

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self.say = listener
        return lambda: None


class Rig:
    def __init__(self) -> None:
        self.source = Source()
        self.batches: list[list[Event]] = []
        self.overruns = 0
        self.pump = EventPump(self.source, self.batches.append, self._overrun)

    def _overrun(self) -> None:
        self.overruns += 1

    @property
    def shown(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]


def lamp(number: int, words: str = "") -> LampChanged:
    return LampChanged(f"lamp {number}", "ok", words)


@pytest.fixture
def rig(app: QApplication) -> Rig:
    return Rig()


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window so slow that one slice uses a beat up."""
    monkeypatch.setattr(event_pump, "BUDGET_NS", 0)


@pytest.mark.usefixtures("no_time")
def test_a_slow_window_gets_one_slice_a_beat_and_misses_nothing(rig: Rig) -> None:
    told = [lamp(number) for number in range(3 * SLICE + 1)]
    for event in told:
        rig.source.say(event)
    for beat in range(1, 5):
        rig.pump.drain()
        assert len(rig.batches) == beat
    rig.pump.drain()
    assert rig.shown == told


@pytest.mark.usefixtures("no_time")
def test_news_that_waits_is_replaced_by_newer_news_of_the_same(rig: Rig) -> None:
    for number in range(2 * SLICE):
        rig.source.say(lamp(number, "old"))
    rig.pump.drain()
    for number in range(2 * SLICE):
        rig.source.say(lamp(number, "new"))
    while len(rig.shown) < 3 * SLICE:
        rig.pump.drain()
    rig.pump.drain()
    assert rig.shown[:SLICE] == [lamp(number, "old") for number in range(SLICE)]
    assert rig.shown[SLICE:] == [lamp(number, "new") for number in range(2 * SLICE)]


def test_a_quick_window_gets_everything_in_one_beat(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_pump, "BUDGET_NS", 10**12)
    told = [lamp(number) for number in range(5 * SLICE)]
    for event in told:
        rig.source.say(event)
    rig.pump.drain()
    assert rig.shown == told


def test_a_window_that_fell_far_behind_reads_everything_again(rig: Rig) -> None:
    for number in range(BOUND + 1):
        rig.source.say(lamp(number))
    rig.pump.drain()
    assert (rig.overruns, rig.batches) == (1, [])
    rig.source.say(lamp(1, "after"))
    rig.pump.drain()
    assert rig.shown == [lamp(1, "after")]


def test_a_stopped_pump_shows_nothing(rig: Rig) -> None:
    rig.source.say(lamp(1))
    rig.pump.stop()
    rig.pump.drain()
    assert rig.shown == []
