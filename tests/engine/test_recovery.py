"""What a start does with the orders of the life before."""

from __future__ import annotations

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world


def test_a_definite_refusal_is_not_sent_again_after_a_restart() -> None:
    """An order refused for its parameters stays REFUSED, with its reason, and does not leave."""

    async def trade(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        followers = [account.client_id for account in console.world.accounts[1:]]
        console.world.broker.add_fault(
            Fault(action="code", call="place", code="EC904", accounts=followers)
        )
        await console.engine.submit(
            console.world.master,
            console.world.terms(away=60),
            FanOut.WITH_MASTER,
            CommandId("one"),
        )
        await console.world.clock.sleep(3)
        assert {order.state for order in list(console.engine.book)[1:]} == {State.REFUSED}

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(120)
        orders = list(console.engine.book)[1:]
        assert {(order.state, order.code) for order in orders} == {(State.REFUSED, "EC904")}

    with world(3) as made:
        made.live(trade)
        made.broker.clear_faults()
        made.live(after)
        assert len(made.broker.ledger.wire) == 4


def test_orders_on_the_wire_at_a_crash_are_unknown_then_found_and_fills_are_not_counted_twice() -> (
    None
):
    def die(point: str) -> None:
        if point == faultpoints.AFTER_WRITE:
            raise ProgramStopped(point)

    async def trade(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("one")
        )

    async def after(console: Console) -> None:
        console.log_all_in()
        report = console.engine.recovery_report
        assert report is not None
        assert len(report.unknown) == 4
        assert report.needs_resume
        await console.world.clock.sleep(60)
        await console.engine.resume("operator", "looked")
        (await settled(console, 1)).must_be_clean("crash")
        assert console.bugs == []

    with world(3) as made:
        assert made.live(trade, fault=die) is None
        made.live(after)
        sent = len(made.broker.ledger.wire)
        assert sent == len({line.tag for line in made.broker.ledger.wire})
