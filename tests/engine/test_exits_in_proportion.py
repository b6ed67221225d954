"""A copy gives up of what it holds the part that the master gives up of what he has.

The simulator's positions are the judge. F001 copies half of an order and F002 twice as much.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from tests.engine.test_exits import DAY_NS, F1, F2, position, press, shown, switch, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL


def give(console: Console, account: AccountId, rule: SizingRule) -> None:
    link = console.engine.lanes[account].links[console.world.master].link
    console.engine.put_link(replace(link, sizing=rule), "test")


def held(console: Console, product: str = "INTRADAY") -> list[int]:
    accounts = range(len(console.world.accounts))
    return [position(console.world, number, product) for number in accounts]


def test_small_exits_leave_nobody_behind_and_take_nobody_out_early() -> None:
    """One unit of three at a time: the rule alone would never sell the half of one."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 3))
        assert held(console) == [3, 1, 6]
        first = await press(console, ticket(made, SELL, 1))
        assert (first[F1].code, first[F1].state) == ("exit_below_lot", State.BLOCKED)
        assert held(console) == [2, 1, 4]
        await press(console, ticket(made, SELL, 1))
        assert held(console) == [1, 1, 2]
        assert shown(console, ticket(made, SELL, 1)) == {F1: (1, "exit_in_proportion"), F2: (2, "")}
        await press(console, ticket(made, SELL, 1))
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_many_small_exits_add_up_to_what_one_of_their_sum_would_be() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, SizingRule(Strategy.RATIO, Decimal("0.25")))
        await press(console, ticket(made, BUY, 12))
        for left in range(11, 5, -1):
            await press(console, ticket(made, SELL, 1), wait_s=3)
            assert position(made, 1) in (left // 4, -(-left // 4))
        assert held(console)[:2] == [6, 2]

    with world(1) as made:
        made.live(script)


def test_an_exit_does_not_ask_the_rule() -> None:
    """One follower's rule gives the same for every order, the other's capital is not known."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, SizingRule(Strategy.FIXED, Decimal(2), max_quantity=2))
        await press(console, ticket(made, BUY, 10))
        await press(console, ticket(made, BUY, 10))
        give(console, F2, SizingRule(Strategy.RISK_PERCENT, Decimal(10)))
        assert held(console) == [20, 4, 40]
        sell = ticket(made, SELL, 10)
        assert shown(console, sell) == {F1: (2, ""), F2: (20, "exit_in_proportion")}
        await press(console, sell)
        assert shown(console, sell) == {F1: (2, ""), F2: (20, "exit_in_proportion")}
        reversal = ticket(made, SELL, 20)
        assert shown(console, reversal) == {
            F1: (4, "exit_in_proportion"),
            F2: (20, "exit_in_proportion"),
        }
        orders = await press(console, reversal)
        assert orders[F1].state is State.FILLED
        assert held(console) == [-10, -2, 0]

    with world(2) as made:
        made.live(script)


def test_an_exit_that_the_master_places_elsewhere_is_a_part_of_what_is_held_too() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        give(console, F1, SizingRule(Strategy.FIXED, Decimal(2)))
        for _ in range(2):
            elsewhere(made, ticket(made, BUY))
            await made.clock.sleep(20)
        assert held(console) == [20, 4, 40]
        elsewhere(made, ticket(made, SELL))
        await made.clock.sleep(20)
        assert held(console) == [10, 2, 20]
        elsewhere(made, ticket(made, SELL))
        await made.clock.sleep(20)
        assert held(console) == [0, 0, 0]
        elsewhere(made, ticket(made, BUY, 20))
        await made.clock.sleep(20)
        elsewhere(made, ticket(made, BUY, 20))
        await made.clock.sleep(20)
        elsewhere(made, ticket(made, SELL, 40))
        await made.clock.sleep(20)
        assert held(console) == [0, 0, 0], "all of it, although the rule gives 2"

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_a_follower_who_joined_late_leaves_in_step() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 12))
        switch(console, F1, on=True)
        await press(console, ticket(made, BUY, 8))
        assert held(console) == [20, 4, 40]
        sell = ticket(made, SELL, 10)
        assert shown(console, sell) == {F1: (2, "cut_to_copy"), F2: (20, "")}
        await press(console, sell)
        await press(console, ticket(made, SELL, 10))
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_shares_for_delivery_leave_over_days_in_proportion_to_what_was_ordered_here() -> None:
    third = SizingRule(Strategy.RATIO, Decimal("0.33"))

    async def monday(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, third)
        await press(console, ticket(made, BUY, 10, product=Product.DELIVERY))
        await press(console, ticket(made, BUY, 10, product=Product.DELIVERY))
        assert held(console, "DELIVERY") == [20, 6]

    async def tuesday(console: Console) -> None:
        made = console.world
        await begin(console)
        give(console, F1, third)
        await console.engine.resume("operator", "a new day")
        before = position(made, 1, "DELIVERY")
        sold = []
        for quantity in (7, 7, 6):
            orders = await press(console, ticket(made, SELL, quantity, product=Product.DELIVERY))
            sold.append(orders[F1].intent.terms.quantity)
        assert sold == [2, 2, 2], "the last exit closes exactly what the copies opened"
        assert before - position(made, 1, "DELIVERY") == 6

    with world(1) as made:
        made.live(monday)
        made.time.now_ns += DAY_NS
        made.live(tuesday)


def test_after_a_restart_the_last_exit_closes_what_the_copies_opened() -> None:
    async def morning(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 6))
        await press(console, ticket(made, SELL, 1))
        assert held(console) == [5, 3, 10]

    async def later(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, SELL, 2))
        assert held(console) == [3, 2, 6]
        await press(console, ticket(made, SELL, 3))
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(morning)
        made.live(later)
