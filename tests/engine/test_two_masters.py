"""A follower of two masters who stand on two sides of one instrument.

The simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.order import OrderTerms, Side
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import TWICE, M, becomes_master, change, held, order
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL


async def both_sides(console: Console) -> dict[AccountId, OrderTerms]:
    """F2 copies M, who buys, and F1, who sells; their exits."""
    made, engine = console.world, console.engine
    becomes_master(console, F1)
    change(console, state=LinkState.PAUSED)
    engine.put_link(Link(F1, F2, TWICE), "test")
    await begin(console)
    await order(console, M, ticket(made, BUY, 10))
    await order(console, F1, ticket(made, SELL, 5))
    assert held(console) == [10, -5, 10]
    await made.clock.sleep(30)
    return {M: ticket(made, SELL, 10), F1: ticket(made, BUY, 5)}


@pytest.mark.parametrize("also_master", [False, True])
@pytest.mark.parametrize("first", [M, F1])
def test_masters_on_both_sides_of_one_instrument_are_each_left_by_what_was_copied_of_him(
    first: AccountId, also_master: bool
) -> None:
    """The account's position is what both make together: one's exit may turn that round."""

    async def script(console: Console) -> None:
        made = console.world
        if also_master:
            becomes_master(console, F2)
        exits = await both_sides(console)
        await order(console, first, exits.pop(first))
        await made.clock.sleep(30)
        assert held(console) == ([0, -5, -10] if first == M else [10, 0, 20])
        for master, his in exits.items():
            await order(console, master, his)
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("first", [M, F1])
def test_who_is_out_of_two_masters_copies_by_himself_is_opened_by_neither_exit(
    first: AccountId,
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        exits = await both_sides(console)
        trades_himself(made, made.accounts[2], ticket(made, SELL), 10)
        await made.clock.sleep(130)
        for master in (first, *({*exits} - {first})):
            await order(console, master, exits[master])
            assert position(made, 2) == 0

    with world(2) as made:
        made.live(script)
