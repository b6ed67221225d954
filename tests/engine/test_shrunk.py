"""A copy that waits for its account when its master makes his order smaller leaves smaller.

The simulator's ledger is the judge: of what left first, and of what is there in the end.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Follow
from tests.engine.test_exits import F1, ticket
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.proof.p27_crash import SECOND_NS
from tests.proof.rig import Console, World, world

BUY = Side.BUY


def first_and_now(made: World) -> tuple[int, int, int]:
    """Units with which F1's only order was accepted, its units now, and how often it changed."""
    made.broker.advance()
    (order,) = made.broker.accounts[1].orders.values()
    return order.steps[0].quantity, order.terms.quantity, order.version - 1


@pytest.mark.parametrize(
    ("while_waiting", "then", "left", "now"),
    [
        ((4,), (), 2, 2),
        ((4, 2), (), 1, 1),
        ((4, 8), (), 4, 4),
        ((4, 10), (), 5, 5),
        ((4, 20), (), 5, 10),
        ((4,), (8,), 2, 4),
        ((4,), (10,), 2, 5),
        ((4,), (20,), 2, 10),
        ((), (4,), 5, 2),
    ],
)
def test_what_leaves_is_its_part_of_his_order_as_it_is_then(
    while_waiting: tuple[int, ...], then: tuple[int, ...], left: int, now: int
) -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        lane = console.engine.lanes[F1]
        lane.wait_until_ns = made.clock.mono_ns() + 30 * SECOND_NS
        his = elsewhere(made, ticket(made, BUY, 10, away=200))
        await made.clock.sleep(5)
        for quantity in while_waiting:
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(4)
        assert not made.broker.accounts[1].orders
        await made.clock.sleep(40)
        for quantity in then:
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(20)
        first, last, _ = first_and_now(made)
        assert (first, last) == (left, now)

    with world(1, settings=LOOKING) as made:
        made.live(script)
