"""Closing what copies hold: no master's order belongs to it, and nobody is reversed by it.

The simulator's positions are the judge.
"""

from __future__ import annotations

from collections.abc import Mapping

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.submission import Placed
from tests.engine.test_exits import F1, F2, position, press, switch, ticket
from tests.proof.judge import settled
from tests.proof.rig import Console, world


async def close(console: Console, quantities: Mapping[AccountId, int], name: str) -> Placed:
    made = console.world
    terms = ticket(made, Side.SELL, sum(quantities.values()))
    command = CommandId(name)
    placed = await console.engine.close(made.master, terms, quantities, command)
    await made.clock.sleep(5)
    return placed


def orders(console: Console, placed: Placed) -> dict[AccountId, Order]:
    return {one.intent.account_id: one for one in console.engine.book.of_plan(placed.plan.plan_id)}


def test_copies_are_closed_whether_or_not_their_follower_is_on() -> None:
    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        await press(console, ticket(made, Side.BUY))
        held = {account: position(made, number) for number, account in ((1, F1), (2, F2))}
        assert all(held.values())
        switch(console, F2, on=False)
        placed = await close(console, held, "close all")
        assert placed.plan.signal.kind is SignalKind.SQUARE_OFF
        assert not placed.plan.leads
        assert {one.state for one in orders(console, placed).values()} == {State.FILLED}
        assert (await close(console, held, "close all")).known  # the same press again
        assert [position(made, number) for number in (0, 1, 2)] == [10, 0, 0]
        verdict = await settled(console, 2, {placed.plan.plan_id: 2})
        verdict.must_be_clean("closed")

    with world(2) as made:
        made.live(script)


def test_closing_takes_no_more_than_the_copies_hold() -> None:
    """One who sold his copies himself, or of whom too much is asked, is not reversed."""

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        await press(console, ticket(made, Side.BUY))
        held = position(made, 1)
        placed = await close(console, {F1: held * 3, F2: 10}, "too much")
        found = orders(console, placed)
        assert found[F1].intent.terms.quantity == held
        assert found[F1].code == "cut_to_copy" or found[F1].state is State.FILLED
        assert position(made, 1) == 0
        again = await close(console, {F1: held}, "nothing left")
        assert orders(console, again)[F1].code == "no_copy_to_exit"
        assert position(made, 1) == 0

    with world(2) as made:
        made.live(script)


def test_a_plan_without_a_masters_order_comes_back_after_a_crash() -> None:
    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        await press(console, ticket(made, Side.BUY))
        await close(console, {F1: position(made, 1)}, "before the restart")

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(10)
        (plan,) = [p for p in console.engine.book.plans.values() if not p.leads]
        assert plan.signal.kind is SignalKind.SQUARE_OFF
        (order,) = console.engine.book.of_plan(plan.plan_id)
        assert order.state is State.FILLED
        again = await close(console, {F1: 10}, "before the restart")
        assert again.known
        (await settled(console, 2, {plan.plan_id: 1})).must_be_clean("after the restart")

    with world(2) as made:
        made.live(script)
        made.live(after)
