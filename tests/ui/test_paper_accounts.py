"""The dialog that opens more paper accounts, and that live has none."""

from __future__ import annotations

import pytest

from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.paper_accounts import PaperAccountsDialog
from copytrade_gui.ui.leaving import quit_sentence
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = pytest.mark.window_loop


class Paper:
    """Takes what was typed; refuses more than it has."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.kept = True
        self.silent = False
        self.news = "The paper broker ran on."

    async def grow(self, masters: str, followers: str) -> int:
        self.asked.append((masters, followers))
        if masters == "99":
            raise RefusedError("Masters 99 is too many. Write 10.", field="masters")
        return 88

    async def broker_kept(self) -> bool:
        return self.kept

    async def broker_news(self) -> str:
        return self.news

    async def keep_broker(self, *, keep: bool) -> None:
        if self.silent:
            raise RefusedError("The simulated broker did not answer.")
        self.kept = keep


@pytest.fixture
def paper(world: World) -> Paper:
    """Asked for before the window, which takes it."""
    world.paper_broker = made = Paper()
    return made


async def test_a_size_is_chosen_and_a_wrong_number_is_told_beside_its_field(
    paper: Paper, window: MainWindow
) -> None:
    action = window.desk.actions[Act.PAPER_ACCOUNTS]
    assert action.isVisible()
    action.trigger()
    dialog = await shown(window, PaperAccountsDialog)
    assert (dialog.masters.text(), dialog.followers.text()) == ("2", "12")
    dialog.sizes[100].click()
    dialog.masters.setText("99")
    dialog.verb.click()
    problem = dialog.findChild(PlainLabel, "problem_masters")
    await until(lambda: problem is not None and "too many" in problem.text())
    dialog.masters.setText("3")
    dialog.verb.click()
    await until(lambda: not window.findChildren(PaperAccountsDialog))
    assert paper.asked == [("99", "100"), ("3", "100")]


async def test_the_choice_to_keep_the_broker_is_shown_as_it_is_stored(
    paper: Paper, window: MainWindow
) -> None:
    keep = window.desk.actions[Act.KEEP_BROKER]

    def last() -> str:
        return window.desk.notices.all[-1].sentence

    await until(keep.isChecked)
    await window._load()
    assert [one.sentence for one in window.desk.notices.all].count(paper.news) == 1
    keep.trigger()
    await until(lambda: not paper.kept and keep.isEnabled())
    assert last() == "The paper broker ends with the console."
    paper.silent = True
    keep.trigger()
    await until(lambda: last() == "The simulated broker did not answer.")
    await until(lambda: keep.isEnabled() and not keep.isChecked())
    paper.silent = False
    keep.trigger()
    await until(lambda: paper.kept and keep.isEnabled())
    assert "runs on when the console is closed" in last()
    assert "The paper broker keeps running." in quit_sentence(
        0,
        copying=True,
        report=window.positions.report,
        stays=window.paper_work.keeps_broker,
    )


async def test_live_has_no_such_actions(window: MainWindow) -> None:
    for act in (Act.PAPER_ACCOUNTS, Act.KEEP_BROKER):
        assert not window.desk.actions[act].isVisible()
