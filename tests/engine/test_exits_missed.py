"""What a master left while the console did not look, and a person copies afterwards, is an exit.

His position has it already. The simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Seen
from tests.engine.test_exits import position, press, switch, ticket
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("missed", "copied", "held"),
    [
        # The first follower holds 10, the second did not enter. An entry of 10 gives them 5 and 20.
        ([(SELL, 20)], [0], [0, 0]),
        ([(SELL, 10)], [0], [5, 0]),
        ([(SELL, 20), (BUY, 10)], [0, 1], [5, 20]),
        ([(BUY, 10), (SELL, 30)], [1], [0, 0]),
        ([(BUY, 10)], [0], [15, 20]),
        ([(SELL, 20), (SELL, 10)], [1], [5, -20]),
    ],
)
def test_a_missed_exit_closes_what_copies_hold_and_opens_nothing(
    *, missed: list[tuple[Side, int]], copied: list[int], held: list[int]
) -> None:
    async def morning(console: Console) -> None:
        made = await ready(console)
        switch(console, made.accounts[2].account_id, on=False)
        await press(console, ticket(made, BUY, 20), wait_s=20)
        switch(console, made.accounts[2].account_id, on=True)
        assert [position(made, number) for number in (0, 1, 2)] == [20, 10, 0]
        raise ProgramStopped("he goes on at his phone")

    async def back(console: Console) -> None:
        made = console.world
        numbers = []
        for side, quantity in missed:
            numbers.append(BrokerOrderId(elsewhere(made, ticket(made, side, quantity)).order_id))
            await made.clock.sleep(5)  # it fills
        await ready(console)
        await made.clock.sleep(10)
        signals = console.engine.master_signals
        assert {one.became for one in signals.orders()} == {Seen.MISSED}
        await console.engine.resume("operator", "looked")
        for number in copied:
            await signals.copy(made.master, numbers[number])
            await made.clock.sleep(20)
        assert [position(made, number) for number in (1, 2)] == held

    with world(2, settings=LOOKING) as made:
        made.live(morning)
        made.live(back)
