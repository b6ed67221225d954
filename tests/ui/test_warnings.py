"""What a check warns of is sent once a person has ticked that he has read it, and not before."""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.ticket.hold import WarningDialog
from copytrade_gui.ui.ticket_words import Phase
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_stops_followed import filled

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]
UNKNOWN = "No ban list of today is known: whether SAIL may be opened was not checked."


async def warned(window: MainWindow, world: World) -> WarningDialog[object]:
    world.everyone_ready()
    world.warns = RefusedError(UNKNOWN, code="warn", found=[Shown("ban_unknown")])
    await filled(window)
    window.ticket.ask_or_send()
    if window.ticket.phase is Phase.ASKING:
        window.ticket.face.confirm.click()
    await until(lambda: window.findChildren(WarningDialog))
    (dialog,) = window.findChildren(WarningDialog)
    return dialog


def others(window: MainWindow, dialog: WarningDialog[object]) -> list[WarningDialog[object]]:
    return [one for one in window.findChildren(WarningDialog) if one is not dialog]


async def test_it_is_sent_by_a_tick_and_a_press(window: MainWindow, world: World) -> None:
    before = world.plans
    dialog = await warned(window, world)
    assert UNKNOWN in [label.text() for label in dialog.findChildren(PlainLabel)]
    assert not dialog.verb.isEnabled()
    dialog.submit()
    assert world.plans == before
    dialog.read.click()
    dialog.verb.click()
    await until(lambda: world.plans == before + 1)
    await until(lambda: window.ticket.phase is Phase.EDITING)


async def test_what_goes_further_meanwhile_is_asked_again(window: MainWindow, world: World) -> None:
    before = world.plans
    dialog = await warned(window, world)
    more = "It needs 9,000 rupees of margin, above 90 % of the 8,000 that were free."
    world.warns = RefusedError(
        more, code="warn", found=[Shown("margin", "F1", Decimal(100_000))], lines=[more]
    )
    dialog.read.click()
    dialog.verb.click()
    await until(lambda: others(window, dialog))
    again = others(window, dialog)[0]
    assert more in [label.text() for label in again.findChildren(PlainLabel)]
    assert world.plans == before
    assert not again.verb.isEnabled()
    again.read.click()
    again.verb.click()
    await until(lambda: world.plans == before + 1)


async def test_who_goes_back_has_sent_nothing(window: MainWindow, world: World) -> None:
    before = world.plans
    dialog = await warned(window, world)
    dialog.back.click()
    await until(lambda: window.ticket.face.result.text().startswith("Not sent."))
    assert UNKNOWN in window.ticket.face.result.text()
    assert world.plans == before
