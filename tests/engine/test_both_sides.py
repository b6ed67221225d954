"""A master has orders on both sides of the market at once: which of them are exits, and of what."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import FanOut, Side, State
from tests.engine.test_exits import BUY, position, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


@pytest.mark.parametrize("apart_s", [0.7, 2.0, 7.0])
@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_who_buys_below_and_sells_above_the_market_has_two_entries_and_everybody_follows(
    side: Side, fan_out: FanOut, apart_s: float
) -> None:
    """An order that rests is no position: the one of the other side reduces nothing."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, side, away=60), fan_out, wait_s=apart_s)
        orders = await press(console, ticket(made, side.opposite, away=60), fan_out)
        assert {one.state for one in orders.values()} == {State.WORKING}
        await press(console, ticket(made, side), fan_out)
        wanted = [units if side is BUY else -units for units in (10, 5, 20)]
        assert [position(made, number) for number in range(3)] == wanted

    with world(2) as made:
        made.live(script)
