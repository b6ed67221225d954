"""Catching up with a master's position. The simulator's positions and ledger are the judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.catch_up import CatchUp, CatchUpLine
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Filters, LinkState
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.verbs import RefusedError
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, switch, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, change, held
from tests.engine.test_square_off import square_off
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL
F3 = AccountId("F003")


def place(console: Console, product: Product = Product.INTRADAY) -> PositionKey:
    return PositionKey(F1, console.world.instruments[0].key, product)


async def preview(console: Console) -> CatchUp:
    return await CatchUps(console.engine).preview(M, place(console))


def by_account(told: CatchUp) -> dict[AccountId, CatchUpLine]:
    return {line.account_id: line for line in told.lines}


async def catch_up(console: Console, told: CatchUp, command: str = "up") -> int:
    """Do what the preview shows, and wait for what comes of it."""
    agreed = {line.account_id: line.units for line in told.placed}
    done = await CatchUps(console.engine).begin(M, place(console), agreed, CommandId(command))
    await console.world.clock.sleep(8)
    return done


@pytest.mark.parametrize("side", list(Side))
def test_who_missed_an_entry_gets_his_share_of_the_masters_position_once(side: Side) -> None:
    """F1 (half) was off at the first order, F2 (twice) has it all, F3 (1.5) was off at both."""

    async def script(console: Console) -> None:
        made, sign = console.world, 1 if side is BUY else -1
        await begin(console)
        switch(console, F1, on=False)
        switch(console, F3, on=False)
        await press(console, ticket(made, side, 20))
        switch(console, F1, on=True)
        await press(console, ticket(made, side, 10))
        switch(console, F3, on=True)
        await made.clock.sleep(15)
        told = await preview(console)
        assert (told.side, told.held, told.denied) == (side, 30, "")
        lines = by_account(told)
        assert {name: (one.share, one.copied, one.units) for name, one in lines.items()} == {
            F1: (15, 5, 10),
            F2: (60, 60, 0),
            F3: (45, 0, 45),
        }
        assert lines[F2].in_step
        assert told.cost == lines[F1].cost + lines[F3].cost > 0
        before = len(made.wire)
        await made.clock.sleep(5)
        assert len(made.wire) == before, "a preview sends nothing"
        assert await catch_up(console, told) == 2
        assert await catch_up(console, told) == 2, "the same command is the same plan"
        assert [one * sign for one in held(console)] == [30, 15, 60, 45]
        assert all(one.in_step for one in (await preview(console)).lines)
        with pytest.raises(RefusedError):
            await catch_up(console, told, "again")
        # What he caught up with is a copy: the master's exit takes it along.
        await press(console, ticket(made, side.opposite, 30))
        assert held(console) == [0, 0, 0, 0]
        assert [len(account.orders) for account in made.broker.accounts[:4]] == [3, 3, 3, 2]

    with world(3) as made:
        made.live(script)


def test_nobody_gets_what_the_checks_refuse_or_what_is_on_its_way() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F2, on=False)
        await press(console, ticket(made, BUY, 20))
        change(console, F1, state=LinkState.PAUSED)
        await press(console, ticket(made, BUY, 20))
        await made.clock.sleep(15)
        paused = by_account(await preview(console))
        assert (paused[F1].units, paused[F1].code) == (0, "paused")
        assert (paused[F2].units, paused[F2].code) == (0, "off")
        change(console, F1, state=LinkState.ACTIVE, filters=Filters(sides=frozenset({SELL})))
        assert by_account(await preview(console))[F1].code == "filtered_side"
        change(console, F1, filters=Filters())
        await press(console, ticket(made, BUY, 4, away=60))  # rests at the master's and F1's
        moving = by_account(await preview(console))
        assert (moving[F1].units, moving[F1].code) == (0, "on_the_way")
        await console.engine.stop_trading(TradingState.PAUSE, "operator", "Looking.")
        assert "paused" in (await preview(console)).denied
        with pytest.raises(RefusedError):
            await CatchUps(console.engine).begin(M, place(console), {F1: 10}, CommandId("up"))
        assert held(console) == [40, 10, 0]

    with world(2) as made:
        made.live(script)


def test_who_stands_differently_than_in_the_preview_gets_nothing() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F1, on=False)
        switch(console, F2, on=False)
        switch(console, F3, on=True)
        await press(console, ticket(made, BUY, 20))
        switch(console, F1, on=True)
        switch(console, F2, on=True)
        await made.clock.sleep(15)
        told = await preview(console)
        sizing = replace(console.engine.lanes[F1].links[M].link.sizing, max_quantity=4)
        change(console, F1, sizing=sizing)
        assert await catch_up(console, told) == 1
        orders = {one.intent.account_id: one for one in list(console.engine.book)[-2:]}
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "changed")
        assert [position(made, number) for number in range(4)] == [20, 0, 40, 30]

    with world(3) as made:
        made.live(script)


def test_what_is_too_many_is_closed_by_a_square_off_of_that_part_alone() -> None:
    """F1 was paused when the master gave up a half of it."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        change(console, F1, state=LinkState.PAUSED)
        await press(console, ticket(made, SELL, 20))
        change(console, F1, state=LinkState.ACTIVE)
        await made.clock.sleep(15)
        told = await preview(console)
        line = by_account(told)[F1]
        assert (line.share, line.copied, line.units, line.excess) == (10, 20, 0, 10)
        assert not told.placed
        report = await square_off(console, told.exit)
        assert report.left == ()
        assert held(console) == [20, 10, 40]
        assert all(one.in_step for one in (await preview(console)).lines)

    with world(2) as made:
        made.live(script)


def test_what_an_owner_closed_by_himself_is_not_bought_again_and_a_master_without_is_told() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        trades_himself(made, made.accounts[1], ticket(made, SELL), 15)
        await made.clock.sleep(30)
        assert by_account(await preview(console))[F1].in_step
        await press(console, ticket(made, SELL, 40))
        await made.clock.sleep(15)
        assert "holds none of it" in (await preview(console)).denied
        with pytest.raises(RefusedError):
            await CatchUps(console.engine).begin(M, place(console), {F1: 1}, CommandId("up"))
        delivered = place(console, Product.DELIVERY)
        assert "position book" in (await CatchUps(console.engine).preview(M, delivered)).denied

    with world(2) as made:
        made.live(script)
