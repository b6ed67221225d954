"""News of a burst reaches every part in order, each subject as it last stood, panel by panel."""

from collections.abc import Callable

import pytest
from msgspec import structs
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from copytrade_gui.domain.events import Event, LampChanged, OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.ui import screen_news
from copytrade_gui.ui.screen_news import BOUND, SLICE, ScreenNews
from tests.ui import people
from tests.ui.conftest import until


class Source:
    def __init__(self) -> None:
        self.say: Callable[[Event], None] = lambda _: None

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self.say = listener
        return lambda: None


class Rig:
    """One light part, and heavy ones as given."""

    def __init__(self, *heavy: Callable[[list[Event]], None]) -> None:
        self.source = Source()
        self.batches: list[list[Event]] = []
        self.overruns = 0
        self.news = ScreenNews(
            self.source, light=[self.batches.append], heavy=heavy, overrun=self._overrun
        )

    def _overrun(self) -> None:
        self.overruns += 1

    def tell(self, *events: Event) -> None:
        """One beat with these events."""
        for event in events:
            self.source.say(event)
        self.news.take()

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
    monkeypatch.setattr(screen_news, "BUDGET_NS", 0)


@pytest.mark.usefixtures("no_time")
def test_a_slow_window_gets_one_slice_a_beat_and_misses_nothing(rig: Rig) -> None:
    told = [lamp(number) for number in range(3 * SLICE + 1)]
    for event in told:
        rig.source.say(event)
    for beat in range(1, 5):
        rig.news.take()
        assert len(rig.batches) == beat
    rig.news.take()
    assert rig.shown == told


@pytest.mark.usefixtures("no_time")
def test_news_that_waits_is_replaced_by_newer_news_of_the_same(rig: Rig) -> None:
    rig.tell(*(lamp(number, "old") for number in range(2 * SLICE)))
    for number in range(2 * SLICE):
        rig.source.say(lamp(number, "new"))
    while len(rig.shown) < 3 * SLICE:
        rig.news.take()
    rig.news.take()
    assert rig.shown[:SLICE] == [lamp(number, "old") for number in range(SLICE)]
    assert rig.shown[SLICE:] == [lamp(number, "new") for number in range(2 * SLICE)]


def test_a_quick_window_gets_everything_in_one_beat(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_news, "BUDGET_NS", 10**12)
    told = [lamp(number) for number in range(5 * SLICE)]
    rig.tell(*told)
    assert rig.shown == told


def test_news_that_came_together_still_says_what_was_before_it(rig: Rig) -> None:
    order = people.order("P1", people.follower(1), State.ACKED)
    filled = structs.replace(order, state=State.FILLED)
    rig.tell(OrderChanged(order, State.SENDING), lamp(1), OrderChanged(filled, State.ACKED))
    assert rig.shown == [lamp(1), OrderChanged(filled, State.SENDING)]


def test_a_window_that_fell_far_behind_reads_everything_again(app: QApplication) -> None:
    heard: list[Event] = []
    rig = Rig(heard.extend)
    rig.tell(lamp(0))
    rig.tell(*(lamp(number) for number in range(BOUND + 1)))
    assert (rig.overruns, rig.shown, heard) == (1, [lamp(0)], [])
    assert rig.news.idle
    rig.tell(lamp(1, "after"))
    assert rig.shown == [lamp(0), lamp(1, "after")]


def test_who_stopped_hears_nothing(rig: Rig) -> None:
    rig.source.say(lamp(1))
    rig.news.stop()
    rig.news.take()
    assert rig.shown == []


class Canvas(QWidget):
    """Writes down when it is told and when it is painted."""

    def __init__(self, name: str, book: list[str]) -> None:
        super().__init__()
        self.setMinimumSize(20, 20)
        self._name = name
        self._book = book
        self.heard: list[Event] = []

    def take(self, batch: list[Event]) -> None:
        self.heard += batch
        self._book.append(f"told {self._name}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's own name
        self._book.append(f"painted {self._name}")


@pytest.mark.window_loop
async def test_each_panel_is_painted_before_the_next_one_is_told(app: QApplication) -> None:
    book: list[str] = []
    canvases = [Canvas(name, book) for name in "abc"]
    window = QWidget()
    row = QHBoxLayout(window)
    for canvas in canvases:
        row.addWidget(canvas)
    window.show()
    await until(lambda: len(book) >= 3)
    book.clear()
    rig = Rig(*(canvas.take for canvas in canvases))
    told: list[Event] = [lamp(number) for number in range(20)]
    rig.tell(*told)
    rig.news.ask(canvases[0].update)
    assert rig.shown == told  # the light part has heard it before any of them
    assert book == []
    await until(lambda: rig.news.idle and len(book) == 7)
    assert book == [
        "painted a",
        "told a",
        "painted a",
        "told b",
        "painted b",
        "told c",
        "painted c",
    ]
    assert all(canvas.heard == told for canvas in canvases)
    window.deleteLater()


@pytest.mark.window_loop
async def test_what_waits_for_a_turn_is_replaced_by_newer_news(app: QApplication) -> None:
    heard: list[Event] = []
    rig = Rig(heard.extend)
    rig.tell(LampChanged("broker", "ok", "old"), LampChanged("clock", "ok", ""))
    rig.tell(LampChanged("broker", "ok", "new"))
    await until(lambda: rig.news.idle)
    assert heard == [LampChanged("clock", "ok", ""), LampChanged("broker", "ok", "new")]


@pytest.mark.window_loop
async def test_a_panel_that_fails_keeps_no_other_from_its_turn(
    app: QApplication, qtbot: QtBot
) -> None:
    heard: list[Event] = []

    def fails(_batch: list[Event]) -> None:
        raise ValueError("a bug of a panel")

    rig = Rig(fails, heard.extend)
    with qtbot.captureExceptions() as caught:
        rig.tell(lamp(1))
        await until(lambda: rig.news.idle)
    assert heard == [lamp(1)]
    assert [str(entry[1]) for entry in caught] == ["a bug of a panel"]
