"""Master rejected, followers filled: in a band that stays, in the book, and under each filter."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QPushButton

from copytrade_gui.domain.events import Alarm, MasterSeen, OrderChanged, Severity
from copytrade_gui.domain.ids import BrokerOrderId, PlanId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import Seen, SeenOrder
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.square_off import SquareOffDialog
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import fake_square_offs, people
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop
PLAN = PlanId("UNMATCHED")


def orders(world: World) -> list[OrderView]:
    """The master's order is rejected, two copies filled, the others were rejected too."""
    accounts = tuple(replace(one, active=True) for one in world.accounts.values())
    own, *copies = people.plan_orders(PLAN, accounts, people.NOW_NS, troubles=False)
    rejected = {"state": State.REJECTED, "filled_quantity": 0, "reason": "RMS: Margin Exceeds"}
    return [
        structs.replace(own, **rejected),
        *copies[:2],
        *(structs.replace(one, **rejected) for one in copies[2:]),
    ]


def tell(world: World, changed: list[OrderView]) -> None:
    for one in changed:
        world.orders[one.intent_id] = one
    world.events.send(*(OrderChanged(one, "WORKING") for one in changed))


def band(window: MainWindow) -> str:
    return window.bands.sentences().get("unmatched", "")


def names(window: MainWindow) -> set[str]:
    """Who is in the followers' table as it is narrowed now."""
    proxy, model = window.followers.table.view.proxy, window.followers.model
    rows = [proxy.mapToSource(proxy.index(n, 0)).row() for n in range(proxy.rowCount())]
    return {model.row_at(row).account.name for row in rows}


async def test_the_window_names_who_filled_and_what_to_do(window: MainWindow, world: World) -> None:
    made = orders(world)
    first, second = (world.accounts[one.account_id].name for one in made[1:3])
    tell(world, made)
    await until(lambda: band(window))
    for words in ("MASTER REJECTED, FOLLOWERS FILLED", first, second, "the exit that is proposed"):
        assert words in band(window)
    head = window.orders.model.row_at(window.orders.model.index(0, 0))
    assert head.note.startswith("FOLLOWERS FILLED WITHOUT THE MASTER: ")
    assert first in head.note
    assert head.note_tone is Tone.BAD


async def test_the_band_leads_to_their_exit_which_only_a_confirmed_press_sends(
    window: MainWindow, world: World
) -> None:
    made = orders(world)
    tell(world, made)
    await until(lambda: band(window))
    plan = window.findChild(QPushButton, "band_unmatched_plan_their_exit")
    assert isinstance(plan, QPushButton)
    plan.click()
    await until(lambda: any("hold nothing" in one.sentence for one in window.desk.notices.all))
    copy = made[1]
    account, instrument = world.accounts[copy.account_id], copy.terms.instrument
    offered = fake_square_offs.line(account, instrument, copy.filled_quantity)
    world.square_offs.lines = (offered,)
    key = offered.key
    world.drift.exit = (Chosen(key.account_id, key.instrument, key.product, 75),)
    plan.click()
    await until(lambda: window.findChildren(SquareOffDialog))
    (dialog,) = window.findChildren(SquareOffDialog)
    await until(dialog.verb.isEnabled)
    assert world.drift.planned == [(PLAN,), (PLAN,)]
    assert world.square_offs.begun == []
    words = dialog.findChild(PlainLabel, "square_off_words")
    assert isinstance(words, PlainLabel)
    assert words.text() == "Square off copies of 1 order of which the master got nothing"
    dialog.verb.click()
    await until(lambda: world.square_offs.begun)
    assert world.square_offs.begun[0][0] == world.drift.exit


async def test_they_are_under_problems_and_under_trouble(window: MainWindow, world: World) -> None:
    made = orders(world)[:3]
    both = {world.accounts[one.account_id].name for one in made[1:]}
    window.followers.kinds.button("§trouble").click()
    before = names(window)
    assert not both & before
    tell(world, made)
    await until(lambda: band(window))
    assert names(window) == before | both
    show = window.findChild(QPushButton, "band_unmatched_show_orders")
    assert isinstance(show, QPushButton)
    show.click()
    assert window.orders.kinds.value == "§problem"
    proxy = window.orders.table.view.proxy
    assert proxy.rowCount(proxy.index(0, 0)) == 2
    copy = window.orders.model.row_at(proxy.mapToSource(proxy.index(0, 0, proxy.index(0, 0))))
    assert copy.note == "Filled without the master"


async def test_the_alarm_is_in_the_feed_among_the_problems(
    window: MainWindow, world: World
) -> None:
    sentence = "MASTER REJECTED, FOLLOWERS FILLED: both."
    code = "master_failed_copies_filled"
    world.events.send(Alarm(Severity.CRITICAL, code, sentence, people.NOW_NS))
    await until(lambda: window.desk.notices.all)
    assert window.desk.notices.all[-1].severity is Severity.CRITICAL
    window.feed.kinds.button("§problem").click()
    await until(lambda: window.feed.table.view.proxy.rowCount() > 0)
    row = window.feed.model.row_at(0)
    assert (row.reason, row.tone) == (sentence, Tone.BAD)


async def test_the_band_is_there_after_a_restart_until_a_person_has_dealt_with_it(
    app: QApplication, window: MainWindow, world: World, memory: ForgetfulMemory
) -> None:
    del app
    tell(world, orders(world))
    await until(lambda: band(window))

    again = MainWindow(world.console(), settings=memory, wall_ns=lambda: people.NOW_NS)
    again.show()
    await again.start()
    assert "MASTER REJECTED" in band(again)
    done = again.findChild(QPushButton, "band_unmatched_dealt_with")
    assert isinstance(done, QPushButton)
    done.click()
    await until(lambda: any(one.isVisible() for one in again.findChildren(Question)))
    next(one for one in again.findChildren(Question) if one.isVisible()).verb.click()
    await until(lambda: not band(again))
    await again.stop()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    third = MainWindow(world.console(), settings=memory, wall_ns=lambda: people.NOW_NS)
    third.show()
    await third.start()
    assert not band(third)
    late = orders(world)[3]
    changed = structs.replace(
        late, state=State.PARTIAL, filled_quantity=75, changed_ns=late.changed_ns + 10**9
    )
    tell(world, [changed])
    await until(lambda: band(third))
    await third.stop()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def test_a_master_order_that_is_found_after_all_takes_the_band_away(
    window: MainWindow, world: World
) -> None:
    made = orders(world)
    made[0] = structs.replace(made[0], state=State.NOT_PLACED)
    tell(world, made)
    await until(lambda: "NOT PLACED" in band(window))
    found = structs.replace(made[0], state=State.WORKING, changed_ns=made[0].changed_ns + 10**9)
    tell(world, [found])
    await until(lambda: not band(window))
    rows = [window.orders.model.row_at(window.orders.model.index(0, 0))]
    assert not rows[0].unmatched


async def test_copies_of_an_order_placed_elsewhere_stand_alone_when_the_master_cancels_it(
    window: MainWindow, world: World
) -> None:
    """No order of the master's is in such a plan; his row at the broker says how it ended."""
    own, *copies = orders(world)[:3]
    seen = SeenOrder(
        account_id=own.account_id, broker_order_id=BrokerOrderId("B1"), symbol="NIFTY",
        side=Side.BUY, quantity=150, filled_quantity=0, product=own.terms.product,
        order_type=own.terms.order_type, price=Decimal("101.05"), trigger=Decimal(0),
        status="OPEN", seen_ns=people.NOW_NS, became=Seen.COPIED, plan_id=PLAN,
    )  # fmt: skip
    world.events.send(MasterSeen(seen))
    tell(world, copies)
    await until(window.orders.model.rowCount)
    assert not band(window)
    world.events.send(MasterSeen(structs.replace(seen, status="CANCELLED", gone=True)))
    await until(lambda: band(window))
    assert band(window).startswith("MASTER CANCELLED, FOLLOWERS FILLED: BUY 150 NIFTY")
    head = window.orders.model.row_at(window.orders.model.index(0, 0))
    assert head.note.startswith("FOLLOWERS FILLED WITHOUT THE MASTER: ")
    world.events.send(MasterSeen(structs.replace(seen, status="COMPLETE", filled_quantity=150)))
    await until(lambda: not band(window))
