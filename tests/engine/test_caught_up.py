"""What catching up has placed is not placed once more by copying the order that it came from.

The simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.seen import Follow, Seen, SeenOrder
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.masters import Masters
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.config import Switches
from tests.engine.test_exits import F1, press, ticket
from tests.engine.test_links import M, held
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.proof.rig import Console, ProgramStopped, world

BUY = Side.BUY


def masters(console: Console) -> Masters:
    return Masters(console.engine, console.store.journal, console.world.clock)


async def ignored(console: Console, *, away: int = -60) -> SeenOrder:
    """The master buys 10 at the broker, and a person says no to it."""
    made = console.world
    placed = elsewhere(made, ticket(made, BUY, 10, away=away))
    await made.clock.sleep(15)
    seen = named(console, placed.order_id)
    await masters(console).ignore(M, seen.broker_order_id, CommandId(f"no {placed.order_id}"))
    return seen


def named(console: Console, number: str) -> SeenOrder:
    """An order of his as it stands now."""
    return next(
        one for one in console.engine.master_signals.orders() if one.broker_order_id == number
    )


async def copy(console: Console, seen: SeenOrder, name: str) -> None:
    await masters(console).copy(M, seen.broker_order_id, CommandId(name))
    await console.world.clock.sleep(15)


async def catch_up(console: Console) -> None:
    """By what everybody lacks."""
    made, verbs = console.world, CatchUps(console.engine)
    place = PositionKey(F1, made.instruments[0].key, Product.INTRADAY)
    told = await verbs.preview(M, place)
    assert told.denied == ""
    agreed = {line.account_id: line.units for line in told.placed}
    await verbs.begin(M, place, agreed, CommandId("up"))
    await made.clock.sleep(15)


def test_an_ignored_order_that_was_caught_up_cannot_be_copied_as_well_nor_after_a_restart() -> None:
    found: list[SeenOrder] = []

    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        await press(console, ticket(made, BUY, 10))
        seen = await ignored(console)
        found.append(seen)
        assert held(console) == [20, 5, 20]
        await catch_up(console)
        assert held(console) == [20, 10, 40]
        now = named(console, seen.broker_order_id)
        assert now.became is Seen.CAUGHT_UP
        assert "with the 10 in it that this order filled" in now.reason
        with pytest.raises(RefusedError, match="would place them twice") as refused:
            await copy(console, seen, "all the same")
        assert refused.value.code == "caught_up"
        # What he buys after it is in no catch-up: it may be copied, ignored or not.
        later = await ignored(console)
        await copy(console, later, "later")
        assert held(console) == [30, 15, 60]
        await made.clock.sleep(700)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        # Its plan is the only word of it, and stays whole while others are packed.
        for _ in range(40):
            console.engine.ended.tidy()
        await ready(console, Follow.ASK)
        await console.world.clock.sleep(20)
        await console.engine.resume("operator", "looked at the books")
        assert named(console, found[0].broker_order_id).became is Seen.CAUGHT_UP
        with pytest.raises(RefusedError, match="would place them twice"):
            await copy(console, found[0], "once more")
        assert held(console) == [30, 15, 60]

    with world(2, settings=LOOKING) as made:
        made.live(script)
        made.live(after)


def test_an_order_that_rested_then_is_open_to_copy_until_some_of_it_fills() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        await press(console, ticket(made, BUY, 10))
        seen = await ignored(console, away=60)
        await ignored(console)
        await catch_up(console)
        assert held(console) == [20, 10, 40]
        assert named(console, seen.broker_order_id).became is Seen.IGNORED
        price = made.price(made.instruments[0]) * 101 / 100
        price -= price % made.instruments[0].tick
        owner(made).modify(seen.broker_order_id, {"price": str(price)})
        await made.clock.sleep(15)
        assert held(console) == [30, 10, 40]
        assert named(console, seen.broker_order_id).became is Seen.CAUGHT_UP
        with pytest.raises(RefusedError):
            await copy(console, seen, "all the same")
        assert held(console) == [30, 10, 40]

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_of_an_order_that_he_took_back_no_more_is_copied_than_it_filled() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        nothing = await ignored(console, away=60)
        owner(made).cancel(nothing.broker_order_id)
        some = elsewhere(made, ticket(made, BUY, 40))
        while not held(console)[0]:
            await made.clock.sleep(0.1)
        owner(made).cancel(some.order_id)
        await made.clock.sleep(15)
        filled, *none = held(console)
        assert 0 < filled < 40
        assert none == [0, 0]
        with pytest.raises(RefusedError, match="It ended as"):
            await copy(console, nothing, "all the same")
        await copy(console, named(console, some.order_id), "some")
        await made.clock.sleep(60)
        assert held(console) == [filled, filled // 2, filled * 2]

    slow = Switches(latency_ms=2, jitter_ms=0, fill_ms=4_000, partial_rate=1)
    with world(2, settings=LOOKING, switches=slow) as made:
        made.live(script)
