"""Copies of an entry that rest when their master leaves: nobody enters behind his exit.

His own order has filled, theirs rests below the market. The simulator's positions are the judge:
when the price comes back, who followed him out holds what he holds, or less.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as BrokersOrder
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_fill_copy import (
    NEAR,
    Place,
    at_broker,
    begins,
    fills,
    here,
)
from tests.engine.test_links import M, becomes_master, held
from tests.engine.test_master_elsewhere import LOOKING, elsewhere
from tests.engine.test_price_guard import moves
from tests.proof.judge import settled
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL


def live(script: Callable[[Console], Coroutine[object, object, None]], followers: int = 2) -> None:
    with world(followers, settings=LOOKING) as made:
        made.live(script)


def alarms(console: Console) -> dict[str, list[str]]:
    """The sentences that a person is told from now on, by their codes."""
    heard: dict[str, list[str]] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Alarm):
            heard.setdefault(event.code, []).append(event.sentence)

    console.engine.bus.subscribe(hear, Alarm)
    return heard


async def rests(
    console: Console, place: Place = here, side: Side = BUY, of_copies: tuple[int, int] = (0, 0)
) -> BrokersOrder:
    """The master's ten have filled, and so many units of the copies, which wait for the rest."""
    await begins(console)
    his = await place(console, side, 10)
    await fills(console, his, 10, wait_s=2)
    for number, units in enumerate(of_copies, start=1):
        if units:
            await in_part(console, number, units)
    await console.world.clock.sleep(20)
    sign = 1 if side is BUY else -1
    assert held(console) == [10 * sign, *(units * sign for units in of_copies)]
    return his


async def in_part(console: Console, number: int, units: int) -> None:
    """The exchange fills so much of the one order that works in a follower's account."""
    made = console.world
    account, now = made.broker.accounts[number], made.time.wall_ns()
    (order,) = [one for one in account.orders.values() if one.stage == "open"]
    account.schedule(now, "fill", order, units)
    made.broker.desk.exchange.settle(account, now)


async def leaves_here(console: Console, side: Side, quantity: int) -> None:
    await press(console, ticket(console.world, side, quantity), FanOut.ON_MASTER_WORKING)


async def leaves_together(console: Console, side: Side, quantity: int) -> None:
    await press(console, ticket(console.world, side, quantity), FanOut.WITH_MASTER)


async def leaves_elsewhere(console: Console, side: Side, quantity: int) -> None:
    elsewhere(console.world, ticket(console.world, side, quantity))
    await console.world.clock.sleep(8)


Leave = Callable[[Console, Side, int], Coroutine[object, object, None]]


async def comes_back(console: Console, side: Side = BUY) -> None:
    """The market goes through the price at which the copies rested."""
    await moves(console, -2 if side is BUY else 2)
    await console.world.clock.sleep(20)


def entries(console: Console, side: Side = BUY) -> dict[AccountId, Order]:
    return {
        one.intent.account_id: one
        for one in console.engine.book
        if one.intent.terms.side is side and one.intent.account_id != M
    }


@pytest.mark.parametrize(
    ("place", "leave", "side"),
    [
        (here, leaves_here, BUY),
        (at_broker, leaves_elsewhere, BUY),
        (here, leaves_together, SELL),
        (at_broker, leaves_here, SELL),
    ],
)
def test_nobody_enters_behind_his_masters_exit(place: Place, leave: Leave, side: Side) -> None:
    async def script(console: Console) -> None:
        told = alarms(console)
        await rests(console, place, side, (2, 0))
        await leave(console, side.opposite, 10)
        assert held(console) == [0, 0, 0]
        await comes_back(console, side)
        assert held(console) == [0, 0, 0]
        assert {(one.state, one.code) for one in entries(console, side).values()} == {
            (State.CANCELLED, "master_exits")
        }
        (sentence,) = told["resting_cancelled"]
        assert "2 copies" in sentence
        assert "filled_behind_exit" not in told
        plans = console.engine.book.plans.values()
        made = {str(one.plan_id): 2 + len(one.leads) for one in plans}
        (await settled(console, 2, made)).must_be_clean("copies that rested")

    live(script)


def test_a_partial_exit_cancels_what_rests_whole_and_takes_its_part_of_what_was_filled() -> None:
    """He gives up four of ten; of the four of twenty that F2 holds that is one, rounded down."""

    async def script(console: Console) -> None:
        await rests(console, of_copies=(0, 4))
        await leaves_here(console, SELL, 4)
        assert held(console) == [6, 0, 3]
        await comes_back(console)
        assert held(console) == [6, 0, 3]
        await leaves_here(console, SELL, 6)
        assert held(console) == [0, 0, 0]

    live(script)


def test_what_fills_while_it_is_being_cancelled_leaves_with_the_exit() -> None:
    """Each account's first cancel is lost on its way, and F2's copy fills before the second."""

    async def script(console: Console) -> None:
        made, told = console.world, alarms(console)
        await rests(console)
        for account in made.accounts[1:]:
            lost = Fault(
                action="drop_reply",
                call="cancel",
                placed=False,
                accounts=[account.client_id],
                count=1,
            )
            made.broker.add_fault(lost)
        await press(console, ticket(made, SELL), FanOut.ON_MASTER_WORKING, wait_s=1)
        assert held(console) == [0, 0, 0]
        await in_part(console, 2, 20)
        await made.clock.sleep(15)
        assert held(console) == [0, 0, 0]
        assert entries(console)[F2].state is State.FILLED
        assert entries(console)[F1].state is State.CANCELLED
        assert "filled_behind_exit" not in told

    live(script)


def test_where_no_cancel_gets_through_what_is_held_leaves_and_what_fills_later_is_told() -> None:
    async def script(console: Console) -> None:
        made, told = console.world, alarms(console)
        await rests(console, of_copies=(2, 0))
        made.broker.add_fault(Fault(action="drop_reply", call="cancel", placed=False))
        await leaves_here(console, SELL, 10)
        await made.clock.sleep(5)
        assert held(console) == [0, 0, 0]
        assert not any(one.state.ended for one in entries(console).values())
        await comes_back(console)
        assert held(console) == [0, 3, 20]
        sentences = " ".join(told["filled_behind_exit"])
        assert "Follower 1 3" in sentences
        assert "Follower 2 20" in sentences

    live(script)


def test_an_order_that_its_owner_changed_is_named_and_stays() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await rests(console)
        account = made.broker.accounts[1]
        (number,) = [one.order_id for one in account.orders.values() if one.stage == "open"]
        Owner(made.broker.desk, account).modify(number, {"quantity": "4"})
        await made.clock.sleep(40)
        told = alarms(console)
        await leaves_here(console, SELL, 10)
        await made.clock.sleep(5)
        states = {name: one.state for name, one in entries(console).items()}
        assert states == {F1: State.WORKING, F2: State.CANCELLED}
        (sentence,) = told["not_followed"]
        assert number in sentence

    live(script)


def test_copies_of_an_entry_that_still_works_for_the_master_stay_and_fill_with_it() -> None:
    """He holds ten, and leaves them while more of his rests below the market."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        await press(console, ticket(made, BUY), FanOut.ON_MASTER_WORKING)
        await here(console, BUY, 10)
        await made.clock.sleep(10)
        await leaves_here(console, SELL, 10)
        assert held(console) == [0, 0, 0]
        await comes_back(console)
        assert held(console) == [10, 5, 20]

    live(script)


@pytest.mark.parametrize("holds", [0, 10])
def test_who_quotes_both_sides_keeps_his_copies_when_one_side_fills_for_him_first(
    holds: int,
) -> None:
    """The order above the market was placed before that: it is an exit of what he had, if any."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        if holds:
            await press(console, ticket(made, BUY, holds), wait_s=20)
        his = await here(console, BUY, 10)
        await here(console, SELL, 10)
        await made.clock.sleep(5)
        await fills(console, his, 10)
        await made.clock.sleep(20)
        assert held(console) == [10 + holds, holds // 2, holds * 2]
        assert {one.state for one in entries(console).values()} == {State.WORKING}
        await comes_back(console)
        assert held(console) == [10 + holds, 5 + holds // 2, 20 + holds * 2]

    live(script)


def test_a_reversal_enters_the_other_side_and_leaves_nothing_of_the_first() -> None:
    async def script(console: Console) -> None:
        await rests(console, of_copies=(2, 0))
        await leaves_here(console, SELL, 20)
        assert held(console) == [-10, -5, -20]
        await comes_back(console)
        assert held(console) == [-10, -5, -20]

    live(script)


def test_of_two_masters_only_the_copies_of_the_one_who_leaves_are_cancelled() -> None:
    """F1 copies M and F2; both entered, and F1's copies of both rest."""

    async def script(console: Console) -> None:
        made = console.world
        becomes_master(console, F2)
        console.engine.put_link(Link(F2, F1, SizingRule(Strategy.RATIO, Decimal(1))), "operator")
        console.engine.drop_link(M, F2, "operator")
        await rests(console)
        before = set(made.broker.accounts[2].orders)
        terms = ticket(made, BUY, 6, NEAR)
        await console.engine.submit(F2, terms, FanOut.ON_MASTER_WORKING, CommandId("other"))
        await made.clock.sleep(4)
        (number,) = set(made.broker.accounts[2].orders) - before
        account, now = made.broker.accounts[2], made.time.wall_ns()
        account.schedule(now, "fill", account.orders[number], 6)
        made.broker.desk.exchange.settle(account, now)
        await made.clock.sleep(10)
        assert held(console) == [10, 0, 6]
        await leaves_here(console, SELL, 10)
        await comes_back(console)
        assert held(console) == [0, 6, 6]

    live(script)
