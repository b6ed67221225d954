"""An order that was changed stands in the history and in the day's facts as it is now.

What the engine shows of each order while it runs is what is read back from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, press, switch, ticket
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_leaving import begin
from tests.engine.test_modify import lead
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
Figures = dict[str, tuple[int, Decimal | None, int, State]]


def live(script: Callable[[Console], Coroutine[object, object, None]]) -> None:
    with world(2) as made:
        made.live(script)


async def rests(console: Console, quantity: int = 10) -> str:
    """A master's order rests with its copies; its plan."""
    made = console.world
    terms = ticket(made, BUY, quantity, away=200)
    placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId("rest"))
    await made.clock.sleep(5)
    return placed.plan.plan_id


async def changes(console: Console, plan: str, quantity: int, cheaper: int = 0) -> None:
    order = next(one for one in console.engine.book if one.intent.plan_id == plan)
    order = lead(console, order.intent.plan_id)
    assert order.terms.price is not None
    terms = replace(order.terms, quantity=quantity, price=order.terms.price - cheaper)
    await console.engine.modify(order.intent.intent_id, terms)
    await console.world.clock.sleep(10)


async def stand_alike(console: Console) -> Figures:
    """What the engine shows, the history and the day tell the same."""
    await console.store.journal.flush()
    made = console.world
    shown = {
        one.intent.intent_id: (one.terms.quantity, one.terms.price, one.filled, one.state)
        for one in console.engine.book
    }
    history = await console.store.history.orders(1_000)
    day = (await console.store.history.day(ist(made.time.wall_ns()).date())).orders
    for views in (history, day):
        read = {
            one.intent_id: (one.terms.quantity, one.terms.price, one.filled_quantity, one.state)
            for one in views
        }
        assert read == shown
    return {str(name): figures for name, figures in shown.items()}


@pytest.mark.parametrize("quantity", [4, 10, 30])
@pytest.mark.parametrize("cheaper", [0, 5])
def test_orders_that_work_and_orders_that_filled(quantity: int, cheaper: int) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        plan = await rests(console)
        await changes(console, plan, quantity, cheaper)
        works = await stand_alike(console)
        assert {figures[0] for figures in works.values()} == {quantity, quantity // 2, quantity * 2}
        await changes(console, plan, quantity + 2, cheaper)
        await stand_alike(console)
        await trade_through(console.world, Decimal(1_000))
        filled = await stand_alike(console)
        assert {figures[3] for figures in filled.values()} == {State.FILLED}
        assert all(figures[0] == figures[2] for figures in filled.values())

    live(script)


def test_an_order_that_filled_before_its_change_was_made() -> None:
    async def script(console: Console) -> None:
        made: World = console.world
        await begin(console)
        plan = await rests(console)
        made.broker.add_fault(Fault(action="code", call="modify", code="EC701"))
        await changes(console, plan, 30)
        made.broker.clear_faults()
        await trade_through(made, Decimal(1_000))
        filled = await stand_alike(console)
        assert {figures[0] for figures in filled.values()} == {10, 5, 20}

    live(script)


def test_an_exit_that_left_with_less_than_was_planned() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 10))
        switch(console, F1, on=True)
        await press(console, ticket(made, BUY, 4))
        await press(console, ticket(made, SELL, 14), wait_s=20)
        await stand_alike(console)

    live(script)
