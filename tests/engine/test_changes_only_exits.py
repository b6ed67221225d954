"""Only exits pass: what becomes of copies that rest when the master changes his order elsewhere.

The simulator's book is the judge.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from tests.engine.test_exits import ticket
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.engine.test_modify import alarms
from tests.proof.rig import Console, World, world

BUY = Side.BUY


def resting(made: World) -> list[tuple[int, Decimal]]:
    """Quantity and price of each follower's order that works, as the simulated broker has it."""
    made.broker.advance()
    return [
        (order.terms.quantity, Decimal(order.terms.price) / 10_000)
        for account in made.broker.accounts[1:]
        for order in account.orders.values()
        if order.live
    ]


@pytest.mark.parametrize(
    ("fields", "quantities", "moved"),
    [
        ({"price": "1400"}, [5, 20], Decimal(1_400)),
        ({"quantity": "6"}, [3, 12], None),
        ({"quantity": "6", "price": "1400"}, [3, 12], Decimal(1_400)),
        ({"quantity": "20"}, [5, 20], None),
    ],
)
def test_a_change_waits_is_told_and_is_made_when_that_is_lifted(
    fields: dict[str, str], quantities: list[int], moved: Decimal | None
) -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        his = elsewhere(made, ticket(made, BUY, 10, away=200))
        await made.clock.sleep(15)
        before, said = resting(made), alarms(console)
        await console.engine.stop_trading(TradingState.REDUCE, "operator", "Looking.")
        owner(made).modify(his.order_id, fields)
        await made.clock.sleep(15)
        assert resting(made) == before
        grows = fields.get("quantity") == "20"
        told = "stay smaller" if grows else "stand as they were"
        assert [told in one for one in said if "order was" in one] == [True]
        await console.engine.resume("operator", "Looked.")
        await made.clock.sleep(30)
        assert resting(made) == [(one, moved or before[0][1]) for one in quantities]

    with world(2, settings=LOOKING) as made:
        made.live(script)
