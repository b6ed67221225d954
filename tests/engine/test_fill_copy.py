"""Who copies fills gets his part of what a master's order has filled, each time that it grows.

The simulator's positions are the judge.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Copies, LinkState
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.sizing import Rounding, SizingRule, Strategy
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.simulator.course import Scene
from copytrade_gui.simulator.orders import Order as BrokersOrder
from tests.engine.test_exits import F1, F2, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, change, held, link_of
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, only, owner
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL
NEAR = 20
"""Ticks from the market: it rests, and what it fills at is near enough for a copy to trade."""
Place = Callable[[Console, Side, int], Awaitable[BrokersOrder]]


def copies_fills(console: Console, *accounts: AccountId) -> None:
    for account in accounts:
        change(console, account, copies=Copies.FILLS)


async def here(console: Console, side: Side, quantity: int) -> BrokersOrder:
    made = console.world
    terms = ticket(made, side, quantity, NEAR)
    before = set(made.broker.accounts[0].orders)
    command = CommandId(f"{side} {quantity} at {made.time.now_ns}")
    await console.engine.submit(M, terms, FanOut.ON_MASTER_WORKING, command)
    await made.clock.sleep(4)
    (number,) = set(made.broker.accounts[0].orders) - before
    return made.broker.accounts[0].orders[number]


async def at_broker(console: Console, side: Side, quantity: int) -> BrokersOrder:
    made = console.world
    his = elsewhere(made, ticket(made, side, quantity, NEAR))
    await made.clock.sleep(4)
    return his


BOTH = pytest.mark.parametrize("place", [here, at_broker])


async def fills(console: Console, order: BrokersOrder, units: int, wait_s: float = 8) -> None:
    """The exchange fills so much of a resting order of the master's."""
    made = console.world
    account, now = made.broker.accounts[0], made.time.wall_ns()
    account.schedule(now, "fill", order, units)
    made.broker.desk.exchange.settle(account, now)
    await made.clock.sleep(wait_s)


async def begins(console: Console) -> None:
    made = console.world
    made.broker.play([Scene(scene="still", seconds=20_000)])
    await begin(console)
    console.engine.master_signals.set_follow(M, Follow.COPY)
    await made.clock.sleep(2)


def of_fills(console: Console, account: AccountId = F1) -> list[Order]:
    """Every order of the account that came of a fill, oldest first."""
    book = console.engine.book
    return [
        order
        for plan in book.plans.values()
        if plan.signal.kind is SignalKind.FILL
        for order in book.of_plan(plan.plan_id)
        if order.intent.account_id == account
    ]


def live(script: Callable[[Console], Coroutine[object, object, None]], followers: int = 2) -> None:
    with world(followers, settings=LOOKING) as made:
        made.live(script)


@BOTH
def test_each_growth_brings_his_part_and_the_end_of_the_order_nothing(place: Place) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        copies_fills(console, F1)
        his = await place(console, BUY, 10)
        assert held(console) == [0, 0, 0]
        found = [one for one in console.engine.book if one.intent.account_id == F1]
        assert {(one.state, one.code) for one in found} == {(State.SKIPPED, "copies_fills")}
        held_then = []
        for units in (1, 2, 3):
            await fills(console, his, units)
            held_then.append(held(console)[:2])
        assert held_then == [[1, 0], [3, 1], [6, 3]]
        assert [(one.state, one.code) for one in of_fills(console)] == [
            (State.SKIPPED, "fill_adds_none"),
            (State.FILLED, ""),
            (State.FILLED, ""),
        ]
        owner(made).cancel(his.order_id)
        await made.clock.sleep(20)
        assert held(console) == [6, 3, 0]
        assert [one.state for one in of_fills(console)].count(State.FILLED) == 2

    live(script)


@BOTH
def test_a_change_of_the_order_changes_no_copy_and_its_later_fills_are_copied(place: Place) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        copies_fills(console, F1, F2)
        his = await place(console, BUY, 10)
        await fills(console, his, 4)
        assert held(console) == [4, 2, 8]
        price = ticket(made, BUY, away=NEAR + 10).price
        owner(made).modify(his.order_id, {"price": str(price), "quantity": "20"})
        await made.clock.sleep(10)
        assert held(console) == [4, 2, 8]
        await fills(console, his, 16, 12)
        assert held(console) == [20, 10, 40]
        assert all(one.diverged is None and not one.asked for one in of_fills(console))

    live(script)


@BOTH
@pytest.mark.parametrize("side", list(Side))
def test_fills_of_an_exit_close_in_proportion_and_those_of_a_reversal_then_open(
    place: Place, side: Side
) -> None:
    async def script(console: Console) -> None:
        await begins(console)
        sign = 1 if side is BUY else -1
        change(console, F2, state=LinkState.PAUSED)
        copies_fills(console, F1, F2)
        await fills(console, await place(console, side, 10), 10)
        change(console, F2, state=LinkState.ACTIVE)
        assert held(console) == [10 * sign, 5 * sign, 0]
        his = await place(console, side.opposite, 24)
        seen = []
        for units in (4, 6, 6, 8):
            await fills(console, his, units, 15)
            seen.append([one * sign for one in held(console)])
        # Who holds nothing gets no exit; what opens behind it is everybody's.
        assert seen == [[6, 3, 0], [0, 0, 0], [-6, -3, -12], [-14, -7, -28]]

    live(script)


@pytest.mark.parametrize("seed", range(6))
def test_however_often_and_in_whichever_order_it_is_told_each_follower_has_his_part(
    seed: int,
) -> None:
    """Pushed late, twice and out of order, read in between: the sum alone counts."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begins(console)
        copies_fills(console, F1, F2)
        nearest = SizingRule(Strategy.RATIO, Decimal("0.3"), rounding=Rounding.NEAREST)
        change(console, F2, sizing=nearest)
        his = await (here if seed % 2 else at_broker)(console, BUY, 40)
        feed = engine.parts.updates.feed_of(M)
        assert feed is not None
        feed.feed(FeedState.LIVE, "")
        await made.clock.sleep(3)
        read = await engine.read_books(M)
        (first,) = (one for one in read.rows if one.broker_order_id == his.order_id)
        rows, left = [first], 40
        while left:
            units = min(left, dice.randint(1, 9))
            left -= units
            await fills(console, his, units, 0.3)
            price = Decimal(his.value) / his.filled / 10_000
            rows.append(replace(first, filled_quantity=his.filled, average_price=price))
            for one in dice.choices(rows, k=3):
                feed.orders([one])
            if dice.random() < 0.4:
                await engine.read_books(M)
        await made.clock.sleep(40)
        assert held(console) == [40, 20, 12]
        totals = [order.intent.plan_id for order in of_fills(console)]
        assert len(totals) == len(set(totals)) < len(rows)

    live(script)


def test_who_is_left_out_gets_no_fill_and_what_a_link_copies_is_frozen_with_the_order() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        copies_fills(console, F1)
        his = await here(console, BUY, 10)
        copies_fills(console, F2)  # his copy of the order rests already
        change(console, F1, copies=Copies.ORDERS)
        await fills(console, his, 10)
        assert held(console)[:2] == [10, 5]
        assert not of_fills(console, F2)
        copies_fills(console, F1)
        terms, alone = (
            ticket(made, SELL, 10),
            Recipients(Scope.FOLLOWERS, followers=frozenset({F2})),
        )
        # Nobody is asked whether the order may leave without a copy: its fills are copied.
        await console.engine.submit(
            M, terms, FanOut.WITH_MASTER, CommandId("for one"), recipients=alone
        )
        await made.clock.sleep(20)
        assert held(console)[:2] == [0, 5]
        assert [one.intent.account_id for one in of_fills(console, F2)] == [F2]

    live(script)


def test_who_is_linked_again_gets_what_fills_from_then_on() -> None:
    async def script(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        link = link_of(console)
        his = await here(console, BUY, 20)
        console.engine.drop_link(M, F1, "test")
        await fills(console, his, 12)
        console.engine.put_link(link, "test")
        await fills(console, his, 8, 15)
        assert held(console)[:2] == [20, 4]

    live(script)


def test_a_fixed_rule_fills_once_and_what_a_person_copies_late_comes_with_its_fills() -> None:
    async def script(console: Console) -> None:
        made = console.world
        his = elsewhere(made, ticket(made, BUY, 10, NEAR))
        await begins(console)
        copies_fills(console, F1, F2)
        fixed = SizingRule(Strategy.FIXED, Decimal(7))
        change(console, F2, sizing=fixed)
        await fills(console, his, 6)
        assert held(console) == [6, 0, 0]
        await console.engine.master_signals.copy(M, only(console).broker_order_id)
        await made.clock.sleep(10)
        assert held(console) == [6, 3, 7]
        await fills(console, his, 4)
        assert held(console) == [10, 5, 7]

    live(script)


@BOTH
def test_fills_that_follow_fast_take_the_part_of_what_was_held_before_each(place: Place) -> None:
    """The second comes while what the first closes has not left yet: it is no part of that."""

    async def script(console: Console) -> None:
        made, lane = console.world, console.engine.lanes[F2]
        await begins(console)
        copies_fills(console, F1, F2)
        await fills(console, await place(console, BUY, 20), 20, 15)
        assert held(console) == [20, 10, 40]
        his = await place(console, SELL, 20)
        lane.wait_until_ns = made.clock.mono_ns() + 4_000_000_000
        await fills(console, his, 6, 0.2)
        await fills(console, his, 4, 2.5)
        assert held(console)[2] == 40
        await made.clock.sleep(12)
        assert held(console) == [10, 5, 20]
        await fills(console, his, 5, 0.2)
        await fills(console, his, 5, 20)
        assert held(console) == [0, 0, 0]

    live(script)


def test_many_small_parts_are_one_order_a_second_and_none_is_lost() -> None:
    async def script(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1, F2)
        his = await here(console, BUY, 60)
        for _ in range(60):
            await fills(console, his, 1, 0.05)
        await console.world.clock.sleep(20)
        assert held(console) == [60, 30, 120]
        assert len(of_fills(console, F2)) <= 5

    live(script)


@BOTH
def test_who_copies_the_opposite_side_of_fills_enters_and_leaves_with_them(place: Place) -> None:
    async def script(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1, F2)
        change(console, F2, sizing=SizingRule(Strategy.RATIO, Decimal("0.5"), reverse=True))
        console.see_price()
        his = await place(console, BUY, 10)
        console.see_price()
        await fills(console, his, 4, 15)
        console.see_price()
        await fills(console, his, 6, 15)
        assert held(console) == [10, 5, -5]
        his = await place(console, SELL, 10)
        console.see_price()
        await fills(console, his, 4, 15)
        assert held(console) == [6, 3, -3]
        console.see_price()
        await fills(console, his, 6, 15)
        assert held(console) == [0, 0, 0]

    live(script)
