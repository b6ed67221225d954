"""A working order is changed with all its copies: the newest price counts, once, and nothing below.

The simulator's book is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import Alarm
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side, State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import ticket
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, World, world


async def resting(console: Console) -> tuple[PlanId, OrderTerms]:
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    terms = ticket(made, Side.BUY, away=200)
    placed = await console.engine.submit(
        made.master, terms, FanOut.WITH_MASTER, CommandId("resting")
    )
    await made.clock.sleep(5)
    return placed.plan.plan_id, terms


def lead(console: Console, plan: PlanId) -> Order:
    return console.engine.book.of_plan(plan)[0]


def at_broker(made: World) -> Iterator[tuple[int, Decimal, int]]:
    """Quantity, price and filled of each order, as the simulated broker has it."""
    made.broker.advance()
    for account in made.broker.accounts:
        for order in account.orders.values():
            terms = order.terms
            yield terms.quantity, Decimal(terms.price) / 10_000, order.filled


def test_price_and_quantity_follow_for_master_and_copies() -> None:
    async def script(console: Console) -> None:
        made = console.world
        plan, terms = await resting(console)
        assert terms.price is not None
        after = replace(terms, quantity=20, price=terms.price + 1)
        assert await console.engine.modify(lead(console, plan).intent.intent_id, after) == 3
        await made.clock.sleep(10)
        assert sorted(one[:2] for one in at_broker(made)) == [
            (10, after.price), (20, after.price), (40, after.price)
        ]  # fmt: skip
        states = {order.state for order in console.engine.book.of_plan(plan)}
        assert states == {State.WORKING}
        assert not any(order.diverged for order in console.engine.book.of_plan(plan))
        (await settled(console, 1)).must_be_clean("changed")

    with world(2) as made:
        made.live(script)


def test_of_fifty_changes_the_last_price_counts_and_no_rate_is_broken() -> None:
    async def script(console: Console) -> None:
        made = console.world
        plan, terms = await resting(console)
        assert terms.price is not None
        own, tick = lead(console, plan).intent.intent_id, terms.instrument.tick
        for number in range(50):
            await console.engine.modify(own, replace(terms, price=terms.price - number * tick))
            await made.clock.sleep(0.1)
        await made.clock.sleep(20)
        assert {price for _, price, _ in at_broker(made)} == {terms.price - 49 * tick}
        assert not made.broker.ledger.seconds_over_limit
        (await settled(console, 1)).must_be_clean("storm")

    with world(3) as made:
        made.live(script)


def test_a_change_that_the_broker_refuses_is_told_and_the_order_stays() -> None:
    async def script(console: Console) -> None:
        made = console.world
        plan, terms = await resting(console)
        assert terms.price is not None
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="code", call="modify", code="EC911", accounts=followers))
        after = replace(terms, price=terms.price + 1)
        await console.engine.modify(lead(console, plan).intent.intent_id, after)
        await made.clock.sleep(20)
        assert sorted({price for _, price, _ in at_broker(made)}) == [terms.price, after.price]
        copy = console.engine.book.of_plan(plan)[1]
        assert (copy.terms.price, copy.diverged, copy.state) == (terms.price, None, State.WORKING)

    with world(1) as made:
        made.live(script)


async def one_stop(console: Console) -> Order:
    """A stop order of the master's that waits for its price."""
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    terms = made.terms(side=Side.SELL, order_type=OrderType.SL)
    placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId("stop"))
    await made.clock.sleep(5)
    return lead(console, placed.plan.plan_id)


def changed_in(terms: OrderTerms, field: str) -> OrderTerms:
    """One thing differs."""
    assert terms.price is not None
    assert terms.trigger is not None
    tick = terms.instrument.tick
    if field == "quantity":
        return replace(terms, quantity=terms.quantity * 2)
    return replace(terms, **{field: getattr(terms, field) - tick})


def stop_at_broker(made: World) -> tuple[int, Decimal, Decimal]:
    """Quantity, price and trigger of the only order, as the simulated broker has it."""
    (terms,) = [one.terms for account in made.broker.accounts for one in account.orders.values()]
    return terms.quantity, Decimal(terms.price) / 10_000, Decimal(terms.trigger) / 10_000


def alarms(console: Console) -> list[str]:
    """Sentences of what is told from now on."""
    said: list[str] = []
    console.engine.bus.subscribe(
        lambda event: said.append(event.sentence) if isinstance(event, Alarm) else None
    )
    return said


@pytest.mark.parametrize("field", ["price", "trigger", "quantity"])
def test_a_change_whose_answers_are_lost_is_made_in_the_end(field: str) -> None:
    """Whatever it changes; a request that did not reach the broker is asked for again."""

    async def script(console: Console) -> None:
        made = console.world
        order = await one_stop(console)
        said, after = alarms(console), changed_in(order.terms, field)
        made.broker.add_fault(Fault(action="drop_reply", call="modify", placed=False, count=2))
        assert await console.engine.modify(order.intent.intent_id, after) == 1
        await made.clock.sleep(120)
        assert stop_at_broker(made) == (after.quantity, after.price, after.trigger)
        assert (order.state, order.terms) == (State.TRIGGER_PENDING, after)
        assert not [one for one in said if "change" in one]

    with world(0) as made:
        made.live(script)


@pytest.mark.parametrize("field", ["price", "trigger", "quantity"])
def test_a_change_that_is_never_answered_is_told(field: str) -> None:
    async def script(console: Console) -> None:
        made = console.world
        order = await one_stop(console)
        said, before = alarms(console), order.terms
        after = changed_in(before, field)
        made.broker.add_fault(Fault(action="drop_reply", call="modify", placed=False))
        assert await console.engine.modify(order.intent.intent_id, after) == 1
        await made.clock.sleep(300)
        assert stop_at_broker(made) == (before.quantity, before.price, before.trigger)
        assert len([one for one in said if "never answered" in one]) == 1

    with world(0) as made:
        made.live(script)


def test_a_change_that_the_exchange_does_not_make_is_told_and_the_order_is_shown_as_it_is() -> None:
    """The broker says yes; the exchange, a moment later, that no price may be so far away."""

    async def script(console: Console) -> None:
        made = console.world
        plan, terms = await resting(console)
        assert terms.price is not None
        half = terms.price // 2
        said, after = alarms(console), replace(terms, price=half)
        assert await console.engine.modify(lead(console, plan).intent.intent_id, after) == 1
        await made.clock.sleep(60)
        assert [(quantity, price) for quantity, price, _ in at_broker(made)] == [(10, terms.price)]
        assert lead(console, plan).terms == terms
        assert len([one for one in said if "goes on to show the order as it was" in one]) == 1

    with world(0) as made:
        made.live(script)


def test_changes_faster_than_the_exchange_makes_them_end_at_the_last() -> None:
    """Each is refused while the one before it is not made yet; nothing is told of that."""

    async def script(console: Console) -> None:
        made = console.world
        plan, terms = await resting(console)
        assert terms.price is not None
        said, own = alarms(console), lead(console, plan).intent.intent_id
        for quantity in (15, 40, 10, 30, 20):
            after = replace(terms, quantity=quantity, price=terms.price - quantity)
            await console.engine.modify(own, after)
            await made.clock.sleep(0.15)
        await made.clock.sleep(20)
        assert sorted(one[:2] for one in at_broker(made)) == [
            (10, terms.price - 20), (20, terms.price - 20), (40, terms.price - 20)
        ]  # fmt: skip
        assert not [one for one in said if "change" in one]

    with world(2, switches=Switches(latency_ms=20, jitter_ms=0, change_ms=900)) as made:
        made.live(script)


def test_an_ended_order_is_not_changed() -> None:
    async def script(console: Console) -> None:
        plan, terms = await resting(console)
        console.engine.cancel_plan(plan, "test")
        await console.world.clock.sleep(10)
        with pytest.raises(DeniedError) as denied:
            await console.engine.modify(lead(console, plan).intent.intent_id, terms)
        assert denied.value.code == "not_live"

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("point", [faultpoints.BEFORE_MODIFY, faultpoints.AFTER_MODIFY])
def test_after_a_crash_in_a_change_nobody_is_called_diverged(point: str) -> None:
    gone = False

    def bomb(name: str) -> None:
        nonlocal gone
        if name == point and not gone:
            gone = True
            raise ProgramStopped(name)

    async def script(console: Console) -> None:
        plan, terms = await resting(console)
        assert terms.price is not None
        after = replace(terms, price=terms.price + 1)
        await console.engine.modify(lead(console, plan).intent.intent_id, after)
        await console.world.clock.sleep(10)

    async def after_restart(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        orders = list(console.engine.book)
        assert {order.state for order in orders} == {State.WORKING}
        assert not any(order.diverged for order in orders)

    with world(2) as made:
        made.live(script, fault=bomb)
        assert gone
        made.live(after_restart)
