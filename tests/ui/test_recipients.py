"""Whom the ticket sends to: chosen with the keyboard, shown in the preview and on the button."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.recipients import EVERYBODY, MASTER_ALONE, Recipients, Scope
from copytrade_gui.services.verbs import Preview, PreviewRow
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.followers.group import GroupDialog
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.ticket_words import alone
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.pictures import fill_ticket
from tests.ui.test_dialogs import shown

pytestmark = [
    pytest.mark.window_loop,
    pytest.mark.expected_qt_message("does not support grabbing the keyboard"),
]

Key = Qt.Key


def select(window: MainWindow, *rows: int) -> list[AccountId]:
    view, flags = window.followers.table.view, QItemSelectionModel.SelectionFlag
    view.clearSelection()
    for row in rows:
        view.selectionModel().select(view.proxy.index(row, 0), flags.Select | flags.Rows)
    return [one.account_id for one in window.followers.selected()]


def press(window: MainWindow, *keys: Key) -> None:
    """Open the list with the space bar, and press these in it."""
    button = window.ticket.form.recipients
    QTest.keyClick(button, Key.Key_Space)
    for key in keys:
        QTest.keyClick(button.menu_of_choices, key)


async def test_recipients_are_chosen_with_the_keyboard_and_the_preview_says_who_is_left_out(
    window: MainWindow, world: World
) -> None:
    world.everyone_ready()
    for number, group in ((1, "Family"), (2, "Family"), (3, "Friends")):
        key = (people.MASTER, AccountId(f"f-{number:03d}"))
        world.links[key] = replace(world.links[key], group=group, group_multiplier=Decimal(2))
    await window.follower_work.edits.reload()
    ticket = window.ticket
    await fill_ticket(window)
    everybody = ticket.face.send.text()
    press(window, Key.Key_Down, Key.Key_Down, Key.Key_Return)  # nobody is selected in the table
    assert ticket.draft().recipients == Recipients(Scope.GROUPS, frozenset({"Family"}))
    assert ticket.form.recipients.text() == "Family"
    await until(lambda: ticket.face.send.text() == "Buy for 3")
    assert "10 not chosen" in ticket.face.preview.reasons.text()
    # A second group beside it; ticked again it goes.
    press(window, *[Key.Key_Down] * 3, Key.Key_Return)
    assert ticket.form.recipients.text() == "Family + Friends"
    await until(lambda: ticket.face.send.text() == "Buy for 4")
    press(window, *[Key.Key_Down] * 3, Key.Key_Return)
    press(window, Key.Key_M)
    assert ticket.draft().recipients == MASTER_ALONE
    await until(lambda: ticket.face.send.text() == "Buy for 1")
    assert ticket.face.send.isEnabled()
    assert "Only the master's order is sent" in ticket.face.why.text()
    press(window, Key.Key_A)
    assert ticket.draft().recipients == EVERYBODY
    await until(lambda: ticket.face.send.text() == everybody)
    assert not ticket.face.why.text()


async def test_selected_followers_are_those_that_were_selected_then(
    window: MainWindow, world: World
) -> None:
    ticket = window.ticket
    select(window)
    press(window, Key.Key_S)  # nobody is selected: it cannot be chosen
    QTest.keyClick(ticket.form.recipients.menu_of_choices, Key.Key_Escape)
    assert ticket.draft().recipients == EVERYBODY
    chosen = select(window, 0, 2)
    press(window, Key.Key_S)
    meant = Recipients(Scope.FOLLOWERS, followers=frozenset(chosen))
    assert ticket.draft().recipients == meant
    select(window, 1)
    assert ticket.draft().recipients == meant
    other = replace(world.accounts[people.MASTER], account_id=AccountId("m2"), client_id="M2")
    world.accounts[other.account_id] = other
    await window.follower_work.edits.reload()
    window.desk.roster.choose_master(other.account_id)
    assert ticket.draft().recipients == EVERYBODY
    assert window.desk.roster.selected == ()  # he has no followers
    assert window.followers.bulk_text.text() == "0 selected:"


async def test_followers_are_put_into_a_group_with_a_multiplier_and_one_undo_takes_it_back(
    window: MainWindow, world: World
) -> None:
    first = (people.MASTER, AccountId("f-007"))
    world.links[first] = replace(world.links[first], group="Family")
    await window.follower_work.edits.reload()
    before = dict(world.links)
    chosen = {(people.MASTER, name) for name in select(window, 0, 1)}
    window.desk.actions[Act.FOLLOWER_GROUP].trigger()
    dialog = await shown(window, GroupDialog)
    assert not dialog.multiplier.isEnabled()
    dialog.group.setText("Family")
    assert dialog.multiplier.text() == "1"
    dialog.multiplier.setText("0")
    dialog.verb.click()
    problem = dialog.findChild(PlainLabel, "problem_multiplier")
    assert isinstance(problem, PlainLabel)
    await until(lambda: "above 0" in problem.text())
    assert world.links == before
    dialog.multiplier.setText("1.5")
    dialog.verb.click()
    await until(lambda: world.links != before)
    for key, link in world.links.items():
        in_it = key in {*chosen, first}
        wanted = replace(before[key], group="Family", group_multiplier=Decimal("1.5"))
        assert link == (wanted if in_it else before[key])
    await until(window.desk.actions[Act.UNDO].isEnabled)
    window.desk.actions[Act.UNDO].trigger()
    await until(lambda: world.links == before)


def row(code: str, *, master: bool = False, quantity: int = 0) -> PreviewRow:
    return PreviewRow(AccountId(code), code, master, quantity, Decimal(quantity), code, f"{code}.")


@pytest.mark.parametrize(
    ("codes", "recipients", "said"),
    [
        (["off", "off", "zero"], EVERYBODY,
         ("No follower gets this order: 2 switched off, 1 below one lot. Only the master's order "
          "is sent, once you type its quantity.")),
        (["no_copy_to_exit"], EVERYBODY,
         "No follower holds a copy to exit. Only the master's order is sent."),
        (["not_chosen"], MASTER_ALONE,
         "Only the master's order is sent: the ticket is for the master alone."),
        ([], EVERYBODY, ""),
    ],
)  # fmt: skip
async def test_that_no_follower_gets_it_is_said_beside_the_button(
    codes: list[str], recipients: Recipients, said: str
) -> None:
    rows = (row("M", master=True, quantity=10), *map(row, codes))
    assert alone(Preview((), rows, None, None), recipients) == said
    one_more = Preview((), (*rows, row("", quantity=5)), None, None)
    assert alone(one_more, recipients) == ""
