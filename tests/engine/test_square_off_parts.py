"""A part of a copied position is squared off: what copies other orders or masters stays.

The simulator's positions are the judge.
"""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.signals.drift_lines import drift_of
from copytrade_gui.services.drift import Drift
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, becomes_master, order
from tests.engine.test_square_off import square_off
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL


def test_copies_whose_masters_order_failed_are_closed_and_his_earlier_position_stays() -> None:
    """The exit takes what that plan filled, cancels nothing else, and says so after a restart."""
    plans: list[PlanId] = []

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        earlier = [position(made, number) for number in range(3)]
        await press(console, ticket(made, SELL, 10, away=60))  # an exit that rests meanwhile
        reject = Fault(action="reject", text="RMS:Margin", accounts=[made.accounts[0].client_id])
        made.broker.add_fault(reject)
        await press(console, ticket(made, BUY, 10), wait_s=20)
        made.broker.clear_faults()
        plans.extend(list(console.engine.book.plans)[-1:])
        assert [position(made, n) for n in (1, 2)] == [earlier[1] + 5, earlier[2] + 20]
        drift = Drift(console.engine, console.store.journal, made.clock)
        scope = await drift.unmatched_exit(plans)
        offered = await console.engine.square_offs.preview(scope)
        assert {line.key.account_id: line.units for line in offered} == {F1: 5, F2: 20}
        report = await square_off(console, scope)
        assert [position(made, number) for number in range(3)] == earlier
        assert (report.left, report.proven, report.cancelled) == ((), True, 0)
        assert {leg.chosen for leg in report.legs} == set(scope)  # what is left, and no more of it
        assert sum(order.state.open_at_broker for order in console.engine.book) == 3
        assert await drift.unmatched_exit(plans[:0]) == ()
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        report = console.engine.square_offs.report(CommandId("off"))
        assert report is not None
        assert report.left == ()
        assert {leg.before for leg in report.legs} == {5, 20}

    with world(2) as made:
        made.live(script)
        made.live(after)


def test_of_two_masters_copies_only_those_of_the_one_who_is_out_are_closed() -> None:
    """F1 copies M and F2; M leaves, F1 stays: what copies F2 is not touched, and ends with his."""

    async def script(console: Console) -> None:
        made = console.world
        becomes_master(console, F2)
        console.engine.put_link(Link(F2, F1, SizingRule(Strategy.RATIO, Decimal(1))), "operator")
        console.engine.drop_link(M, F2, "operator")
        await begin(console)
        await order(console, M, ticket(made, BUY, 40))
        await order(console, F2, ticket(made, BUY, 10))
        await made.clock.sleep(20)
        assert [position(made, number) for number in range(3)] == [40, 30, 10]
        refused = Fault(action="reject", text="RMS:Blocked", accounts=[made.accounts[1].client_id])
        made.broker.add_fault(refused)
        await order(console, M, ticket(made, SELL, 40))
        await made.clock.sleep(30)
        made.broker.clear_faults()
        (line,) = [one for one in drift_of(console.engine.drift.now(), {}).lines if one.left]
        assert (line.copied, line.left, line.out) == (30, 20, (M,))
        assert line.verdict.excess == 20
        assert line.master_names == ("Follower 2", "Master")
        report = await square_off(console, line.exit)
        assert (report.left, report.proven) == ((), True)
        assert [position(made, number) for number in range(3)] == [0, 10, 10]
        (line,) = drift_of(console.engine.drift.now(), {}).lines
        assert line.step is Step.IN_STEP
        await order(console, F2, ticket(made, SELL, 10))
        await made.clock.sleep(20)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)
