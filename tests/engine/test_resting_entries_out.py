"""Copies of entries when their master is out by whichever of his orders filled last.

A target that he made larger, quotes on both sides, an exit while nothing ran or that could not be
copied: by the simulator's positions nobody enters what he has left, or loses what he still wants.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_exits import F1, F2
from tests.engine.test_fill_copy import Place, at_broker, begins, fills, here
from tests.engine.test_links import held
from tests.engine.test_master_elsewhere import LOOKING
from tests.engine.test_price_guard import moves
from tests.engine.test_resting_entries import (
    alarms,
    comes_back,
    leaves_here,
    live,
    rests,
)
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL
PLACES = pytest.mark.parametrize("place", [here, at_broker])


def resting(console: Console) -> list[Side]:
    """The side of each copy that rests."""
    return [
        one.intent.terms.side
        for one in console.engine.book
        if one.intent.account_id != console.world.master and one.state.open_at_broker
    ]


async def scales_in(console: Console, place: Place) -> str:
    """He buys ten more behind a target, then makes that larger; nothing of it has filled yet."""
    made = console.world
    await rests(console, place)
    target = await place(console, SELL, 10)
    more = await place(console, BUY, 10)
    await fills(console, more, 10, 12)
    Owner(made.broker.desk, made.broker.accounts[0]).modify(target.order_id, {"quantity": "20"})
    await made.clock.sleep(10)
    assert held(console) == [20, 0, 0]
    assert resting(console) == [BUY] * 4
    return target.order_id


@PLACES
def test_a_target_that_he_made_larger_ends_what_he_entered_after_it_once_he_is_out(
    place: Place,
) -> None:
    """Not before: of ten that fill of twenty, the later entry is what he still holds."""

    async def script(console: Console) -> None:
        account = console.world.broker.accounts[0]
        target = account.orders[await scales_in(console, place)]
        await fills(console, target, 10, 20)
        assert resting(console) == [BUY] * 2
        await fills(console, target, 10, 20)
        assert resting(console) == []
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    live(script)


@PLACES
@pytest.mark.parametrize("down", [False, True])
def test_a_start_finds_it_too(place: Place, down: bool) -> None:
    """The program ended before the first cancel left, or the target filled while none ran."""
    orders: list[str] = []
    armed: list[str] = []

    def fault(now: str) -> None:
        if now in armed:
            armed.clear()
            raise ProgramStopped(0)

    async def morning(console: Console) -> None:
        orders.append(await scales_in(console, place))
        if not down:
            armed.append(faultpoints.BEFORE_CANCEL)
            await fills(console, console.world.broker.accounts[0].orders[orders[0]], 20, 30)

    async def again(console: Console) -> None:
        made = console.world
        if down:
            await fills(console, made.broker.accounts[0].orders[orders[0]], 20, 0)
        console.log_all_in()
        await made.clock.sleep(30)
        assert resting(console) == []
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(morning, fault=fault)
        assert not armed
        made.live(again)


@PLACES
def test_a_crash_after_the_first_unit_of_a_target_leaves_nothing_resting(place: Place) -> None:
    armed: list[str] = []

    def fault(now: str) -> None:
        if now in armed:
            armed.clear()
            raise ProgramStopped(0)

    async def morning(console: Console) -> None:
        await rests(console, place, of_copies=(2, 0))
        target = await place(console, SELL, 10)
        await console.world.clock.sleep(10)  # so long its copies wait for those that rest
        armed.append(faultpoints.BEFORE_CANCEL)
        await fills(console, target, 1, 30)

    async def again(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(20)
        assert resting(console) == [SELL]
        await comes_back(console)
        assert held(console) == [9, 2, 0]

    with world(2, settings=LOOKING) as made:
        made.live(morning, fault=fault)
        assert not armed
        made.live(again)


@PLACES
def test_a_target_whose_copies_wait_over_a_start_opens_nothing(place: Place) -> None:
    """One unit of it had filled: it is no order that turns round the nine that he has left."""

    async def morning(console: Console) -> None:
        made = console.world
        await rests(console, of_copies=(2, 0))
        made.broker.add_fault(Fault(action="drop_reply", call="cancel", placed=False))
        target = await place(console, SELL, 10)
        await fills(console, target, 1, 1.1)
        copies = [one for one in console.engine.book if one.intent.terms.side is SELL]
        waits = {one.intent.account_id for one in copies if one.state is State.PLANNED}
        assert waits == {F1, F2}

    async def again(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(30)
        sold = [
            sum(one.terms.quantity for one in account.orders.values() if not one.terms.buy)
            for account in made.broker.accounts[1:]
        ]
        assert sold == [2, 0]

    with world(2, settings=LOOKING) as made:
        made.live(morning)
        made.live(again)


@PLACES
def test_who_quotes_both_sides_and_is_flat_again_leaves_no_copy_resting(place: Place) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        buys = await place(console, BUY, 10)
        sells = await place(console, SELL, 10)
        await made.clock.sleep(5)
        await fills(console, buys, 10, 20)
        assert sorted(resting(console)) == [BUY, BUY, SELL, SELL]
        await fills(console, sells, 4, 20)
        assert BUY in resting(console)
        await fills(console, sells, 6, 20)
        assert resting(console) == []
        await comes_back(console)
        await moves(console, 4)
        assert held(console) == [0, 0, 0]

    live(script)


def test_what_he_left_by_phone_while_nothing_ran_is_entered_by_nobody() -> None:
    async def morning(console: Console) -> None:
        await rests(console)

    async def again(console: Console) -> None:
        made = console.world
        await fills(console, await at_broker(console, SELL, 10), 10, 60)
        assert held(console) == [0, 0, 0]
        console.log_all_in()
        await made.clock.sleep(30)
        assert resting(console) == []
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(morning)
        made.live(again)


def test_a_target_that_a_stop_keeps_from_being_copied_ends_nothing_while_it_rests() -> None:
    async def script(console: Console) -> None:
        await rests(console)
        await console.engine.stop_trading(TradingState.PAUSE, "operator", "test")
        target = await at_broker(console, SELL, 10)
        await console.world.clock.sleep(10)
        assert resting(console) == [BUY, BUY]
        await fills(console, target, 1, 10)
        assert resting(console) == []

    live(script)


@PLACES
def test_what_a_cancelled_copy_would_have_closed_is_told(place: Place) -> None:
    """He turned round and is flat again; F1's copy of that was to close two and to open five."""

    async def script(console: Console) -> None:
        told = alarms(console)
        await rests(console, of_copies=(2, 0))
        turned = await place(console, SELL, 20)
        await fills(console, turned, 20, 20)
        assert held(console) == [-10, 2, 0]
        assert "left_without_exit" not in told
        await leaves_here(console, BUY, 10)
        await console.world.clock.sleep(10)
        assert resting(console) == []
        assert held(console) == [0, 2, 0]
        (sentence,) = told["left_without_exit"]
        assert "hold: Follower 1 2." in sentence

    live(script)


@PLACES
def test_what_fills_beside_a_target_that_was_not_sized_for_it_is_told(place: Place) -> None:
    """F1's part of the target closes two of five, and F2 has none."""

    async def script(console: Console) -> None:
        told = alarms(console)
        await rests(console, place, of_copies=(2, 0))
        await place(console, SELL, 10)
        await console.world.clock.sleep(5)
        assert "filled_beside_exit" not in told
        await comes_back(console)
        assert held(console) == [10, 5, 20]
        sentences = " ".join(told["filled_beside_exit"])
        assert "Follower 1 3" in sentences
        assert "Follower 2 20" in sentences

    live(script)


def test_nothing_is_told_where_no_target_rests() -> None:
    """His target was cancelled, and nothing of it waits any more."""

    async def script(console: Console) -> None:
        told = alarms(console)
        await rests(console)
        target = await here(console, SELL, 10)
        Owner(console.world.broker.desk, console.world.broker.accounts[0]).cancel(target.order_id)
        await console.world.clock.sleep(10)
        await comes_back(console)
        assert held(console) == [10, 5, 20]
        assert "filled_beside_exit" not in told

    live(script)
