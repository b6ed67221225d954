"""The window's way to mend or remove a master: menu, palette and the strip lead to one editor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.followers.master_editor import MasterEditor
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown, told

pytestmark = pytest.mark.window_loop


async def test_the_editor_of_the_chosen_master_asks_for_what_was_changed_and_can_be_undone(
    window: MainWindow, world: World
) -> None:
    master = window.desk.roster.master
    assert master is not None
    actions = window.desk.actions
    assert actions[Act.MASTER_EDIT] in window.strip.master.actions()
    actions[Act.MASTER_EDIT].trigger()
    editor = await shown(window, MasterEditor)
    assert master.name in editor.windowTitle()
    assert editor.client_id.text() == master.client_id
    assert not editor.client_id.isEnabled()
    assert not editor.app_secret.text()
    editor.name.setText("Desk one")
    draft = editor.draft()
    assert (draft.name, draft.client_id, draft.app_key, draft.route, draft.active) == (
        "Desk one", None, None, None, None,
    )  # fmt: skip
    assert draft.app_secret == ""
    world.accounts[master.account_id] = replace(master, app_key="changed-elsewhere")
    editor.verb.click()
    await until(lambda: world.accounts[master.account_id].name == "Desk one")
    assert world.accounts[master.account_id].app_key == "changed-elsewhere"
    await until(actions[Act.UNDO].isEnabled)
    actions[Act.UNDO].trigger()
    await until(lambda: world.accounts[master.account_id].name == master.name)
    assert world.accounts[master.account_id].app_key == "changed-elsewhere"


async def test_a_master_whom_somebody_copies_stays_and_says_why(
    window: MainWindow, world: World
) -> None:
    before = dict(world.accounts)
    window.desk.actions[Act.MASTER_REMOVE].trigger()
    await until(lambda: told(window, "cannot be removed now"))
    assert world.accounts == before


async def test_a_master_nobody_copies_is_removed_after_a_question_and_comes_back(
    window: MainWindow, world: World
) -> None:
    second = Account(AccountId("M2"), "Second", "MX77", "key", master=True)
    world.accounts[second.account_id] = second
    await window.follower_work.edits.reload()
    window.desk.roster.choose_master(second.account_id)
    actions = window.desk.actions
    actions[Act.MASTER_REMOVE].trigger()
    question = await shown(window, Question)
    question.verb.click()
    await until(lambda: second.account_id not in world.accounts)
    await until(lambda: window.desk.roster.master is not None)
    await until(actions[Act.UNDO].isEnabled)
    actions[Act.UNDO].trigger()
    await until(lambda: world.accounts.get(second.account_id) == second)


async def test_a_master_whom_a_file_switched_off_is_switched_on_in_his_editor(
    window: MainWindow, world: World
) -> None:
    master = window.desk.roster.master
    assert master is not None
    world.accounts[master.account_id] = replace(master, active=False)
    await window.follower_work.edits.reload()
    window.desk.actions[Act.MASTER_EDIT].trigger()
    editor = await shown(window, MasterEditor)
    assert not editor.active.isChecked()
    editor.active.setChecked(True)
    editor.verb.click()
    await until(lambda: world.accounts[master.account_id] == master)
