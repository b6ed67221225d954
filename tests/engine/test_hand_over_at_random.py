"""Brackets of a master's at random: copies leave with him, by whichever of both fills."""

from __future__ import annotations

import random

import msgspec
import pytest

from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exit_rules import clean
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_hand_over import brackets, changes, enters, live, masters
from tests.engine.test_links import held
from tests.proof.rig import Console

_FAULTS = (
    Fault(action="drop_reply", call="cancel"),
    Fault(action="drop_reply", call="place"),
    Fault(action="fill_after_cancel"),
    Fault(action="parts", copies=3),
    Fault(action="book_stale", seconds=5.0),
    Fault(action="feed_skip"),
    Fault(action="feed_delay", ms=1_000, sigma=1.0),
)


@pytest.mark.parametrize("seed", range(20))
def test_brackets_at_random_leave_with_their_master(seed: int) -> None:
    """He moves, cuts and cancels both, the market goes either way, and replies are lost."""

    async def script(console: Console) -> None:
        made = await enters(console)
        dice = random.Random(f"bracket/{seed}")  # noqa: S311 - a test's dice
        for fault in dice.sample(_FAULTS, 3):
            made.broker.add_fault(msgspec.structs.replace(fault, probability=0.2))
        both = await brackets(
            console, dice.choice((10, 6)), dice.choice((10, 4)), stop_first=dice.random() < 0.5
        )
        for _ in range(dice.randint(1, 3)):
            plan = dice.choice(both.plans)
            his = made.broker.accounts[0].orders[masters(console, plan)]
            if dice.random() < 0.3 or his.filled:
                await trade_through(made, dice.choice((both.target.price, both.stop.trigger)), 8)
            elif his.live:
                await changes(console, plan, dice.randint(2, 10))
            await made.clock.sleep(dice.choice((0.2, 3, 20)))
        for price in dice.sample((both.target.price, both.stop.trigger), 2):
            await trade_through(made, price, 60)
        made.broker.clear_faults()
        await made.clock.sleep(120)
        he, one, two = held(console)
        if he == 0:
            assert (one, two) == (0, 0)
        elif he > 0:  # he holds a part: nobody was turned round
            assert one >= 0
            assert two >= 0
        await clean(console, "brackets at random")

    live(script)
