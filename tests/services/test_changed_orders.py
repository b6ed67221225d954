"""An order that was changed stands in the history and in the day's facts as it is now.

What the engine shows of each order while it runs is what is read back from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.halt import asked_for
from copytrade_gui.domain.ids import CommandId, IntentId, PlanId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, press, switch, ticket
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_halted_changes import halt
from tests.engine.test_leaving import begin
from tests.engine.test_modify import at_broker, lead
from tests.proof.rig import Console, ProgramStopped, World, world

BUY, SELL = Side.BUY, Side.SELL
Figures = dict[str, tuple[int, Decimal | None, int, State]]


def live(script: Callable[[Console], Coroutine[object, object, None]]) -> None:
    with world(2) as made:
        made.live(script)


async def rests(console: Console, quantity: int = 10) -> str:
    """A master's order rests with its copies; its plan."""
    made = console.world
    terms = ticket(made, BUY, quantity, away=200)
    command = CommandId(f"rest {made.time.now_ns}")
    placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
    await made.clock.sleep(5)
    return placed.plan.plan_id


async def changes(console: Console, plan: str, quantity: int, cheaper: int = 0) -> None:
    order = next(one for one in console.engine.book if one.intent.plan_id == plan)
    order = lead(console, order.intent.plan_id)
    assert order.terms.price is not None
    terms = replace(order.terms, quantity=quantity, price=order.terms.price - cheaper)
    await console.engine.modify(order.intent.intent_id, terms)
    await console.world.clock.sleep(10)


def shown(console: Console) -> dict[IntentId, OrderView]:
    """What the order book of the window shows."""
    return {one.intent.intent_id: one.view() for one in console.engine.book}


async def stand_alike(console: Console) -> Figures:
    """What the engine shows, the history and the day tell the same, in every field."""
    await console.store.journal.flush()
    history = await console.store.history.orders(1_000)
    today = ist(console.world.time.wall_ns()).date()
    day = (await console.store.history.day(today)).orders
    for views in (history, day):
        assert {one.intent_id: one for one in views} == shown(console)
    return {
        str(one.intent_id): (one.terms.quantity, one.terms.price, one.filled_quantity, one.state)
        for one in shown(console).values()
    }


async def cancels(console: Console, plan: str) -> None:
    names = [one.intent.intent_id for one in console.engine.book if one.intent.plan_id == plan]
    console.engine.cancel(names, "test")
    await console.world.clock.sleep(15)


@contextmanager
def changes_refused(made: World) -> Iterator[None]:
    made.broker.add_fault(Fault(action="code", call="modify", code="EC701"))
    yield
    made.broker.clear_faults()


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
        with changes_refused(made):
            await changes(console, plan, 30)
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


@pytest.mark.parametrize("then", ["works", "is cancelled"])
def test_a_change_that_the_broker_refused_was_never_made(then: str) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        plan = await rests(console)
        await changes(console, plan, 20)
        with changes_refused(console.world):
            await changes(console, plan, 50, 5)
        if then == "is cancelled":
            await cancels(console, plan)
        stands = await stand_alike(console)
        assert {figures[0] for figures in stands.values()} == {20, 10, 40}
        assert await console.store.history.verify() == ()

    live(script)


def test_a_change_that_waited_until_its_order_was_cancelled_was_never_made() -> None:
    """The account is halted while the change waits for the answer to another one."""

    async def script(console: Console) -> None:
        await begin(console)
        plan = await rests(console)
        order = lead(console, PlanId(plan))
        assert order.terms.price is not None
        for number in (1, 2):
            terms = replace(order.terms, price=order.terms.price + 1, quantity=10 * number + 10)
            await console.engine.modify(order.intent.intent_id, terms)
            await console.world.clock.sleep(0.05)
        halt(console, asked_for(TradingState.HALT, "stop 1", "a person", "to look at it"))
        await cancels(console, plan)
        stands = await stand_alike(console)
        at_the_broker = sorted(quantity for quantity, _, _ in at_broker(console.world))
        assert at_the_broker == sorted(figures[0] for figures in stands.values()) == [10, 20, 40]

    with world(2, switches=Switches(latency_ms=400, jitter_ms=0)) as made:
        made.live(script)


def test_the_order_book_is_after_a_crash_what_it_was_before() -> None:
    """In every field: filled in parts, changed, refused a change, cancelled, skipped, cut."""
    before: dict[IntentId, OrderView] = {}

    async def day(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        plan = await rests(console)
        await changes(console, plan, 30, 5)
        with changes_refused(made):
            await changes(console, plan, 50)
        await cancels(console, await rests(console, 12))
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 12), wait_s=20)
        switch(console, F1, on=True)
        await press(console, ticket(made, SELL, 50), wait_s=20)
        await stand_alike(console)
        before.update(shown(console))
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        assert shown(console) == before
        await begin(console)
        await console.world.clock.sleep(20)
        assert shown(console) == before
        await stand_alike(console)

    with world(2, switches=Switches(fill_ms=300, partial_rate=1)) as made:
        made.live(day)
        made.live(again)
    assert {one.state for one in before.values()} >= {
        State.FILLED, State.WORKING, State.CANCELLED, State.SKIPPED
    }  # fmt: skip
