"""A read of positions shows what a copy filled before anybody was told of that fill.

Without a feed a fill is told by the next read of the order book, a second or two later. The
simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import Side, State
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_price_guard import moves
from tests.proof.judge import settled
from tests.proof.rig import Console, world

_READ_S = 8.8
"""So long behind an entry his exit fills while the positions of its copies are being read."""


@pytest.mark.parametrize("side", list(Side))
def test_a_fill_that_was_read_before_it_was_told_counts_once(side: Side) -> None:
    """It was taken off once more: the next exit waited for seven seconds."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, side), wait_s=_READ_S)
        await press(console, ticket(made, side.opposite), wait_s=2.5)
        await press(console, ticket(made, side), wait_s=2.5)
        orders = await press(console, ticket(made, side.opposite), wait_s=1.5)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 2)).must_be_clean("two round trips")

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("rests_s", [1.0, 4.3, 4.4, 4.5])
@pytest.mark.parametrize("units", [5, 3])
def test_what_the_owner_closed_is_not_taken_for_a_fill_that_comes_later(
    units: int, rests_s: float
) -> None:
    """His copy's exit rests, and he sells by himself; a book read since shows it unfilled."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, Side.BUY), wait_s=5)
        resting = await press(console, ticket(made, Side.SELL, away=60), wait_s=rests_s)
        trades_himself(made, made.accounts[1], ticket(made, Side.SELL), units)
        await made.clock.sleep(30)
        await moves(console, 2)
        while resting[F1].state is not State.FILLED:
            await made.clock.sleep(0.1)
        assert position(made, 1) == -units
        await press(console, ticket(made, Side.BUY), wait_s=1.5)
        orders = await press(console, ticket(made, Side.SELL), wait_s=20)
        assert orders[F1].filled == 5 - units
        assert position(made, 1) == 0

    with world(2) as made:
        made.live(script)
