"""The dialog that opens more paper accounts, and that live has none."""

from __future__ import annotations

import pytest

from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.paper_accounts import PaperAccountsDialog
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

    async def grow(self, masters: str, followers: str) -> int:
        self.asked.append((masters, followers))
        if masters == "99":
            raise RefusedError("Masters 99 is too many. Write 10.", field="masters")
        return 88


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


async def test_live_has_no_such_action(window: MainWindow) -> None:
    assert not window.desk.actions[Act.PAPER_ACCOUNTS].isVisible()
