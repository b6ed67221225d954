"""The basis of accounts in the window: one dialog for several, the editors, the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.domain.basis import UNDECLARED, Basis, Declared
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.basis import BasisDialog
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.master_editor import MasterEditor
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.state_words import NO_BASIS, copying_look, copying_rank
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]
SPOUSE = Declared(Basis.FAMILY, "spouse")


async def test_one_dialog_declares_it_for_the_selected_and_for_the_master(
    window: MainWindow, world: World
) -> None:
    window.followers.table.view.selectAll()
    chosen = window.followers.selected()
    window.desk.actions[Act.BASIS].trigger()
    dialog = await shown(window, BasisDialog)
    assert dialog.verb.text() == f"Set for {len(chosen)} accounts"
    dialog.fields.basis.setCurrentIndex(dialog.fields.basis.findData("family"))
    assert "dependent child" in dialog.fields.hint.text()
    dialog.verb.click()
    await until(lambda: not dialog.busy(dialog.verb))
    assert not any(one.declared.basis for one in world.accounts.values()), "refused"
    dialog.fields.reference.setText("spouse")
    dialog.verb.click()
    ids = {one.account_id for one in chosen}
    await until(lambda: all(world.accounts[one].declared == SPOUSE for one in ids))
    assert {one.declared for name, one in world.accounts.items() if name not in ids} == {UNDECLARED}

    window.desk.actions[Act.BASIS].trigger()
    dialog = await shown(window, BasisDialog)
    master = window.desk.roster.master
    assert master is not None
    dialog.whose.setCurrentIndex(dialog.whose.findText(f"Master {master.name}"))
    assert dialog.fields.typed() == {"basis": "", "basis_reference": "", "algo_id": ""}
    dialog.fields.basis.setCurrentIndex(dialog.fields.basis.findData("self"))
    dialog.verb.click()
    await until(lambda: world.accounts[master.account_id].declared == Declared(Basis.SELF))
    assert all(world.accounts[one].declared == SPOUSE for one in ids)


async def test_the_editor_shows_what_is_declared_and_changes_no_more_than_that(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    (account,) = window.followers.selected()
    world.accounts[account.account_id] = replace(account, declared=SPOUSE)
    await window.follower_work.edits.reload()
    view.setCurrentIndex(view.proxy.index(0, 0))
    window.desk.actions[Act.FOLLOWER_EDIT].trigger()
    editor = await shown(window, FollowerEditor)
    assert editor.declared.typed()["basis_reference"] == "spouse"
    assert editor.draft().basis is None, "what was not touched is not asked for"
    editor.declared.reference.setText("dependent parent")
    assert (editor.draft().basis, editor.draft().algo_id) == ("family", None)
    editor.verb.click()
    parent = Declared(Basis.FAMILY, "dependent parent")
    await until(lambda: world.accounts[account.account_id].declared == parent)


async def test_a_new_master_comes_with_his_basis(window: MainWindow, world: World) -> None:
    window.desk.actions[Act.MASTER_ADD].trigger()
    editor = await shown(window, MasterEditor)
    editor.name.setText("Second")
    editor.client_id.setText("MX77")
    editor.declared.basis.setCurrentIndex(editor.declared.basis.findData("self"))
    editor.verb.click()
    await until(lambda: any(one.client_id == "MX77" for one in world.accounts.values()))
    (made,) = (one for one in world.accounts.values() if one.client_id == "MX77")
    assert made.declared == Declared(Basis.SELF)


async def test_a_live_account_without_one_says_so_and_stands_with_the_trouble(
    world: World,
) -> None:
    account = next(iter(world.accounts.values()))
    status = AccountStatus(account.account_id, SessionState.READY)
    assert copying_look(account, status, live=True) is NO_BASIS
    assert copying_rank(account, status, live=True) == 1
    for one, live in ((account, False), (replace(account, declared=SPOUSE), True)):
        assert copying_look(one, status, live=live).word == "On"
