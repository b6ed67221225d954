"""Between paper and live in the window: the checklist, the way back, the duties."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.mode import Mode
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.dialogs.pages import CHECKED
from copytrade_gui.ui.lock.renew_key import RenewKeyDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.mode.duties import DutiesDialog
from copytrade_gui.ui.mode.trade_live import TradeLiveDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_modes import ENROLLED, MISSING
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown, told

pytestmark = pytest.mark.window_loop


@pytest.fixture
async def live(app: QApplication, world: World) -> AsyncIterator[MainWindow]:
    """A live window, opened for once, by who has not confirmed his duties yet."""
    world.paper, world.modes.confirmed = False, ""
    made = MainWindow(world.console(), settings=ForgetfulMemory(), wall_ns=lambda: people.NOW_NS)
    made.show()
    await made.start()
    yield made
    await made.stop()


async def asked(window: MainWindow, title: str) -> Question:
    """The open question of that title."""

    def found() -> list[Question]:
        return [
            one
            for one in window.findChildren(Question)
            if one.isVisible() and not one.over and one.windowTitle().startswith(title)
        ]

    await until(lambda: bool(found()))
    return found()[0]


async def test_live_is_stored_when_nothing_is_missing_and_the_quit_is_asked(
    window: MainWindow, world: World
) -> None:
    assert not window.desk.actions[Act.BACK_TO_PAPER].isVisible()
    window.desk.actions[Act.TRADE_LIVE].trigger()
    dialog = await shown(window, TradeLiveDialog)
    assert not dialog.always.isEnabled(), "not before he agrees"
    dialog.agreed.click()
    world.modes.refuse = RefusedError("Live is not stored. The disk is full.")
    dialog.always.click()
    await until(lambda: "disk is full" in dialog.problem.text())
    assert (world.modes.stored, dialog.over) == (Mode.PAPER, False)
    world.modes.refuse = None
    dialog.always.click()
    question = await asked(window, "Quit")
    assert world.modes.stored is Mode.LIVE
    question.back.click()
    await until(lambda: not window._asking_quit)
    assert (window.reopens, window.closing.is_set()) == (None, False), "he stays on paper"
    window.leave()
    (await asked(window, "Quit")).verb.click()
    await until(window.closing.is_set)
    assert window.reopens is None, "this was a quit, and nothing opens after it"


async def test_what_is_missing_leaves_one_start_to_enrol_and_stores_nothing(
    window: MainWindow, world: World
) -> None:
    world.modes.checks = ENROLLED + MISSING
    world.set_state(TradingState.PAUSE, "to go live")
    await until(lambda: window.strip.change and window.strip.change.state is TradingState.PAUSE)
    window.desk.actions[Act.TRADE_LIVE].trigger()
    dialog = await shown(window, TradeLiveDialog)
    assert not dialog.agreed.isEnabled()
    assert not dialog.always.isEnabled()
    dialog.once.click()
    await until(window.closing.is_set)
    assert (window.reopens, world.modes.stored) == (Mode.LIVE, Mode.PAPER)


async def test_live_opened_once_is_stored_without_leaving_and_back_to_paper_leaves(
    live: MainWindow, world: World
) -> None:
    duties = await shown(live, DutiesDialog)
    duties.read.click()
    await until(lambda: world.modes.confirmed == CHECKED.isoformat())
    actions = live.desk.actions
    assert actions[Act.TRADE_LIVE].isVisible()
    actions[Act.TRADE_LIVE].trigger()
    dialog = await shown(live, TradeLiveDialog)
    assert not dialog.once.isVisible()
    dialog.agreed.click()
    dialog.always.click()
    await until(lambda: not actions[Act.TRADE_LIVE].isVisible())
    assert (world.modes.stored, live.closing.is_set()) == (Mode.LIVE, False)
    actions[Act.BACK_TO_PAPER].trigger()
    (await asked(live, "Back to paper")).verb.click()
    await until(lambda: world.modes.stored is Mode.PAPER)
    (await asked(live, "Quit")).verb.click()
    await until(live.closing.is_set)
    assert live.reopens is Mode.PAPER


async def test_the_duties_come_again_until_they_are_confirmed(
    live: MainWindow, world: World
) -> None:
    (await shown(live, DutiesDialog)).reject()
    assert world.modes.confirmed == ""
    await live.mode_work.load()
    assert not [one for one in live.findChildren(DutiesDialog) if not one.over], "once a start"


async def test_paper_for_one_start_says_that_the_next_one_is_live(
    window: MainWindow, world: World
) -> None:
    world.modes.stored, world.modes.checks = Mode.LIVE, ENROLLED + MISSING
    await window.mode_work.load()
    assert "The next one opens LIVE" in window.desk.notices.all[-1].sentence
    window.desk.actions[Act.TRADE_LIVE].trigger()
    dialog = await shown(window, TradeLiveDialog)
    said = " ".join(one.text() for one in dialog.findChildren(PlainLabel))
    assert "the start after it is LIVE too" in said
    dialog.reject()


async def test_live_the_key_of_the_secrets_is_renewed_from_the_menu(
    live: MainWindow, world: World
) -> None:
    world.lock.passphrase = "correct horse battery"
    duties = await shown(live, DutiesDialog)
    duties.reject()
    assert live.desk.actions[Act.RENEW_KEY].isVisible()
    live.desk.actions[Act.RENEW_KEY].trigger()
    dialog = await shown(live, RenewKeyDialog)
    assert dialog.passphrase is not None
    dialog.passphrase.setText("wrong")
    dialog.verb.click()
    await until(lambda: "not the passphrase" in dialog._problems["passphrase"].text())
    dialog.passphrase.setText(world.lock.passphrase)
    dialog.verb.click()
    await until(lambda: world.lock.keys == 1)
    assert told(live, "encrypted with a new key")


async def test_paper_has_no_key_to_renew(window: MainWindow) -> None:
    assert not window.desk.actions[Act.RENEW_KEY].isVisible()
