"""An order above the exchange's freeze quantity leaves in several: all of them, and no more."""

from __future__ import annotations

from collections import Counter

import pytest

from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import position, ticket
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world


async def ready(console: Console, freeze: int) -> World:
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    instrument = made.instruments[0]
    table = FreezeTable({(instrument.key.exchange, instrument.underlying): freeze})
    console.engine.clearing.freeze = table
    return made


async def submit(console: Console, name: str, fan_out: FanOut, quantity: int = 10) -> list[State]:
    made = console.world
    order = ticket(made, Side.BUY, quantity)
    placed = await console.engine.submit(made.master, order, fan_out, CommandId(name))
    await made.clock.sleep(10)
    return [one.state for one in console.engine.book.of_plan(placed.plan.plan_id)]


@pytest.mark.parametrize("fan_out", list(FanOut))
def test_master_and_copies_leave_in_slices_whose_sum_is_their_size(fan_out: FanOut) -> None:
    async def script(console: Console) -> None:
        made = await ready(console, 4)
        states = await submit(console, "sliced", fan_out)
        assert states == [State.FILLED] * (3 + 2 + 5)  # 10, 5 and 20 in pieces of 4
        assert [position(made, number) for number in (0, 1, 2)] == [10, 5, 20]
        taken = Counter(order.account for order in made.broker.ledger.accepted)
        assert sorted(taken.values()) == [2, 3, 5]
        assert max(order.terms.quantity for order in made.broker.ledger.accepted) == 4
        (await settled(console, 1)).must_be_clean("sliced")

    with world(2) as made:
        made.live(script)


def test_his_exit_in_slices_closes_the_copies_whole() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, 4)
        await submit(console, "in", FanOut.WITH_MASTER)
        order = ticket(made, Side.SELL)
        await console.engine.submit(made.master, order, FanOut.WITH_MASTER, CommandId("out"))
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1, 2)] == [0, 0, 0]
        (await settled(console, 2)).must_be_clean("out in slices")

    with world(2) as made:
        made.live(script)


def test_more_than_ten_slices_are_one_accounts_verdict_or_deny_the_master() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, 1)
        states = await submit(console, "ten", FanOut.WITH_MASTER)
        assert Counter(states) == {State.FILLED: 15, State.BLOCKED: 1}
        assert position(made, 2) == 0
        with pytest.raises(DeniedError) as denied:
            await submit(console, "eleven", FanOut.WITH_MASTER, quantity=11)
        assert denied.value.code == "too_many_slices"

    with world(2) as made:
        made.live(script)


def test_a_part_of_the_masters_order_that_fails_keeps_the_copies_back() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, 4)
        master = made.accounts[0].client_id
        made.broker.add_fault(
            Fault(action="reject", text="RMS: Blocked", accounts=[master], count=1)
        )
        states = await submit(console, "in part", FanOut.ON_MASTER_WORKING)
        assert states[:3].count(State.REJECTED) == 1
        assert set(states[3:]) == {State.SKIPPED}
        assert [position(made, number) for number in (1, 2)] == [0, 0]

    with world(2) as made:
        made.live(script)
