"""Cancel, KILL and quit as a trader sees them: what is counted is the engine's and the broker's."""

from __future__ import annotations

import pytest
from msgspec import structs

from copytrade_gui.domain.events import OrderChanged, Severity
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import CancelAnswer
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.cancel_words import answer_words
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.widgets.label import PlainLabel
from tests.ui import fake_positions, people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


def put(window: MainWindow, world: World, count: int, *, shown: int | None = None) -> None:
    """So many working orders in the engine; ``shown`` of them reached the window."""
    accounts = list(world.accounts.values())
    for number in range(count):
        view = people.order(
            PlanId(f"P{number}"), accounts[number % len(accounts)], State.WORKING,
            instrument=people.NIFTY_CE, quantity=150,
        )  # fmt: skip
        world.orders[view.intent_id] = view
        if shown is None or number < shown:
            world.events.send(OrderChanged(view, "ACKED"))


async def question(window: MainWindow) -> Question:
    await until(lambda: [one for one in window.findChildren(Question) if one.isVisible()])
    return next(one for one in window.findChildren(Question) if one.isVisible())


def sentence(dialog: Question) -> str:
    return " ".join(label.text() for label in dialog.findChildren(PlainLabel))


def last_notice(window: MainWindow) -> tuple[Severity, str]:
    notice = window.desk.notices.all[-1]
    return notice.severity, notice.sentence


async def select_first(window: MainWindow, orders: int = 1) -> None:
    await until(lambda: len(window.orders.open_orders()) == orders)
    view = window.orders.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))


async def test_the_cancel_question_names_the_order(window: MainWindow, world: World) -> None:
    put(window, world, 1)
    await select_first(window)
    window.desk.actions[Act.CANCEL_SELECTED].trigger()
    asked = await question(window)
    name = next(iter(world.accounts.values())).name
    assert "BUY 150" in sentence(asked)
    assert people.NIFTY_CE.symbol in sentence(asked)
    assert name in sentence(asked)
    assert asked.verb.text() == "Cancel 1 open order"
    asked.verb.click()
    await until(lambda: window.desk.notices.all)
    assert last_notice(window) == (Severity.INFO, "1 cancel request is on the way to the broker.")


async def test_an_order_that_fills_under_the_question_is_said_to_have_filled(
    window: MainWindow, world: World
) -> None:
    put(window, world, 1)
    await select_first(window)
    window.desk.actions[Act.CANCEL_SELECTED].trigger()
    asked = await question(window)
    ((key, view),) = world.orders.items()
    world.orders[key] = structs.replace(view, state=State.FILLED)
    asked.verb.click()
    await until(lambda: window.desk.notices.all)
    assert last_notice(window) == (
        Severity.WARNING, "It filled before the cancel: nothing to cancel.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (CancelAnswer(filled=2), "They filled before the cancel: nothing to cancel."),
        (CancelAnswer(ended=1), "It had ended before the cancel: nothing to cancel."),
        (CancelAnswer(filled=1, ended=1),
         "They filled or ended before the cancel: nothing to cancel."),
        (CancelAnswer(requests=3, filled=1),
         "3 cancel requests are on the way to the broker. 1 order filled before the cancel."),
        (CancelAnswer(unsent=2), "2 orders had not left and will not."),
        (CancelAnswer(when_found=1),
         "The broker may or may not have 1 order: cancelled when found."),
    ],
)  # fmt: skip
def test_what_came_of_a_cancel_is_said_of_each_kind(answer: CancelAnswer, words: str) -> None:
    assert answer_words(answer)[0] == words


async def test_cancel_all_shown_counts_the_engines_orders_not_the_tables(
    window: MainWindow, world: World
) -> None:
    put(window, world, 30, shown=17)
    await until(lambda: len(window.orders.open_orders()) == 17)
    window.desk.actions[Act.CANCEL_VIEW].trigger()
    asked = await question(window)
    assert asked.verb.text() == "Cancel 30 open orders"
    asked.verb.click()
    await until(lambda: ("cancel_all", None) in world.calls)
    await until(lambda: "30 cancel requests" in last_notice(window)[1])


async def test_cancel_all_shown_takes_only_what_a_filter_lets_through(
    window: MainWindow, world: World
) -> None:
    put(window, world, 3)
    await until(lambda: len(window.orders.open_orders()) == 3)
    client = list(world.accounts.values())[2].name
    window.orders.table.filter.setText(client)
    await until(lambda: window.orders.table.view.proxy.rowCount() == 1)
    window.desk.actions[Act.CANCEL_VIEW].trigger()
    asked = await question(window)
    assert asked.verb.text() == "Cancel 1 open order"
    asked.verb.click()
    await until(lambda: [call for call in world.calls if call[0] == "cancel"])
    assert ("cancel_all", None) not in world.calls


async def test_the_kill_panel_counts_every_account_and_what_only_the_broker_knows(
    window: MainWindow, world: World
) -> None:
    put(window, world, 30, shown=17)
    unknown = list(world.accounts)[-1]
    world.unknown[unknown] = 2
    window.desk.actions[Act.KILL].trigger()
    await until(lambda: window.stops.guard is not None)
    guard = window.stops.guard
    assert isinstance(guard, KillGuard)
    await until(lambda: "32 open at the broker, 30 by our records" in guard.sentence.text())
    guard.hold.held.emit()
    await until(lambda: "proven clear" in guard.sentence.text())
    every = len(world.accounts)
    await until(
        lambda: guard.sentence.text().startswith(
            f"0 orders open at the broker, 0 of ours not ended; {every} of {every} accounts"
        )
    )
    before = {row.account_id: row.at_start for row in guard.model.rows()}
    assert sum(before.values()) == 32
    assert before[unknown] >= 2
    guard.close()


async def test_the_kill_panel_takes_the_owners_orders_by_choice_and_proves_them_apart(
    window: MainWindow, world: World
) -> None:
    put(window, world, 2)
    theirs = list(world.accounts)[-1]
    world.owners[theirs] = 3
    window.desk.actions[Act.KILL].trigger()
    await until(lambda: window.stops.guard is not None)
    guard = window.stops.guard
    assert isinstance(guard, KillGuard)
    await until(lambda: guard.all_orders.text().endswith(": 3 orders"))
    assert not guard.all_orders.isChecked()
    assert "2 open at the broker, 2 by our records" in guard.sentence.text()
    guard.all_orders.setChecked(True)
    guard.hold.held.emit()
    await until(lambda: "0 of ours not ended, 0 of the owners' own;" in guard.sentence.text())
    assert world.calls[-1] == ("kill", "held the kill button, of all orders")
    assert not guard.all_orders.isEnabled()
    assert not world.owners[theirs]
    guard.close()


async def test_the_quit_question_counts_what_is_open_anywhere(
    window: MainWindow, world: World
) -> None:
    put(window, world, 30, shown=17)
    world.unknown[next(iter(world.accounts))] = 1
    window.close()
    asked = await question(window)
    assert "31 orders work" in sentence(asked)
    asked.also.click()
    await until(window.closing.is_set)
    assert ("cancel_all", None) in world.calls


async def test_the_quit_question_says_what_copies_hold_and_that_nobody_watches_it(
    window: MainWindow, world: World
) -> None:
    one, other = [a for a in world.accounts.values() if not a.master][:2]
    guarded = structs.replace(
        fake_positions.line(one, people.NIFTY_CE, copied=75), exits="Stop-loss at 99.95"
    )
    held = [
        guarded,
        fake_positions.line(one, people.RELIANCE, copied=10),
        fake_positions.line(other, people.NIFTY_CE, copied=-75),
        fake_positions.line(other, people.RELIANCE, copied=0, own=5),
    ]
    world.positions.told = fake_positions.report(held)
    window.positions.look()
    await until(lambda: window.positions.report is world.positions.told)
    world.set_state(TradingState.HALT, "lunch")
    await until(lambda: window.strip.change and window.strip.change.state is TradingState.HALT)
    window.close()
    asked = sentence(await question(window))
    assert "Copies hold 3 positions in 2 accounts" in asked
    assert "1 of them has a stop-loss, target or exit time" in asked
    assert not window.closing.is_set()
