"""A stop between the commit of a wave's marks and its bytes: proven not sent, and told as that."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import FaultPoint
from tests.engine.test_leaving import FAST, begin, press
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world

BRAKES = [TradingState.REDUCE, TradingState.HALT, TradingState.KILL]


def brake_at(point: str, state: TradingState, held: list[Console]) -> FaultPoint:
    """The stop is pressed when a wave's marks are on the disk, and its bytes are still here."""

    def see(name: str) -> None:
        if name == point and held:
            held[0].engine.brake(state)

    return see


async def attempts_on_disk(console: Console) -> set[str]:
    """The states of all attempts as they are stored."""
    await console.store.journal.flush()
    rows = await console.store.database.read(
        lambda one: one.exec_driver_sql("SELECT state FROM attempts").fetchall()
    )
    return {row[0] for row in rows}


def states_of(console: Console, command: str) -> set[State]:
    engine = console.engine
    return {
        order.state
        for plan in engine.book.plans.values()
        if plan.signal.command_id == command
        for order in engine.book.of_plan(plan.plan_id)
    }


@pytest.mark.parametrize("state", BRAKES)
@pytest.mark.parametrize("followers", [1, 30])
def test_a_stop_after_the_marks_of_a_queued_wave_leaves_nothing_sending(
    state: TradingState, followers: int
) -> None:
    held: list[Console] = []

    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "first", away=60)
        await press(console, "queued", away=60)  # it waits for the answers to the first
        held.append(console)
        await console.world.clock.sleep(0.5)
        await console.engine.stop_trading(state, "operator", "test")
        await console.world.clock.sleep(5)
        assert console.bugs == []
        assert states_of(console, "queued") == {State.SKIPPED}
        assert (await attempts_on_disk(console)).isdisjoint({"SENDING", "UNKNOWN"})
        held.clear()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(30)
        assert not [order for order in console.engine.book if order.state.in_doubt]
        await console.engine.resume("operator", "looked")
        (await settled(console, 2)).must_be_clean("a stop after the marks")

    with world(followers, switches=FAST) as made:
        made.live(script, fault=brake_at(faultpoints.AFTER_MARK, state, held))
        made.live(again)
        assert len(made.broker.ledger.wire) == followers + 1


@pytest.mark.parametrize("state", BRAKES)
def test_a_stop_after_the_commit_of_a_press_leaves_nothing_sending(state: TradingState) -> None:
    held: list[Console] = []

    async def script(console: Console) -> None:
        await begin(console)
        held.append(console)
        await press(console, "pressed", away=60)
        await console.engine.stop_trading(state, "operator", "test")
        await console.world.clock.sleep(5)
        assert console.bugs == []
        assert states_of(console, "pressed") == {State.SKIPPED}
        assert await attempts_on_disk(console) == {"NOT_SENT"}
        (await settled(console, 1)).must_be_clean("a stop after the commit")

    with world(30, switches=FAST) as made:
        made.live(script, fault=brake_at(faultpoints.AFTER_PLAN_COMMIT, state, held))
        assert made.broker.ledger.wire == []
