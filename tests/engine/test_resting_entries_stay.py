"""Copies of an entry that rest and stay, because their master has not left.

A target or a stop behind an entry only rests, an entry that fills after his exit is none of what
that gives up, and a start forgets neither. The simulator's positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side, State
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_fill_copy import NEAR, Place, at_broker, begins, fills, here
from tests.engine.test_links import held
from tests.engine.test_master_elsewhere import LOOKING
from tests.engine.test_price_guard import moves
from tests.engine.test_resting_entries import (
    alarms,
    comes_back,
    entries,
    leaves_here,
    live,
    rests,
)
from tests.proof.rig import Console, World, world
from tests.services.rig import Services, on_a_console
from tests.services.rig import ticket as draft_of

BUY, SELL = Side.BUY, Side.SELL
STAY = {State.WORKING, State.PARTIAL}


def stop(made: World, away: int = 150) -> OrderTerms:
    """A stop that sells ten, so many ticks below the market."""
    price = ticket(made, BUY, 10, away).price
    assert price is not None
    terms = ticket(made, SELL)
    trigger = price + 2 * terms.instrument.tick
    return replace(terms, order_type=OrderType.SL, price=price, trigger=trigger)


async def rest_stays(console: Console) -> None:
    assert {one.state for one in entries(console).values()} <= STAY
    assert not any(one.cancel_requested for one in entries(console).values())


@pytest.mark.parametrize("fan_out", list(FanOut))
def test_a_stop_behind_an_entry_ends_no_copy_that_still_rests(fan_out: FanOut) -> None:
    async def script(console: Console) -> None:
        made, told = console.world, alarms(console)
        await rests(console, of_copies=(2, 0))
        stops = await press(console, stop(made), fan_out, wait_s=3)
        assert stops[F1].state is State.TRIGGER_PENDING
        assert stops[F1].ordered == 2
        await made.clock.sleep(20)
        await rest_stays(console)
        assert "resting_cancelled" not in told
        await comes_back(console)
        assert held(console) == [10, 5, 20]

    live(script)


@pytest.mark.parametrize("place", [here, at_broker])
def test_a_target_ends_them_with_its_first_unit_and_not_when_it_is_moved_or_cancelled(
    place: Place,
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await rests(console, of_copies=(2, 0))
        account = made.broker.accounts[0]
        first = await place(console, SELL, 10)
        await made.clock.sleep(10)
        farther = str(ticket(made, SELL, 10, NEAR + 10).price)
        Owner(made.broker.desk, account).modify(first.order_id, {"price": farther})
        await made.clock.sleep(10)
        Owner(made.broker.desk, account).cancel(first.order_id)
        await made.clock.sleep(10)
        await rest_stays(console)
        target = await place(console, SELL, 10)
        await made.clock.sleep(10)
        await rest_stays(console)
        await fills(console, target, 1)
        assert {(one.state, one.code) for one in entries(console).values()} == {
            (State.CANCELLED, "master_exits")
        }
        await comes_back(console)
        assert held(console) == [9, 2, 0]

    live(script)


def test_a_target_and_a_stop_that_rest_together_end_them_once_the_target_fills_in_part() -> None:
    """He takes four off at the target, cancels both, and leaves the rest by hand."""

    async def script(console: Console) -> None:
        made = console.world
        await rests(console, of_copies=(2, 0))
        owner = Owner(made.broker.desk, made.broker.accounts[0])
        target = await here(console, SELL, 10)
        before = set(made.broker.accounts[0].orders)
        await press(console, stop(made), FanOut.ON_MASTER_WORKING, wait_s=10)
        (stops,) = set(made.broker.accounts[0].orders) - before
        await rest_stays(console)
        await fills(console, target, 4, 10)
        assert {one.state for one in entries(console).values()} == {State.CANCELLED}
        owner.cancel(stops)
        owner.cancel(target.order_id)
        await made.clock.sleep(20)
        assert held(console) == [6, 2, 0]
        await leaves_here(console, SELL, 6)
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    live(script)


def test_an_exit_at_the_market_ends_them_as_it_leaves() -> None:
    """Before anything of it is known to have filled: the ticket says so, and when others do."""

    async def script(here_: Services) -> None:
        made, master, console = here_.world, here_.world.master, here_.console
        await begins(console)
        his = await here(console, BUY, 10)
        await fills(console, his, 10)
        await made.clock.sleep(10)
        console.see_price()
        limit = ticket(made, SELL)
        market = replace(limit, order_type=OrderType.MARKET, price=None)
        words = [
            " ".join((await here_.trading.preview(master, draft_of(one))).warnings)
            for one in (market, limit)
        ]
        assert "are cancelled with this exit." in words[0]
        assert "are cancelled when this exit fills." in words[1]
        await here_.trading.submit(master, draft_of(market), CommandId("out"))
        assert all(one.cancel_requested for one in entries(console).values())
        await made.clock.sleep(10)
        assert {one.state for one in entries(console).values()} == {State.CANCELLED}
        assert set(held(console)) == {0}

    on_a_console(script)


@pytest.mark.parametrize("after", [0.5, 2.5])
def test_an_entry_that_fills_moments_after_an_exit_left_is_none_of_what_it_gave_up(
    after: float,
) -> None:
    """He quotes both sides of ten that he holds, and both fill: he holds ten, as they are to."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        await press(console, ticket(made, BUY), wait_s=20)
        his = await here(console, BUY, 10)
        await made.clock.sleep(10)
        before = set(made.broker.accounts[0].orders)
        await press(console, ticket(made, SELL, 10, NEAR), FanOut.ON_MASTER_WORKING, wait_s=after)
        (number,) = set(made.broker.accounts[0].orders) - before
        await fills(console, his, 10, 0.2)
        await made.clock.sleep(20)
        await fills(console, made.broker.accounts[0].orders[number], 10)
        assert held(console)[0] == 10
        bought = {one.state for one in entries(console).values() if not one.state.ended}
        assert bought == {State.WORKING}
        await comes_back(console)
        await moves(console, 5)
        await made.clock.sleep(20)
        assert held(console) == [10, 5, 20]

    live(script)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("place", [here, at_broker])
def test_after_a_start_an_earlier_exit_ends_no_entry_that_filled_after_it(
    place: Place, down: bool
) -> None:
    """He gave up ten others, then his entry filled: before the start, or while nothing ran."""
    orders: list[str] = []

    async def morning(console: Console) -> None:
        made = console.world
        await begins(console)
        await press(console, ticket(made, BUY), FanOut.ON_MASTER_WORKING)
        his = await place(console, BUY, 10)
        orders.append(his.order_id)
        await made.clock.sleep(10)
        await leaves_here(console, SELL, 10)
        assert held(console) == [0, 0, 0]
        await made.clock.sleep(60)
        if not down:
            await fills(console, his, 10, 60)
            assert held(console) == [10, 0, 0]

    async def again(console: Console) -> None:
        made = console.world
        if down:
            await fills(console, made.broker.accounts[0].orders[orders[0]], 10, 0)
        console.log_all_in()
        await made.clock.sleep(20)
        await console.engine.resume("operator", "looked")
        left = [one.state for one in console.engine.book if one.state.open_at_broker]
        assert left == [State.WORKING, State.WORKING]
        await comes_back(console)
        assert held(console) == [10, 5, 20]
        await leaves_here(console, SELL, 10)
        assert held(console) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(morning)
        made.live(again)


def test_after_a_start_the_first_row_that_shows_a_fill_of_his_target_ends_them() -> None:
    """It filled while nothing ran, placed here or on the broker's page."""
    for place in (here, at_broker):
        numbers: list[str] = []

        async def morning(
            console: Console, place: Place = place, numbers: list[str] = numbers
        ) -> None:
            await rests(console, of_copies=(2, 0))
            numbers.append((await place(console, SELL, 10)).order_id)
            await console.world.clock.sleep(10)
            await rest_stays(console)

        async def again(console: Console, numbers: list[str] = numbers) -> None:
            made = console.world
            await fills(console, made.broker.accounts[0].orders[numbers[0]], 10, 0)
            console.log_all_in()
            await made.clock.sleep(20)
            assert {one.state for one in entries(console).values()} == {State.CANCELLED}
            assert entries(console)[F2].filled == 0

        with world(2, settings=LOOKING) as made:
            made.live(morning)
            made.live(again)
