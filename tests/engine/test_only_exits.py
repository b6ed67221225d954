"""Where only exits pass: what was planned, waits or rests opens nothing more, and gets out.

The simulator's positions and its wire are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_loss_limits import STOPPED, hold, limit, price, stopped
from tests.proof.p27_crash import SECOND_NS
from tests.proof.rig import Console, world


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_what_was_planned_does_not_leave_any_more_unless_it_is_an_exit(side: Side) -> None:
    """The price comes when the plan is on the disk and its bytes are still here."""
    held: list[tuple[Console, Decimal]] = []

    def fall(name: str) -> None:
        if name == faultpoints.AFTER_PLAN_COMMIT and held:
            console, at = held.pop()
            price(console, at - 20)

    async def script(console: Console) -> None:
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        before = len(console.world.broker.ledger.wire)
        held.append((console, at))
        orders = await press(console, ticket(console.world, side, 400), wait_s=10)
        states = [orders[name].state for name in (F1, F2)]
        if side is Side.BUY:
            assert states == [State.SKIPPED, State.FILLED]
            assert orders[F1].code == "loss_limit"
            assert len(console.world.broker.ledger.wire) == before + 2
        else:
            assert states == [State.FILLED] * 2
            assert position(console.world, 1) == 0
        assert stopped(console)

    with world(2) as made:
        made.live(script, fault=fall)


def test_what_waits_in_its_queue_is_asked_again() -> None:
    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        lane = console.engine.lanes[F1]
        lane.wait_until_ns = made.clock.mono_ns() + 3 * SECOND_NS
        orders = await press(console, ticket(made, Side.BUY, 400), wait_s=1)
        price(console, at - 20)
        await made.clock.sleep(5)
        assert (orders[F1].state, orders[F1].code) == STOPPED
        assert "limit for a day's loss" in orders[F1].reason
        assert position(made, 1) == 200

    with world(1) as made:
        made.live(script)


def test_what_is_bought_after_the_limit_was_set_counts_too() -> None:
    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console, 40)  # 20 units
        await limit(console, F1, day_loss=1_000)
        # The trades are told later than what the order filled.
        made.broker.add_fault(Fault(action="book_failed", call="trades"))
        await press(console, ticket(made, Side.BUY, 360), wait_s=20)
        assert position(made, 1) == 200
        price(console, at - 10)
        assert stopped(console)

    with world(1) as made:
        made.live(script)


def test_a_follower_who_is_a_master_opens_nothing_by_his_ticket_either() -> None:
    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console)
        console.engine.put_account(replace(made.account(F1), master=True))
        await limit(console, F1, day_loss=1_000)
        await made.clock.sleep(15)  # his positions are read as a master's now
        price(console, at - 20)
        assert stopped(console)
        for side, denied in ((Side.BUY, True), (Side.SELL, False)):
            console.see_price()
            order = console.engine.submit(
                F1, ticket(made, side, 10), FanOut.WITH_MASTER, CommandId(side)
            )
            if denied:
                with pytest.raises(DeniedError, match="limit for a day's loss") as refused:
                    await order
                assert refused.value.code == "loss_limit"
            else:
                await order

    with world(1) as made:
        made.live(script)


def test_what_rests_is_changed_only_where_it_is_an_exit() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        at = await hold(console)
        into = await press(console, ticket(made, Side.BUY, 100, away=200), wait_s=3)
        out = await press(console, ticket(made, Side.SELL, 100, away=200), wait_s=3)
        await limit(console, F1, day_loss=1_000)
        price(console, at - 20)
        assert stopped(console)
        moved = ticket(made, Side.SELL, 50)
        for orders, follows in ((into, False), (out, True)):
            masters = engine.book.of_plan(orders[F1].intent.plan_id)[0]
            assert masters.terms.price is not None
            moved = replace(masters.terms, price=masters.terms.price + Decimal("0.1"))
            before = orders[F1].terms.price
            if follows:
                await engine.modify(orders[F1].intent.intent_id, replace(moved, quantity=50))
            else:
                with pytest.raises(DeniedError, match="Only its exits are changed"):
                    await engine.modify(orders[F1].intent.intent_id, replace(moved, quantity=50))
            await made.clock.sleep(5)
            assert (orders[F1].terms.price != before) is follows
            moved = replace(moved, price=moved.price + Decimal("0.1"))  # type: ignore[operator]  # it has a price
            await engine.modify(masters.intent.intent_id, moved)
            await made.clock.sleep(5)
            assert orders[F2].terms.price == moved.price
            assert (orders[F1].terms.price == moved.price) is follows
        with pytest.raises(DeniedError, match="Only its exits are changed"):
            await engine.modify(out[F1].intent.intent_id, replace(moved, quantity=51))

    with world(2) as made:
        made.live(script)


def test_what_copies_hold_is_squared_off_where_a_person_agreed_to_it_with_the_limit() -> None:
    """F1 and F2 reach theirs with one price; F3 has none, and keeps what he holds."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        at = await hold(console)
        verbs = LimitEdits(engine, console.store.journal, made.clock)
        typed = {"day_loss": "1000", "loss_then": "2"}
        for number, account in enumerate((F1, F2)):
            await verbs.set_limits(account, typed, "Agreed in writing.", CommandId(f"c{number}"))
        await made.clock.sleep(1)
        price(console, at - 20)
        assert "are cancelled, and what copies hold is squared off" in stopped(console)
        await made.clock.sleep(20)
        assert [position(made, number) for number in (1, 2, 3)] == [0, 0, 600]
        report = engine.square_offs.report()
        assert report is not None
        assert [leg.state for leg in report.legs] == ["closed"] * 2
        await console.store.journal.flush()
        acts = await console.store.history.events(50, kind="Command")
        assert [one.actor for one in acts] == ["loss limit"] * 2 + ["operator"] * 2
        assert await console.store.history.verify() == ()

    with world(3) as made:
        made.live(script)
