"""The limits' form as a trader fills it in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.services.limit_verbs import LimitsShown
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.limits.limits import LimitsDialog, Whose, fields_for
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


async def open_form(window: MainWindow, act: Act) -> LimitsDialog:
    window.desk.actions[act].trigger()
    await until(lambda: [one for one in window.findChildren(LimitsDialog) if one.isVisible()])
    return next(one for one in window.findChildren(LimitsDialog) if one.isVisible())


def words(dialog: LimitsDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(PlainLabel))


async def test_the_form_for_all_shows_what_holds_and_what_held_at_first(
    window: MainWindow, world: World
) -> None:
    now = replace(Limits(), open_orders=40, plan_value=None)
    world.limits.shown = LimitsShown(now, Limits(), {})
    dialog = await open_form(window, Act.LIMITS)
    shown = {name: line.text() for name, line in dialog.fields.items()}
    assert shown["open_orders"] == "40"
    assert shown["order_value"] == "5,00,000"
    assert shown["plan_value"] == shown["net_position"] == ""
    assert "At first 50 orders." in words(dialog)
    assert "At first ₹50,00,000." in words(dialog)
    dialog.fields["plan_value"].setText("60 lakh")
    dialog.reason.setText("More accounts")
    world.limits.refuse = RefusedError("Write 60l.", field="plan_value")
    dialog.submit()
    problem = dialog.findChild(PlainLabel, "problem_plan_value")
    assert isinstance(problem, PlainLabel)
    await until(problem.text)
    assert dialog.fields["plan_value"].text() == "60 lakh"
    world.limits.refuse = None
    dialog.fields["plan_value"].setText("60l")
    dialog.submit()
    await until(lambda: world.limits.typed)
    account, typed, reason = world.limits.typed[0]
    assert (account, typed, reason) == (None, {**shown, "plan_value": "60l"}, "More accounts")
    await until(lambda: window.desk.notices.all)
    assert "limits of all accounts are set" in window.desk.notices.all[-1].sentence


async def test_the_form_for_one_shows_those_of_all_beside_his_own(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    (chosen,) = window.followers.selected()
    own = replace(NO_LIMITS, open_orders=5)
    world.limits.shown = LimitsShown(Limits(), Limits(), {chosen.account_id: own})
    dialog = await open_form(window, Act.FOLLOWER_LIMITS)
    assert chosen.name in dialog.windowTitle()
    assert {name: line.text() for name, line in dialog.fields.items()} == {
        "order_value": "", "futures_value": "", "open_orders": "5", "orders_a_day": "",
        "net_position": "",
    }  # fmt: skip
    assert "All accounts: 500 orders." in words(dialog)
    dialog.fields["orders_a_day"].setText("20")
    dialog.submit()
    await until(lambda: world.limits.typed)
    assert world.limits.typed[0][0] == chosen.account_id


async def test_the_loss_limits_form_says_what_happens_then(
    window: MainWindow, world: World
) -> None:
    now = replace(Limits(), day_loss=Paise(10_000_00), loss_then=1)
    world.limits.shown = LimitsShown(now, Limits(), {})
    dialog = await open_form(window, Act.LOSS_LIMITS)
    assert "Loss limits of all accounts" in dialog.windowTitle()
    assert dialog.fields["day_loss"].text() == "10,000"
    assert dialog.choices["loss_then"].currentText() == "nothing leaves"
    assert dialog.choices["all_loss_then"].currentText() == "only exits pass"
    dialog.choices["loss_then"].setCurrentIndex(0)
    dialog.fields["all_day_loss"].setText("2l")
    dialog.reason.setText("Exits must pass")
    dialog.submit()
    await until(lambda: world.limits.typed)
    _, typed, _ = world.limits.typed[0]
    assert (typed["day_loss"], typed["loss_then"], typed["all_day_loss"]) == ("10,000", "", "2l")
    assert "order_value" not in typed  # what the form does not show stays
    assert set(typed) == {one.name for one in LIMIT_FIELDS if one.losses}


async def test_the_loss_limits_of_one_are_those_of_one_follower(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    dialog = await open_form(window, Act.FOLLOWER_LOSSES)
    shown = {*dialog.fields, *dialog.choices}
    assert shown == {"day_loss", "equity_floor", "lock_from", "lock_back", "loss_then"}


async def test_the_loss_limits_of_a_group_are_those_of_whoever_is_chosen_of_it(
    window: MainWindow, world: World
) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    window.desk.actions[Act.GROUP_LOSSES].trigger()
    assert "Select followers of one group" in window.desk.notices.all[-1].sentence
    (chosen,) = window.followers.selected()
    links = [
        replace(link, group="Family") if link.follower_id == chosen.account_id else link
        for link in world.links.values()
    ]
    family = group_scope("Family")
    own = replace(NO_LIMITS, all_day_loss=Paise(5_000_00))
    world.limits.shown = LimitsShown(Limits(), Limits(), {family: own})
    window.desk.roster.set_accounts(world.accounts.values(), links)
    view.setCurrentIndex(view.proxy.index(0, 0))
    dialog = await open_form(window, Act.GROUP_LOSSES)
    assert "Loss limits of group Family" in dialog.windowTitle()
    assert dialog.fields["all_day_loss"].text() == "5,000"
    dialog.fields["day_loss"].setText("2000")
    dialog.submit()
    await until(lambda: world.limits.typed)
    scope, typed, _ = world.limits.typed[0]
    assert (scope, typed["day_loss"], typed["all_day_loss"]) == (family, "2000", "5,000")
    orders = await open_form(window, Act.GROUP_LIMITS)
    assert "Limits of group Family" in orders.windowTitle()
    assert set(orders.fields) == {one.name for one in fields_for(Whose("", family))}
    orders.fields["order_value"].setText("10000")
    orders.submit()
    await until(lambda: len(world.limits.typed) == 2)
    scope, typed, _ = world.limits.typed[1]
    assert (scope, typed["order_value"]) == (family, "10000")
