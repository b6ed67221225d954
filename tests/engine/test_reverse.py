"""A link that copies the opposite side: entries, exits and stops, by the simulator's positions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Copies
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, State
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, shown, switch, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
Script = Callable[[Console], Coroutine[object, object, None]]


def reverse(console: Console, account: AccountId, *, on: bool = True) -> None:
    linked = console.engine.lanes[account].links[console.world.master]
    sizing = replace(linked.link.sizing, reverse=on)
    console.engine.put_link(replace(linked.link, sizing=sizing), "operator")


async def ready_to_turn(console: Console) -> World:
    await begin(console)
    console.see_price()
    reverse(console, F1)
    return console.world


def positions(made: World) -> list[int]:
    return [position(made, number) for number in range(3)]


def run(script: Script) -> None:
    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_in_partly_out_round_and_out_again(side: Side, fan_out: FanOut) -> None:
    """The straight follower (2 x) and the reversed one (0.5 x) stand on opposite sides all day."""

    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        way = 1 if side is BUY else -1
        for turn, quantity, master in (
            (side, 40, 40), (side.opposite, 20, 20), (side.opposite, 40, -20), (side, 20, 0),
        ):  # fmt: skip
            console.see_price()
            orders = await press(console, ticket(made, turn, quantity), fan_out, wait_s=15)
            assert orders[F1].intent.terms.side is turn.opposite
            assert orders[F2].intent.terms.side is turn
            assert positions(made) == [way * units for units in (master, -master // 2, master * 2)]
        (await settled(console, 2)).must_be_clean("a reversed link")

    run(script)


def test_the_preview_says_on_which_side_it_leaves() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        orders = await press(console, ticket(made, BUY))
        intent = orders[F1].intent
        assert (intent.code, intent.reason) == ("reversed", "SELL: the opposite of the master.")

    run(script)


def test_an_exit_of_the_master_never_opens_for_who_holds_no_copy() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY))
        switch(console, F1, on=True)
        console.see_price()
        assert shown(console, ticket(made, SELL))[F1] == (0, "no_copy_to_exit")
        orders = await press(console, ticket(made, SELL))
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_copy_to_exit")
        assert positions(made) == [0, 0, 0]

    run(script)


def test_two_exits_at_once_and_what_the_owner_closed_by_himself_turn_nobody_round() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        await press(console, ticket(made, BUY, 40), wait_s=15)
        assert position(made, 1) == -20
        trades_himself(made, made.account(F1), ticket(made, BUY), 14)
        await made.clock.sleep(130)  # the positions are read
        console.see_price()
        await press(console, ticket(made, SELL, 20), wait_s=0.01)
        await press(console, ticket(made, SELL, 19), wait_s=40)
        assert 0 >= position(made, 1) >= -6
        console.see_price()
        await press(console, ticket(made, SELL, 1), wait_s=40)
        assert positions(made) == [0, 0, 0]

    run(script)


def test_a_limit_that_rests_is_a_stop_on_the_other_side_and_moves_with_it() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        resting = ticket(made, BUY, away=60)
        assert resting.price is not None
        orders = await press(console, resting)
        copy = orders[F1]
        terms = copy.intent.terms
        assert (terms.side, terms.order_type, terms.trigger) == (SELL, OrderType.SL, resting.price)
        assert terms.price is not None
        assert terms.price < resting.price
        assert copy.state is State.TRIGGER_PENDING
        assert "as a stop at" in copy.intent.reason
        assert positions(made) == [0, 0, 0]
        lower = resting.price - 10 * resting.instrument.tick
        own = next(
            one for one in console.engine.book.of_plan(copy.intent.plan_id)
            if one.intent.account_id == made.master
        )  # fmt: skip
        await console.engine.modify(own.intent.intent_id, replace(resting, price=lower))
        await made.clock.sleep(20)
        assert copy.terms.trigger == lower
        assert copy.terms.price == terms.price - (resting.price - lower)
        assert copy.terms.order_type is OrderType.SL

    run(script)


def test_a_stop_of_the_master_is_a_limit_on_the_other_side() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        stop = made.terms(side=SELL, quantity=10, order_type=OrderType.SL)
        orders = await press(console, stop)
        terms = orders[F1].intent.terms
        assert (terms.side, terms.order_type) == (BUY, OrderType.LIMIT)
        assert (terms.price, terms.trigger) == (stop.trigger, None)
        assert orders[F1].state is State.WORKING

    run(script)


@pytest.mark.parametrize("product", [Product.DELIVERY, Product.NORMAL])
def test_shares_are_sold_short_for_intraday_alone(product: Product) -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        orders = await press(console, ticket(made, BUY, product=product))
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "not_reversed")
        assert orders[F2].state is State.FILLED

    run(script)


def test_without_a_fresh_price_only_those_who_copy_straight_get_it() -> None:
    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        await made.clock.sleep(120)
        orders = await press(console, ticket(made, BUY))
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_price")
        assert orders[F2].state is State.FILLED

    run(script)


def test_what_the_master_places_elsewhere_is_turned_as_well() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        console.see_price()
        reverse(console, F1)
        await made.clock.sleep(60)  # its price is as old as that
        elsewhere(made, ticket(made, BUY, 40))
        await made.clock.sleep(40)
        assert positions(made) == [40, -20, 80]
        console.see_price()
        elsewhere(made, ticket(made, SELL, 40))
        await made.clock.sleep(40)
        assert positions(made) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_what_the_master_s_order_fills_is_turned_for_who_copies_fills() -> None:
    """His limit that rests is nothing to turn then: each of its fills trades at once."""

    async def script(console: Console) -> None:
        made = await ready(console)
        console.see_price()
        reverse(console, F1)
        link = console.engine.lanes[F1].links[made.master].link
        console.engine.put_link(replace(link, copies=Copies.FILLS), "operator")
        for side, units in ((BUY, 40), (SELL, 10), (SELL, 30)):
            console.see_price()
            orders = await press(console, ticket(made, side, units), wait_s=40)
            assert orders[F1].code == "copies_fills"
            held = position(made, 0)
            assert positions(made) == [held, -held // 2, held * 2]
        assert positions(made) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_a_restart_in_between_still_closes_what_is_held() -> None:
    """INTRADAY of the same day; the link is stored."""

    async def morning(console: Console) -> None:
        made = await ready_to_turn(console)
        await console.store.accounts.put(made.accounts, made.links)
        await press(console, ticket(made, BUY, 40), wait_s=15)

    async def noon(console: Console) -> None:
        made = await ready_to_turn(console)
        await made.clock.sleep(30)
        await console.engine.resume("operator", "Looked at every book.")
        console.see_price()
        await press(console, ticket(made, SELL, 40), wait_s=15)
        assert positions(made) == [0, 0, 0]

    with world(2) as made:
        made.live(morning)
        made.live(noon)


def test_amounts_are_the_straight_rule_s() -> None:
    """Lots and clamps know no side: only the side differs."""

    async def script(console: Console) -> None:
        made = await ready_to_turn(console)
        straight = shown(console, ticket(made, BUY, 37))
        reverse(console, F1, on=False)
        assert shown(console, ticket(made, BUY, 37))[F1][0] == straight[F1][0] == 18

    run(script)
