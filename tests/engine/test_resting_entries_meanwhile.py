"""Copies of an entry that rest when their master leaves: crashes, stops, fills, and whom it is for.

The simulator's positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.domain.square_off import EVERYTHING
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.course import Scene
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_fill_copy import (
    Place,
    at_broker,
    begins,
    copies_fills,
    fills,
    here,
    of_fills,
)
from tests.engine.test_links import held
from tests.engine.test_master_elsewhere import LOOKING
from tests.engine.test_resting_entries import (
    comes_back,
    entries,
    in_part,
    leaves_elsewhere,
    leaves_here,
    live,
    rests,
)
from tests.proof.rig import Console, ProgramStopped, world
from tests.services.rig import Services, on_a_console
from tests.services.rig import ticket as draft_of

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("place", "point", "units", "left"),
    [
        (here, faultpoints.AFTER_PLAN_COMMIT, 10, [10, 5, 20]),
        (at_broker, faultpoints.AFTER_MASTER_WORKING, 10, [0, 0, 0]),
        (here, faultpoints.BEFORE_CANCEL, 10, [0, 0, 0]),
        (here, faultpoints.BEFORE_CANCEL, 4, [6, 0, 0]),
    ],
)
def test_a_crash_between_the_exit_and_its_cancels_leaves_nothing_resting(
    place: Place, point: str, units: int, left: list[int]
) -> None:
    """Where his exit never left he still holds what he entered, and so do they in the end."""
    armed: list[str] = []

    def fault(now: str) -> None:
        if now in armed:
            armed.clear()
            raise ProgramStopped(0)

    async def morning(console: Console) -> None:
        await rests(console, place)
        armed.append(point)
        fan_out = (
            FanOut.WITH_MASTER
            if point == faultpoints.AFTER_PLAN_COMMIT
            else FanOut.ON_MASTER_WORKING
        )
        await press(console, ticket(console.world, SELL, units), fan_out)

    async def again(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(20)
        states = {one.state for one in entries(console).values()}
        assert states == {State.WORKING if left[2] else State.CANCELLED}
        await console.engine.resume("operator", "looked")
        await comes_back(console)
        assert held(console) == left

    with world(2, settings=LOOKING) as made:
        assert made.live(morning, fault=fault) is None
        assert not armed
        made.live(again)


def test_after_a_start_an_order_on_the_other_side_is_no_exit_of_an_entry_that_fills_later() -> None:
    """He quotes both sides; the program is started anew, then one of them fills for him first."""

    async def morning(console: Console) -> None:
        await begins(console)
        await here(console, BUY, 10)
        await here(console, SELL, 10)

    async def again(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(20)
        await console.engine.resume("operator", "looked")
        his = next(one for one in made.broker.accounts[0].orders.values() if one.terms.buy)
        await fills(console, his, 10)
        await made.clock.sleep(20)
        assert {one.state for one in entries(console).values()} == {State.WORKING}
        await comes_back(console)
        assert held(console) == [10, 5, 20]

    with world(2, settings=LOOKING) as made:
        made.live(morning)
        made.live(again)


@pytest.mark.parametrize("paused", [False, True])
def test_who_copies_fills_has_his_copies_cancelled_by_a_fill_of_the_exit(paused: bool) -> None:
    """His exit rests: as long as nothing of it fills, whoever copies fills has nothing to leave."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        copies_fills(console, F1)
        his = await here(console, BUY, 10)
        made.broker.play([Scene(scene="move", percent=0.6, seconds=1)])
        await made.clock.sleep(2)
        made.broker.play([Scene(scene="still", seconds=20_000)])
        await fills(console, his, 10)
        await made.clock.sleep(10)
        copy = of_fills(console)[-1]
        assert (copy.state, held(console)[:2]) == (State.WORKING, [10, 0])
        exit_ = await here(console, SELL, 10)
        await made.clock.sleep(10)
        assert copy.state is State.WORKING
        if paused:
            await console.engine.stop_trading(TradingState.PAUSE, "operator", "test")
        await fills(console, exit_, 4)
        assert (copy.state, copy.code) == (State.CANCELLED, "master_exits")
        await fills(console, exit_, 6)
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    live(script)


@pytest.mark.parametrize("state", [TradingState.PAUSE, TradingState.HALT])
def test_an_exit_that_a_stop_keeps_from_being_copied_cancels_what_rests_all_the_same(
    state: TradingState,
) -> None:
    async def script(console: Console) -> None:
        await rests(console, of_copies=(2, 0))
        await console.engine.stop_trading(state, "operator", "test")
        await leaves_elsewhere(console, SELL, 10)
        assert {one.state for one in entries(console).values()} == {State.CANCELLED}
        await comes_back(console)
        assert held(console) == [0, 2, 0]

    live(script)


def test_an_entry_in_doubt_goes_when_it_is_found_resting_behind_the_exit() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        client = made.accounts[2].client_id
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=[client], count=1))
        made.broker.add_fault(Fault(action="show_late", seconds=30.0, accounts=[client], count=1))
        his = await here(console, BUY, 10)
        await fills(console, his, 10)
        assert entries(console)[F2].state.in_doubt
        await leaves_here(console, SELL, 10)
        await made.clock.sleep(60)
        assert entries(console)[F2].state is State.CANCELLED
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    live(script)


def test_the_ticket_says_how_many_go_and_whom_the_exit_is_not_for_keeps_his() -> None:
    async def script(here_: Services) -> None:
        made, master = here_.world, here_.world.master
        his = await here(here_.console, BUY, 10)
        await fills(here_.console, his, 10)
        await made.clock.sleep(10)
        here_.console.see_price()
        exit_ = draft_of(ticket(made, SELL))
        alone = replace(exit_, recipients=Recipients(Scope.FOLLOWERS, followers=frozenset({F1})))
        seen = [await here_.trading.preview(master, one) for one in (exit_, alone)]
        assert [
            "copies of earlier entries still rest" in " ".join(one.warnings) for one in seen
        ] == [
            True,
            False,
        ]
        assert "1 copy of an earlier entry still rests" in " ".join(seen[1].warnings)
        await here_.trading.submit(master, alone, CommandId("only F1 leaves"))
        await made.clock.sleep(10)
        states = {name: one.state for name, one in entries(here_.console).items()}
        assert (states[F1], states[F2]) == (State.CANCELLED, State.WORKING)
        more = await here_.trading.preview(master, draft_of(ticket(made, BUY)))
        assert "rest" not in " ".join(more.warnings)

    on_a_console(script)


@pytest.mark.parametrize("crosses", [False, True])
def test_a_square_off_takes_copies_along_that_hold_nothing_yet(crosses: bool) -> None:
    """F1 holds two and F2 nothing; both rest, and F2's may fill before its cancel arrives."""

    async def script(console: Console) -> None:
        made = console.world
        await rests(console, of_copies=(2, 0))
        lines = {
            one.key.account_id: one for one in await console.engine.square_offs.preview(EVERYTHING)
        }
        assert {name: (one.units, one.orders) for name, one in lines.items()} == {
            F1: (2, 1),
            F2: (0, 1),
        }
        if crosses:
            client = made.accounts[2].client_id
            lost = Fault(
                action="drop_reply", call="cancel", placed=False, accounts=[client], count=1
            )
            made.broker.add_fault(lost)
        await console.engine.square_offs.begin(EVERYTHING, CommandId("off"), "operator")
        await made.clock.sleep(1)
        if crosses:
            await in_part(console, 2, 20)
        await made.clock.sleep(40)
        assert held(console) == [10, 0, 0]
        assert all(one.state.ended for one in entries(console).values())
        report = console.engine.square_offs.report(CommandId("off"))
        assert report is not None
        assert (report.over, report.left, report.proven) == (True, (), True)
        assert {leg.key.account_id: leg.closed for leg in report.legs} == (
            {F1: 2, F2: 20} if crosses else {F1: 2}
        )
        await comes_back(console)
        assert held(console) == [10, 0, 0]

    live(script)
