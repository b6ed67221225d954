"""What came to nothing is one notice a plan, with its reasons, and rings where that is chosen."""

from __future__ import annotations

import pytest
from msgspec import structs
from PySide6.QtWidgets import QToolButton

from copytrade_gui.domain.events import (
    REJECTED_ALIKE,
    Alarm,
    LampChanged,
    OrderChanged,
    Severity,
    TradingStateChanged,
)
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import ENGINE, OrderView
from copytrade_gui.domain.trading_state import NOT_ARMED, StateChange, TradingState
from copytrade_gui.domain.unmatched import UNMATCHED
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.news.alerts import FIRST, Alerts, AlertsDialog
from copytrade_gui.ui.news.bell import Ring
from copytrade_gui.ui.news.notice_centre import COLUMNS, NoticeCentre
from copytrade_gui.ui.orders.outcome_notices import CODE
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.toasts import Toast
from copytrade_gui.ui.window_state import read_json
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop
COLUMN = [one.key for one in COLUMNS].index("sentence")


def came_to(order: OrderView, state: State, reason: str, code: str = "") -> OrderView:
    return structs.replace(order, state=state, reason=reason, code=code)


def told(window: MainWindow) -> list[str]:
    return [one.sentence for one in window.desk.notices.all if one.code == CODE]


async def test_rejections_of_a_plan_are_one_notice_that_leads_to_its_orders(
    window: MainWindow, world: World
) -> None:
    everybody = tuple(world.accounts.values())
    orders = people.plan_orders("loud", everybody, people.NOW_NS, troubles=False)[1:]
    margin = "RMS: margin exceeds by Rs {}.50"
    ended = [
        came_to(orders[0], State.REJECTED, margin.format("4,120")),
        came_to(orders[1], State.REJECTED, margin.format("18")),
        came_to(orders[2], State.BLOCKED, "Its day's loss is reached.", "loss_limit"),
        came_to(orders[3], State.BLOCKED, "The link copies buys only.", "filtered_side"),
        came_to(orders[4], State.UNKNOWN, "Nobody knows yet."),
    ]
    world.events.send(*(OrderChanged(one, "PLANNED") for one in ended))

    def told_while_others_go_on() -> list[str]:
        world.events.send(OrderChanged(ended[-1], "PLANNED"))
        return told(window)

    await until(told_while_others_go_on)
    (sentence,) = told(window)
    name = window.desk.roster.name
    assert "3 orders came to nothing." in sentence
    two = f"{name(orders[0].account_id)}, {name(orders[1].account_id)}"
    assert f"2 rejected ({two}): RMS: margin exceeds by Rs 4,120.50." in sentence
    assert f"({name(orders[2].account_id)}): Its day's loss is reached." in sentence
    notice = window.desk.notices.all[-1]
    assert notice.severity is Severity.WARNING
    (show,) = [one for one in window.findChildren(QToolButton) if one.objectName() == "toast_show"]
    show.click()
    assert window.orders.kinds.value == "§problem"
    assert window.orders.isVisible()
    # What the notice is about is chosen, so that one press sends again to those.
    world.catch_ups.lost = RefusedError("Nobody lacks it.")
    window.desk.actions[Act.SEND_AGAIN].trigger()
    await until(lambda: world.catch_ups.asked)
    assert set(world.catch_ups.asked[0]) == {one.intent_id for one in ended[:3]}


def toasts(window: MainWindow) -> list[str]:
    """What stands in the corner now, the newest last."""
    shown = [one for one in window.findChildren(Toast) if not one.isHidden()]
    words = [one.findChildren(PlainLabel)[1].text() for one in shown]
    return [said for said in words if said]


async def test_a_rejection_is_one_message_in_words_also_when_more_of_it_comes_later(
    window: MainWindow, world: World
) -> None:
    window.desk.notices.mark_read()
    everybody = tuple(world.accounts.values())
    orders = people.plan_orders("alike", everybody, people.NOW_NS, troubles=False)[1:]
    first, second = (came_to(one, State.REJECTED, "RMS: no margin") for one in orders[:2])
    alike = "2 of 5 orders of one plan were rejected alike: RMS: no margin"
    alarm = Alarm(Severity.WARNING, REJECTED_ALIKE, alike, people.NOW_NS, plan_id=first.plan_id)
    world.events.send(OrderChanged(first, "WORKING"), alarm)
    await until(lambda: told(window))
    world.events.send(OrderChanged(second, "WORKING"))
    await until(lambda: "2 orders came to nothing" in told(window)[-1])
    assert len(told(window)) == 1
    assert [one for one in window.desk.notices.all if one.code == REJECTED_ALIKE] == []
    (words,) = toasts(window)
    assert words == told(window)[0]
    # In words elsewhere it is all that its line stands for, and a copy is itself.
    units = [one.terms.quantity for one in (first, second)]
    assert window.orders.words_of(first.plan_id).startswith(f"BUY {sum(units)} ")
    assert window.orders.words_of(first.intent_id).startswith(f"BUY {units[0]} ")


async def test_a_master_who_failed_while_copies_filled_is_one_message(
    window: MainWindow, world: World
) -> None:
    everybody = tuple(world.accounts.values())
    master = next(one for one in everybody if one.master)
    own = people.order("failed", master, State.REJECTED, reason="RMS: no margin")
    alarm = Alarm(
        Severity.CRITICAL, UNMATCHED, "MASTER REJECTED, FOLLOWERS FILLED: and so on.",
        people.NOW_NS, plan_id=own.plan_id,
    )  # fmt: skip
    other = people.plan_orders("other", everybody, people.NOW_NS, troubles=False)[1]
    world.events.send(OrderChanged(own, "ACKED"), alarm)
    world.events.send(OrderChanged(came_to(other, State.REJECTED, "RMS: no"), "ACKED"))
    await until(lambda: told(window))
    assert [one for one in told(window) if "RMS: no margin" in one] == []
    assert "MASTER REJECTED, FOLLOWERS FILLED: and so on." in toasts(window)


async def test_a_message_rings_only_where_that_was_chosen_and_the_choice_is_kept(
    window: MainWindow, world: World
) -> None:
    rung = heard(window)
    alerts = window.alerts
    window.desk.notices.warn("A quiet one.")
    assert rung == []
    alerts.choose(sound=True, rings=FIRST, desktop=False)
    window.desk.notices.info("Nothing is wrong.")
    window.desk.notices.warn("A loud one.")
    await over(window)
    assert rung == ["beep"] * 2
    window.desk.actions[Act.ALERTS].trigger()
    await until(lambda: [one for one in window.findChildren(AlertsDialog) if one.isVisible()])
    dialog = next(one for one in window.findChildren(AlertsDialog) if one.isVisible())
    assert (dialog.sound.isChecked(), dialog.desktop.isChecked()) == (True, False)
    assert [ring for ring, box in dialog.rings.items() if not box.isChecked()] == [Ring.FILL]
    dialog.rings[Ring.LOST].click()
    assert rung == ["beep"] * 2
    dialog.rings[Ring.FILL].click()  # what is ticked is heard
    assert rung == ["beep"] * 3
    dialog.sound.setChecked(False)
    assert not dialog.rings[Ring.FILL].isEnabled()
    dialog.verb.click()
    await until(lambda: "alerts" not in window.desk.tasks.names)
    await over(window)
    window.desk.notices.warn("A quiet one again.")
    assert rung == ["beep"] * 3
    assert read_json(window.desk.memory, "alerts") == {
        "sound": False, "rings": ["fill", "stop", "trouble"], "desktop": False
    }  # fmt: skip
    again = Alerts(window.desk, window, lambda: False)
    assert again.rings == {Ring.FILL, Ring.TROUBLE, Ring.STOP}


def heard(window: MainWindow) -> list[str]:
    rung: list[str] = []
    window.alerts.bell.beep = lambda: rung.append("beep")
    return rung


async def over(window: MainWindow) -> None:
    """The bell is silent again."""
    await until(lambda: window.alerts.bell._now is None)


async def test_fills_a_lost_connection_and_a_stop_are_told_apart_by_ear(
    window: MainWindow, world: World
) -> None:
    rung = heard(window)
    window.alerts.choose(sound=True, rings=list(Ring), desktop=False)
    everybody = tuple(world.accounts.values())
    orders = people.plan_orders("filled", everybody, people.NOW_NS, troubles=False)
    filled = [came_to(one, State.FILLED, "") for one in orders]
    world.events.send(*(OrderChanged(one, "WORKING") for one in filled))
    await until(lambda: rung)
    await over(window)
    assert len(rung) == 1  # of so many fills
    world.events.send(*(OrderChanged(one, "FILLED") for one in filled))  # told once more
    for state in ("ok", "bad", "bad"):
        world.events.send(LampChanged("feed", state, "words"))
        window.news.take()
    await over(window)
    assert len(rung) == 1 + 3
    # What matters more comes after what rings, and nothing else does.
    window.desk.notices.warn("Said while it rings.")
    world.set_state(TradingState.HALT, "drill")
    window.desk.notices.warn("Said while it rings, too.")
    window.news.take()
    await over(window)
    assert len(rung) == 1 + 3 + 2 + 4


async def test_a_morning_that_is_not_armed_and_a_first_look_at_the_lamps_ring_for_nobody(
    window: MainWindow, world: World
) -> None:
    rung = heard(window)
    window.alerts.choose(sound=True, rings=list(Ring), desktop=False)
    change = StateChange(TradingState.REDUCE, ENGINE, NOT_ARMED, people.NOW_NS)
    fresh = Alerts(window.desk, window, lambda: False)
    fresh.bell.beep = window.alerts.bell.beep
    fresh.on_events([TradingStateChanged(change, 0.1), LampChanged("broker", "bad", "0 of 5")])
    assert rung == []


async def test_the_notice_centre_shows_warnings_or_what_is_critical_alone(
    window: MainWindow,
) -> None:
    centre = window.panels.one(NoticeCentre)
    window.panels.go(centre)
    notices = window.desk.notices
    notices.info("It worked.")
    notices.warn("It did not work.")
    notices.tell(Severity.CRITICAL, "Nothing is recorded.", "journal")
    seen = {}
    for kind in ("§loud", "§critical", ""):
        centre.kinds.button(kind).click()
        rows = centre.table.view.sheet(only_selected=False).rows
        seen[kind] = [row[COLUMN] for row in rows]
    assert seen["§critical"] == ["Nothing is recorded."]
    assert seen["§loud"] == ["Nothing is recorded.", "It did not work."]
    assert seen[""][:3] == ["Nothing is recorded.", "It did not work.", "It worked."]
    centre.kinds.button("§loud").click()
    notices.info("Later, and quiet.")
    notices.warn("Later, and loud.")
    rows = centre.table.view.sheet(only_selected=False).rows
    assert rows[0][COLUMN] == "Later, and loud."
    assert len(rows) == 3
