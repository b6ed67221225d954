"""Closing the day in the window: how far it is, what keeps it open, and who seals it."""

import asyncio

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from copytrade_gui.domain.day import DayChecked, DayStep
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.day.day_end import DayEndDialog
from copytrade_gui.ui.main_window import MainWindow
from tests.ui import days
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def opened(window: MainWindow) -> DayEndDialog:
    window.desk.actions[Act.END_OF_DAY].trigger()
    await until(lambda: window.findChild(DayEndDialog))
    dialog = window.findChild(DayEndDialog)
    assert isinstance(dialog, DayEndDialog)
    return dialog


def text(dialog: DayEndDialog) -> str:
    found = dialog.findChild(QPlainTextEdit, "day_text")
    assert isinstance(found, QPlainTextEdit)
    return found.toPlainText()


def told(window: MainWindow, words: str) -> bool:
    return any(words in notice.sentence for notice in window.desk.notices.all)


def asked(world: World) -> list[object]:
    return [what for verb, what in world.calls if verb == "end_of_day"]


async def test_the_bar_follows_the_accounts_and_the_verdict_names_what_is_open(
    window: MainWindow, world: World
) -> None:
    world.day_end.hold = asyncio.Event()
    dialog = await opened(window)
    await until(lambda: dialog.counted.text() == "9 of 14 accounts read")
    assert (dialog.bar.value(), dialog.bar.maximum()) == (9, 14)
    assert dialog.busy(dialog.again)
    assert dialog.seal.isHidden()
    world.day_end.hold.set()
    await until(lambda: not dialog.busy(dialog.again))
    assert dialog.verdict.text() == days.open_day().in_words
    for sentence in (*days.open_day().not_ended, *days.open_day().differences):
        assert sentence in text(dialog)
    assert dialog.seal.isHidden(), "nobody can seal what has not ended"
    dialog.close()


async def test_a_clean_day_is_sealed_at_once(window: MainWindow, world: World) -> None:
    world.day_end.report = days.clean_day()
    dialog = await opened(window)
    await until(lambda: not dialog.busy(dialog.again))
    assert dialog.verdict.text().startswith("24 Nov 2026 is sealed: 318 orders in 24 accounts")
    assert dialog.seal.isHidden()
    assert asked(world) == [()]
    await until(lambda: told(window, "24 Nov 2026 is sealed"))
    dialog.close()


async def test_differences_are_sealed_only_by_a_person_who_saw_them(
    window: MainWindow, world: World
) -> None:
    world.day_end.report = days.open_day(blocked=False)
    dialog = await opened(window)
    await until(lambda: not dialog.busy(dialog.again))
    assert dialog.seal.text() == "Seal with 2 differences"
    assert not dialog.seal.isHidden()
    dialog.seal.click()
    await until(lambda: not dialog.busy(dialog.again))
    assert "is sealed" in dialog.verdict.text()
    assert asked(world) == [(), (days.DIFFERENT_ORDER, days.DIFFERENT_POSITION)]
    assert "it holds 2 differences" in dialog.verdict.text()
    dialog.close()


async def test_asking_twice_shows_the_same_dialog_and_checks_once(
    window: MainWindow, world: World
) -> None:
    world.day_end.hold = asyncio.Event()
    dialog = await opened(window)
    await until(lambda: asked(world))
    window.desk.actions[Act.END_OF_DAY].trigger()
    await asyncio.sleep(0.05)
    assert window.findChildren(DayEndDialog) == [dialog]
    assert asked(world) == [()]
    world.day_end.hold.set()
    await until(lambda: not dialog.busy(dialog.again))
    dialog.close()


async def test_a_check_the_program_made_by_itself_stands_in_a_band_until_the_day_is_sealed(
    window: MainWindow, world: World
) -> None:
    world.events.send(DayStep(1, 24), DayChecked(days.open_day()))
    await until(lambda: "day" in window.bands.sentences())
    assert window.bands.sentences()["day"] == days.open_day().in_words
    world.events.send(DayChecked(days.sealed(days.clean_day())))
    await until(lambda: "day" not in window.bands.sentences())


async def test_a_check_that_is_refused_says_why_and_can_be_made_again(
    window: MainWindow, world: World
) -> None:
    world.day_end.refuse = RefusedError("The day is not sealed: The disk is full.")
    dialog = await opened(window)
    await until(lambda: not dialog.busy(dialog.again))
    assert dialog.verdict.text() == "The day is not sealed: The disk is full."
    world.day_end.refuse = None
    world.day_end.report = days.clean_day()
    dialog.again.click()
    await until(lambda: not dialog.busy(dialog.again))
    assert dialog.verdict.text().startswith("24 Nov 2026 is sealed")
    dialog.close()


@pytest.mark.parametrize("refused", [False, True])
async def test_a_dialog_that_is_closed_while_it_reads_stops_nothing_and_is_told_of(
    window: MainWindow, world: World, *, refused: bool
) -> None:
    world.day_end.hold = asyncio.Event()
    dialog = await opened(window)
    await until(lambda: dialog.counted.text() == "9 of 14 accounts read")
    dialog.close()
    await until(lambda: dialog.over)
    world.day_end.refuse = (
        RefusedError("The day is not sealed: The disk is full.") if refused else None
    )
    world.day_end.hold.set()
    if refused:
        await until(lambda: told(window, "disk is full"))
    else:
        await until(lambda: "day" in window.bands.sentences())
