"""A halted account in the window: how it looks, and how its halt is lifted."""

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QPushButton

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.lift_halt import LiftHaltDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop
F3 = AccountId("f-003")


def cells(window: MainWindow, account: AccountId) -> list[str]:
    """What the follower's row shows, from left to right."""
    proxy = window.followers.table.view.proxy
    row = next(n for n in range(proxy.rowCount()) if account_at(window, n) == account)
    return [str(proxy.index(row, place).data()) for place in range(proxy.columnCount())]


def account_at(window: MainWindow, row: int) -> AccountId:
    proxy = window.followers.table.view.proxy
    source = proxy.mapToSource(proxy.index(row, 0))
    return window.followers.model.row_at(source.row()).account.account_id


def choose(window: MainWindow, account: AccountId) -> None:
    view = window.followers.table.view
    row = next(n for n in range(view.proxy.rowCount()) if account_at(window, n) == account)
    flags = QItemSelectionModel.SelectionFlag
    view.selectionModel().select(view.proxy.index(row, 0), flags.ClearAndSelect | flags.Rows)


async def opened(window: MainWindow) -> LiftHaltDialog:
    await until(lambda: any(one.isVisible() for one in window.findChildren(LiftHaltDialog)))
    return next(one for one in window.findChildren(LiftHaltDialog) if one.isVisible())


def words(dialog: LiftHaltDialog) -> str:
    return "\n".join(one.text() for one in dialog.findChildren(PlainLabel) if one.isVisible())


async def test_a_halted_follower_stands_first_in_red_with_its_reason(
    window: MainWindow, world: World
) -> None:
    assert not window.desk.actions[Act.LIFT_HALT].isEnabled()
    world.halt(F3, people.OVERFILL)
    await until(lambda: "HALTED" in cells(window, F3))
    assert account_at(window, 0) == F3
    assert people.OVERFILL in cells(window, F3)
    row = window.followers.model.get(F3)
    assert row is not None
    tones = {one.key: one.tone(row) for one in window.followers.model.columns if one.tone}
    assert tones["state"] is Tone.BAD
    assert tones["outcome"] is Tone.BAD
    assert people.OVERFILL in window.bands.sentences()["halts"]


async def test_lifting_a_halt_asks_for_a_reason_and_names_what_was_found(
    window: MainWindow, world: World
) -> None:
    world.halt(F3, people.OVERFILL)
    choose(window, F3)
    await until(window.desk.actions[Act.LIFT_HALT].isEnabled)
    window.desk.actions[Act.LIFT_HALT].trigger()
    dialog = await opened(window)
    shown = words(dialog)
    assert world.accounts[F3].name in shown
    assert people.OVERFILL in shown
    assert "orders, trades and positions" in shown
    dialog.verb.click()
    await until(lambda: "Reason is empty" in words(dialog))
    assert world.statuses[F3].halted
    dialog.reason.setText("Sold the 75 by hand.")
    dialog.verb.click()
    await until(lambda: window.findChild(LiftHaltDialog) is None)
    assert world.calls[-1] == ("lift_account_halt", (F3, people.OVERFILL, "Sold the 75 by hand."))
    await until(lambda: "HALTED" not in cells(window, F3))
    assert "halts" not in window.bands.sentences()
    assert not window.desk.actions[Act.LIFT_HALT].isEnabled()


async def test_several_halts_are_lifted_with_one_reason_and_who_was_not_is_named(
    window: MainWindow, world: World
) -> None:
    f4, f5 = AccountId("f-004"), AccountId("f-005")
    for account in (F3, f4, f5):
        world.halt(account, people.OVERFILL)
    await until(lambda: len(window.desk.roster.stopped()) == 3)
    view = window.followers.table.view
    view.selectAll()
    window.desk.actions[Act.LIFT_HALT].trigger()
    dialog = await opened(window)
    found = dialog.found.toPlainText()
    assert all(f"{world.accounts[one].name} (" in found for one in (F3, f4, f5))
    world.halt(f5, f"{people.OVERFILL} {people.DUPLICATE}")
    dialog.reason.setText("Looked at each.")
    dialog.verb.click()
    await until(lambda: people.DUPLICATE in words(dialog))
    assert "2 accounts lifted" in words(dialog)
    assert f"{world.accounts[f5].name}: " in words(dialog)
    assert [bool(world.statuses[one].halted) for one in (F3, f4, f5)] == [False, False, True]
    dialog.back.click()
    await until(lambda: window.findChild(LiftHaltDialog) is None)


async def test_a_halted_master_is_named_in_the_strip_and_lifted_from_the_band(
    window: MainWindow, world: World
) -> None:
    world.halt(F3, people.OVERFILL)
    world.halt(people.MASTER, people.DUPLICATE)
    await until(lambda: window.strip.session.text() == "HALTED")
    band = window.bands.sentences()["halts"]
    assert band.startswith("Master ")
    assert people.DUPLICATE in band
    assert "1 other account" in band
    button = window.bands.findChild(QPushButton, "band_halts_lift_halt")
    assert isinstance(button, QPushButton)
    button.click()
    dialog = await opened(window)
    assert people.DUPLICATE in words(dialog)
    dialog.reason.setText("Cancelled the second.")
    dialog.verb.click()
    await until(lambda: window.strip.session.text() != "HALTED")
    await until(lambda: people.OVERFILL in window.bands.sentences().get("halts", ""))


async def test_what_is_found_while_the_dialog_is_open_needs_another_look(
    window: MainWindow, world: World
) -> None:
    world.halt(F3, people.OVERFILL)
    choose(window, F3)
    await until(window.desk.actions[Act.LIFT_HALT].isEnabled)
    window.desk.actions[Act.LIFT_HALT].trigger()
    dialog = await opened(window)
    world.halt(F3, f"{people.OVERFILL} {people.DUPLICATE}")
    dialog.reason.setText("Sold the 75 by hand.")
    dialog.verb.click()
    await until(lambda: people.DUPLICATE in words(dialog))
    assert world.statuses[F3].halted
    dialog.back.click()
    await until(lambda: window.findChild(LiftHaltDialog) is None)


LOST = (
    "Its copies brought -₹10,250 today, and its limit for a day's loss is ₹10,000: only exits "
    "are copied to it. It ends by itself on the next day; before that a person may lift it, with a "
    "reason."
)


async def test_who_reached_a_loss_limit_is_told_everywhere_with_the_figures_and_lifted(
    window: MainWindow, world: World
) -> None:
    world.lets_only_exits_pass(F3, LOST)
    await until(lambda: "Exits only" in cells(window, F3))
    assert account_at(window, 0) == F3
    assert LOST in cells(window, F3)
    window.followers.table.narrow("§trouble")
    shown = {account_at(window, n) for n in range(window.followers.table.view.proxy.rowCount())}
    silent = {
        account.account_id
        for account in world.accounts.values()
        if not account.master
        and account.active
        and world.statuses[account.account_id].session is not SessionState.READY
    }
    assert shown >= silent | {F3}
    assert silent
    window.followers.table.narrow("")
    band = window.bands.sentences()["halts"]
    assert "copies exits only" in band
    assert LOST in band
    assert window.strip.offline.text() == "1 stopped"
    world.halt(AccountId("f-004"), people.OVERFILL)
    await until(lambda: window.strip.offline.text() == "2 stopped")
    assert people.OVERFILL in window.bands.sentences()["halts"]  # the graver first
    choose(window, F3)
    await until(window.desk.actions[Act.LIFT_HALT].isEnabled)
    window.desk.actions[Act.LIFT_HALT].trigger()
    dialog = await opened(window)
    assert LOST in words(dialog)
    assert "it ends on the next day" in words(dialog)
    assert "orders, trades and positions" not in words(dialog)
    dialog.reason.setText("He agreed to go on.")
    dialog.verb.click()
    await until(lambda: window.findChild(LiftHaltDialog) is None)
    assert world.calls[-1] == ("lift_account_halt", (F3, LOST, "He agreed to go on."))
    await until(lambda: "Exits only" not in cells(window, F3))


async def test_the_rows_menu_offers_it(window: MainWindow) -> None:
    assert window.desk.actions[Act.LIFT_HALT] in window.followers.table.view.row_actions
