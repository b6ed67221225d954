"""The dialogs about links: they ask for what was changed in them, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.link import Follower, LinkState
from copytrade_gui.domain.open_orders import Goes
from copytrade_gui.domain.order import State
from copytrade_gui.domain.sizing import Strategy
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.link_state import LinkStateDialog
from copytrade_gui.ui.followers.sizing import SizingDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_routes import no_test
from tests.ui.fakes import World
from tests.ui.test_dialogs import shown

pytestmark = pytest.mark.window_loop

CHANGES: dict[str, object] = {
    "name": "Asha", "client_id": "KX99", "app_key": "key-2", "app_secret": "s3", "active": None,
    "is_master": None, "max_quantity": "50", "min_quantity": "5", "rounding": "carry",
    "reverse": None,
    "overrides": "TCS fixed 5", "state": "paused", "group": "Family", "sides": "buy",
    "products": "NORMAL", "exchanges": "NSEFO", "symbols": "NIFTY", "not_symbols": "TCS",
    "from": "09:20", "to": "11:00", "slippage": "0.5%", "delay": "5", "beyond": "limit",
    "stop_loss": "1%", "target": "2.50 rupees", "exit_at": "15:10",
}  # fmt: skip


def change(dialog: FollowerEditor, name: str, value: object) -> None:
    field = dialog.findChild(QLineEdit, f"field_{name}")
    if isinstance(field, QLineEdit):
        field.setText(str(value))
    elif isinstance(box := dialog.findChild(QCheckBox, f"field_{name}"), QCheckBox):
        box.setChecked(not box.isChecked())
    else:
        choice = dialog.findChild(QComboBox, f"field_{name}")
        assert isinstance(choice, QComboBox)
        number = choice.findData(str(value).upper() if name == "sides" else value)
        assert number >= 0
        choice.setCurrentIndex(number)


def select(window: MainWindow, row: int) -> list[Follower]:
    view, flags = window.followers.table.view, QItemSelectionModel.SelectionFlag
    view.selectionModel().select(view.proxy.index(row, 0), flags.ClearAndSelect | flags.Rows)
    return window.followers.selected_followers()


def asked(draft: FollowerDraft) -> set[str]:
    """The fields that a draft names."""
    empty = FollowerDraft()
    return {
        name
        for name in FollowerDraft.__dataclass_fields__
        if getattr(draft, name) != getattr(empty, name)
    }


async def test_the_editor_asks_for_the_fields_that_were_changed_in_it(window: MainWindow) -> None:
    follower = window.desk.roster.followers()[0]

    async def nothing(_dialog: object) -> None:
        """Save nothing."""

    for name, value in CHANGES.items():
        dialog = FollowerEditor(window, window.desk, follower, nothing, test=no_test)
        dialog.present()
        assert asked(dialog.draft()) == set()
        change(dialog, name, value)
        wanted = {"from": "window_from", "to": "window_to"}.get(name, name)
        assert asked(dialog.draft()) == {wanted}
        dialog.close()
    dialog = FollowerEditor(window, window.desk, follower, nothing, test=no_test)
    dialog.present()
    change(dialog, "strategy", "fixed")  # a value belongs to its strategy
    assert asked(dialog.draft()) == {"strategy", "parameter"}
    dialog.close()


async def test_what_changed_while_the_editor_was_open_stays_as_it_is_then_also_after_undo(
    window: MainWindow, world: World
) -> None:
    (first,) = select(window, 0)
    window.desk.actions[Act.FOLLOWER_EDIT].trigger()
    dialog = await shown(window, FollowerEditor)
    name = first.account.account_id
    off = world.accounts[name] = replace(world.accounts[name], active=False)
    change(dialog, "group", "Family")
    dialog.verb.click()
    await until(lambda: world.links[first.link.key].group == "Family")
    await until(window.desk.actions[Act.UNDO].isEnabled)
    assert world.accounts[name] == off
    window.desk.actions[Act.UNDO].trigger()
    await until(lambda: world.links[first.link.key] == first.link)
    assert world.accounts[name] == off


async def test_a_group_is_completed_from_those_that_are_here_and_takes_their_spelling(
    window: MainWindow, world: World
) -> None:
    first, second, third = window.desk.roster.followers()[:3]
    for one, group in ((first, "Family"), (second, "Old friends")):
        world.links[one.link.key] = replace(one.link, group=group)
    await window.follower_work.edits.reload()
    select(window, 2)
    window.desk.actions[Act.FOLLOWER_EDIT].trigger()
    dialog = await shown(window, FollowerEditor)
    field = dialog.group
    for typed, found in (("fam", ["Family"]), ("FRIEND", ["Old friends"]), ("new", [])):
        field.clear()
        QTest.keyClicks(field, typed)
        assert field.suggested() == found
    for _ in "new":
        QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert field.text() == ""
    assert field.suggested() == []
    down = Qt.Key.Key_Down
    for key in (down, down, down, Qt.Key.Key_Return):
        QTest.keyClick(field, key)
    assert (field.text(), field.suggested(), dialog.over) == ("Old friends", [], False)
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert field.suggested() == ["Old friends"]
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), field.suggested(), dialog.over) == ("Old friend", [], False)
    dialog.group.setText("family")
    dialog.verb.click()
    await until(lambda: "Family" in [link.group for link in world.links.values()][1:])
    groups = sorted(link.group for link in world.links.values() if link.group)
    assert groups == ["Family", "Family", "Old friends"]
    assert third.link.group == ""


async def test_an_account_that_is_here_is_linked_as_it_is(window: MainWindow, world: World) -> None:
    """It copies one master already, and another one from now on; the form does not change it."""
    second = Account(AccountId("master-2"), "Second", "KX555", "app", master=True)
    world.accounts[second.account_id] = second
    await window.follower_work.edits.reload()
    window.desk.roster.choose_master(second.account_id)
    window.desk.actions[Act.FOLLOWER_ADD].trigger()
    dialog = await shown(window, FollowerEditor)
    assert dialog.existing is not None
    number = dialog.existing.findText(world.accounts[AccountId("f-003")].name)
    assert number > 0
    dialog.existing.setCurrentIndex(number)
    assert not dialog.client_id.isEnabled()
    before = world.accounts[AccountId("f-003")]
    other = dict(world.links)
    change(dialog, "group", "Family")
    world.accounts[AccountId("f-003")] = replace(before, active=False)  # meanwhile
    dialog.verb.click()
    key = (second.account_id, AccountId("f-003"))
    await until(lambda: key in world.links)
    assert world.links[key].group == "Family"
    assert world.accounts[AccountId("f-003")] == replace(before, active=False)
    assert {one: link for one, link in world.links.items() if one != key} == other


async def test_a_state_is_set_for_those_that_are_selected(window: MainWindow, world: World) -> None:
    (chosen,) = select(window, 1)
    before = dict(world.links)
    window.desk.actions[Act.FOLLOWER_STATE].trigger()
    dialog = await shown(window, LinkStateDialog)
    dialog.choice.setCurrentIndex(dialog.choice.findData("close_only"))
    dialog.verb.click()
    closing = replace(chosen.link, state=LinkState.CLOSE_ONLY)
    await until(lambda: world.links == before | {closing.key: closing})
    await until(window.desk.actions[Act.UNDO].isEnabled)
    window.desk.actions[Act.UNDO].trigger()
    await until(lambda: world.links == before)


async def test_a_stop_of_a_link_asks_what_becomes_of_its_open_copies(
    window: MainWindow, world: World
) -> None:
    (chosen,) = select(window, 1)
    name = chosen.account.account_id
    view = people.order(PlanId("P1"), chosen.account, State.WORKING)
    world.orders[view.intent_id] = view
    window.desk.actions[Act.FOLLOWER_STATE].trigger()
    dialog = await shown(window, LinkStateDialog)
    assert not dialog.choose_goes.isVisible()
    dialog.choice.setCurrentIndex(dialog.choice.findData("paused"))
    assert dialog.choose_goes.isVisible()
    assert dialog.goes is Goes.NOTHING
    labels = dialog.findChildren(PlainLabel)
    there = next(one for one in labels if "At the broker now: 1 entry" in one.text())
    await until(lambda: there.visibleRegion().boundingRect().height() == there.height())
    dialog.choose_goes.setCurrentIndex(dialog.choose_goes.findData("entries"))
    dialog.verb.click()
    await until(lambda: ("cancel_copies", ((name,), Goes.ENTRIES)) in world.calls)
    assert world.links[chosen.link.key].state is LinkState.PAUSED
    await until(lambda: "1 open copy cancelled" in window.desk.notices.all[-1].sentence)


@pytest.mark.parametrize("cap", ["", "none", "60"])
async def test_set_sizing_leaves_what_it_does_not_ask_for(
    window: MainWindow, world: World, cap: str
) -> None:
    window.followers.table.view.selectAll()
    before = dict(world.links)
    window.desk.actions[Act.FOLLOWER_SIZING].trigger()
    dialog = await shown(window, SizingDialog)
    change_value = dialog.findChild(QLineEdit, "field_parameter")
    assert isinstance(change_value, QLineEdit)
    change_value.setText("3")
    dialog.max_quantity.setText(cap)
    dialog.verb.click()
    await until(lambda: world.links != before)
    for key, link in world.links.items():
        was = before[key]
        most = {"": was.sizing.max_quantity, "none": None, "60": 60}[cap]
        sizing = replace(was.sizing, strategy=link.sizing.strategy, max_quantity=most)
        assert link == replace(was, sizing=replace(sizing, parameter=link.sizing.parameter))
        assert (link.sizing.strategy, link.sizing.parameter) == (Strategy.RATIO, Decimal(3))
