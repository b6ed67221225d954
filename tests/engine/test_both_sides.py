"""A master has orders on both sides of the market at once: which of them are exits, and of what."""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import BUY, F1, F2, SELL, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import change
from tests.engine.test_slices import ready
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world


@pytest.mark.parametrize("apart_s", [0.7, 2.0, 7.0])
@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_who_buys_below_and_sells_above_the_market_has_two_entries_and_everybody_follows(
    side: Side, fan_out: FanOut, apart_s: float
) -> None:
    """An order that rests is no position: the one of the other side reduces nothing."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, side, away=60), fan_out, wait_s=apart_s)
        orders = await press(console, ticket(made, side.opposite, away=60), fan_out)
        assert {one.state for one in orders.values()} == {State.WORKING}
        await press(console, ticket(made, side), fan_out)
        wanted = [units if side is BUY else -units for units in (10, 5, 20)]
        assert [position(made, number) for number in range(3)] == wanted

    with world(2) as made:
        made.live(script)


async def scaled_in(console: Console, side: Side, fan_out: FanOut, apart_s: float) -> None:
    """He holds some, and waits for more at a better price."""
    await press(console, ticket(console.world, side), fan_out)
    await press(console, ticket(console.world, side, away=60), fan_out, wait_s=apart_s)


@pytest.mark.parametrize("apart_s", [0.7, 7.0])
@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_an_exit_beside_an_order_that_rests_closes_what_is_held(
    side: Side, fan_out: FanOut, apart_s: float
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await scaled_in(console, side, fan_out, apart_s)
        orders = await press(console, ticket(made, side.opposite), fan_out, wait_s=8)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [orders[account].view().terms.quantity for account in (F1, F2)] == [5, 20]
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 3)).must_be_clean("an exit beside an order that rests")
        stored = await console.store.history.orders(3)
        assert sorted(one.terms.quantity for one in stored) == [5, 10, 20]

    with world(2) as made:
        made.live(script)


def test_where_news_is_pushed_no_book_is_read_for_it() -> None:
    """Five hundred books would take seconds, and he wants out."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await scaled_in(console, BUY, FanOut.ON_MASTER_WORKING, 7)
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="book_failed", accounts=followers))
        orders = await press(console, ticket(made, SELL), FanOut.ON_MASTER_WORKING, wait_s=8)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.line.feed = True
        made.live(script)


def test_of_an_exit_in_slices_as_many_leave_as_there_is_to_close() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, 4)
        await scaled_in(console, BUY, FanOut.WITH_MASTER, 7)
        await press(console, ticket(made, SELL), wait_s=20)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        assert max(order.terms.quantity for order in made.broker.ledger.accepted) == 4

    with world(2) as made:
        made.live(script)


def test_an_exit_that_proves_an_entry_is_what_the_rule_makes_of_it() -> None:
    """Planned for what the copy would hold, had it filled; the rule was changed in between."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, away=60), wait_s=0.5)
        change(console, F2, sizing=SizingRule(Strategy.RATIO, Decimal("0.5")))
        orders = await press(console, ticket(made, SELL), wait_s=8)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [-10, -5, -5]

    with world(2) as made:
        made.live(script)


def test_a_crash_after_fewer_units_left_than_were_planned_finds_the_order_again() -> None:
    """Its answer was lost: the book shows 20 where 40 were planned, and that is ours."""

    async def morning(console: Console) -> None:
        made = console.world
        await begin(console)
        await scaled_in(console, BUY, FanOut.WITH_MASTER, 7)
        accounts = [made.accounts[2].client_id]
        fault = Fault(action="drop_reply", how="silence", call="place", accounts=accounts)
        made.broker.add_fault(fault)
        copies = await press(console, ticket(made, SELL), wait_s=0)
        while not copies[F2].state.in_doubt:
            await made.clock.sleep(0.05)
        assert copies[F2].terms.quantity == 20
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        made = console.world
        await begin(console)
        await made.clock.sleep(30)
        await console.engine.resume("operator", "looked")
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 3)).must_be_clean("a crash after a cut exit")
        exits = [one for one in console.engine.book if one.intent.terms.side is SELL]
        assert {one.state for one in exits} == {State.FILLED}
        assert sorted(one.terms.quantity for one in exits) == [5, 10, 20]
        assert not any(one.diverged for one in exits)

    with world(2) as made:
        made.live(morning)
        made.live(again)
