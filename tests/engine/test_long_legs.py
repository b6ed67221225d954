"""Long legs first: a short leg is caught up once the long one that covers it is held.

The simulator's positions are the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from copytrade_gui.domain.catch_up import CatchUp
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.services.catch_up import CatchUps
from tests.engine.test_exits import F1, press, switch
from tests.engine.test_leaving import begin
from tests.engine.test_links import M
from tests.engine.test_square_off import at_broker
from tests.proof.p29_square_off import calls
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL


async def look(console: Console, which: int) -> tuple[CatchUps, PositionKey, CatchUp]:
    ups = CatchUps(console.engine)
    place = PositionKey(F1, console.world.instruments[which].key, Product.INTRADAY)
    return ups, place, await ups.preview(M, place)


async def catches_up(console: Console, which: int) -> tuple[str, str]:
    """F1 is caught up with a leg, if the preview proposes that: its code and reason."""
    ups, place, told = await look(console, which)
    (line,) = (one for one in told.lines if one.account_id == F1)
    if line.units:
        await ups.begin(M, place, {F1: line.units}, CommandId(f"leg {which}"))
        await console.world.clock.sleep(20)
    return line.code, line.reason


def live(script: Callable[[Console], Coroutine[object, object, None]]) -> None:
    with world(2) as made:
        made.instruments += calls(made)
        made.live(script)


async def enters(console: Console, sides: dict[int, Side]) -> None:
    """The master enters these legs while F1 is off."""
    made = console.world
    await begin(console)
    console.see_price()
    switch(console, F1, on=False)
    for which, side in sides.items():
        lots = 4 * made.instruments[which].lot_size
        terms = made.terms(side=side, quantity=lots, away=-60, which=which)
        await press(console, replace(terms, product=Product.INTRADAY), wait_s=15)
    switch(console, F1, on=True)
    await made.clock.sleep(15)


@pytest.mark.parametrize("order", [(BUY, SELL), (SELL, BUY)])
def test_the_short_leg_waits_for_the_long_one(order: tuple[Side, Side]) -> None:
    async def script(console: Console) -> None:
        made = console.world
        first = len(made.instruments) - 2
        legs = dict(zip((first, first + 1), order, strict=True))
        await enters(console, legs)
        long, short = (next(k for k, v in legs.items() if v is side) for side in (BUY, SELL))
        code, reason = await catches_up(console, short)
        assert code == "long_first"
        assert made.instruments[long].symbol in reason
        lots = made.instruments[long].lot_size * 2
        assert (await catches_up(console, long))[0] == ""
        assert (await catches_up(console, short))[0] == ""
        held = at_broker(made)
        assert held[F1, made.instruments[long].symbol] == lots
        assert held[F1, made.instruments[short].symbol] == -lots

    live(script)


def test_a_short_leg_that_the_master_holds_alone_waits_for_none() -> None:
    async def script(console: Console) -> None:
        short = len(console.world.instruments) - 1
        await enters(console, {short: SELL})
        assert (await catches_up(console, short))[0] == ""

    live(script)
