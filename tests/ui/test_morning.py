"""The live day is armed over what a trader looks at each morning: GO or NO-GO, with reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.basis import Basis, Declared
from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.events import LampChanged, TradingStateChanged
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.domain.trading_state import NOT_ARMED, StateChange, TradingState
from copytrade_gui.services.modes import Standing
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.stops.morning_check import MorningDialog
from copytrade_gui.ui.stops.resume import ResumeDialog
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import fake_drift, people
from tests.ui.conftest import until
from tests.ui.fake_market import FakeMarket
from tests.ui.fake_positions import line, report
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = pytest.mark.window_loop


@pytest.fixture
async def live(app: QApplication, world: World) -> AsyncIterator[MainWindow]:
    """A live window on a day that nobody armed yet."""
    world.paper = False
    mine = Declared(Basis.SELF)
    world.accounts = {name: replace(one, declared=mine) for name, one in world.accounts.items()}
    world.change = StateChange(TradingState.REDUCE, ENGINE, NOT_ARMED, people.NOW_NS)
    world.everyone_ready()
    world.said = tuple(
        LampChanged(name, "ok", "as it should be") for name in ("feed", "clock", "database")
    )
    made = MainWindow(world.console(), settings=ForgetfulMemory(), wall_ns=lambda: people.NOW_NS)
    made.show()
    await made.start()
    yield made
    await made.stop()


def active(world: World) -> int:
    return sum(one.active for one in world.accounts.values())


async def lines(window: MainWindow) -> dict[str, tuple[Standing, str]]:
    checks = await window.stops._morning.checks()
    return {one.name: (one.standing, one.sentence) for one in checks}


async def test_a_good_morning_says_go_and_arms_with_enter(live: MainWindow, world: World) -> None:
    found = await lines(live)
    assert [name for name, (standing, _) in found.items() if standing is Standing.LACKS] == []
    assert found["Sessions"][1] == f"All {active(world)} are logged in."
    live.desk.actions[Act.RESUME].trigger()
    live.desk.actions[Act.RESUME].trigger()  # pressed twice it is asked once
    dialog = await shown(live, ResumeDialog)
    assert len([one for one in live.findChildren(ResumeDialog) if one.isVisible()]) == 1
    words = [one.text() for one in dialog.findChildren(PlainLabel)]
    assert "GO: nothing below stands in the way." in words
    assert "Of today." in words
    dialog.verb.click()
    await until(lambda: live.strip.change and live.strip.change.state is TradingState.ACTIVE)
    assert ("resume", ("Armed for the day.", "")) in world.calls


async def test_a_bad_morning_says_no_go_with_each_reason_and_its_remedy(
    live: MainWindow, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, one, other, third = list(world.accounts.values())[:4]
    for account, session in ((master, SessionState.EXPIRED), (one, SessionState.OFFLINE)):
        world.statuses[account.account_id] = replace(
            world.statuses[account.account_id], session=session
        )
    world.accounts[other.account_id] = replace(other, declared=Declared())
    live.desk.roster.set_accounts(world.accounts.values(), world.links.values())
    live.desk.roster.set_statuses(world.statuses.values())
    monkeypatch.setattr(FakeMarket, "lacking", "Contracts of NSEFO are of 20 Nov.")
    world.events.send(LampChanged("clock", "bad", "42 s off"))
    world.positions.told = report(
        [line(third, people.NIFTY_CE, copied=75)], unread=[(third.name, "Not logged in.")]
    )
    world.drift.told = DriftReport(
        (fake_drift.line(third, people.NIFTY_CE, Step.DRIFTING, -75, held=0),)
    )
    live.positions.look()
    live.drift.look()
    await until(lambda: live.positions.report.unread and live.drift.lines())
    live.news.take()
    found = await lines(live)
    assert found["Sessions"] == (
        Standing.LACKS,
        f"1 of {active(world)} accounts not logged in ({master.name}). Followers > Log in next.",
    )
    assert f"({one.name})" in found["Offline"][1]
    assert found["Basis"][1].endswith("Followers > Declare basis.")
    assert found["Contract files"] == (Standing.LACKS, "Contracts of NSEFO are of 20 Nov.")
    assert found["Clock"] == (Standing.LACKS, "42 s off.")
    assert found["Positions"] == (Standing.LACKS, f"Not read of 1 account: {third.name}.")
    assert found["Followers"] == (Standing.NOTE, "1 position to look at: View > Drift.")
    live.desk.actions[Act.RESUME].trigger()
    dialog = await shown(live, ResumeDialog)
    words = [one.text() for one in dialog.findChildren(PlainLabel)]
    assert any(said.startswith("NO-GO: 6 lines below to see to first.") for said in words)
    assert dialog.verb.isEnabled()  # a person decides
    assert not [call for call in world.calls if call[0] == "resume"]
    dialog.reject()


async def test_a_stop_of_the_person_itself_is_resumed_without_the_morning(
    live: MainWindow, world: World
) -> None:
    world.change = StateChange(TradingState.HALT, "operator", "drill", people.NOW_NS)
    world.events.send(TradingStateChanged(world.change, 0.1))
    await until(lambda: live.strip.change and live.strip.change.state is TradingState.HALT)
    live.desk.actions[Act.RESUME].trigger()
    dialog = await shown(live, ResumeDialog)
    assert dialog.verb.text() == "Resume copying"
    assert "Of today." not in [one.text() for one in dialog.findChildren(PlainLabel)]
    dialog.reject()


async def test_the_morning_is_looked_at_as_often_as_one_likes_and_arms_nothing(
    live: MainWindow, world: World
) -> None:
    live.desk.actions[Act.MORNING].trigger()
    live.desk.actions[Act.MORNING].trigger()
    dialog = await shown(live, MorningDialog)
    assert len([one for one in live.findChildren(MorningDialog) if one.isVisible()]) == 1
    assert dialog.verdict.text().startswith("GO")
    master = next(iter(world.accounts.values()))
    lost = replace(world.statuses[master.account_id], session=SessionState.EXPIRED)
    live.desk.roster.set_statuses([lost])
    dialog.again.click()
    await until(lambda: dialog.verdict.text().startswith("NO-GO: 1 line"))
    words = [one.text() for one in dialog.findChildren(PlainLabel)]
    assert any(said.endswith("Followers > Log in next.") for said in words)
    dialog.close_button.click()
    assert world.calls == []
    assert live.strip.state.text() == "NOT ARMED"


async def test_paper_asks_for_no_basis_in_its_morning(window: MainWindow) -> None:
    checks = await window.stops._morning.checks()
    assert "Basis" not in [one.name for one in checks]
