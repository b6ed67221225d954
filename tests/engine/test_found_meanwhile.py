"""A first try that shows up while the second is being stored: one live attempt, on disk as well."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import FaultPoint, Read
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import Doubt
from tests.engine.test_leaving import begin, press
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, World, world

F1 = AccountId("F001")


def order_of(console: Console) -> Order:
    (order,) = console.engine.book.of_account(F1)
    return order


def the_broker_takes_the_first_try_and_says_429(made: World) -> None:
    follower = made.accounts[1].client_id
    taken = Fault(
        action="answer", call="place", http_status=429, form="json", accounts=[follower], count=1
    )
    made.broker.add_fault(taken)
    made.broker.add_fault(Fault(action="show_late", seconds=30.0, accounts=[follower], count=1))


def see_the_first_try(console: Console) -> None:
    """A read of the book, which shows it, is taken in."""
    made, lane = console.world, console.engine.lanes[F1]
    follower = made.accounts[1].client_id
    (taken,) = (order for order in made.broker.ledger.accepted if order.account == follower)
    row = Doubt(console, lane, order_of(console)).row(taken.order_id)
    console.engine.parts.reconciler.absorb_orders(lane, Read((row,), whole=True))


def at(point: str, held: list[Console]) -> FaultPoint:
    def see(name: str) -> None:
        if name == point and held:
            see_the_first_try(held.pop())

    return see


@pytest.mark.parametrize("point", [faultpoints.BEFORE_MARK, faultpoints.AFTER_MARK])
def test_the_second_try_is_not_sent_on_disk_and_a_restart_goes_on_with_the_first(
    point: str,
) -> None:
    held: list[Console] = []

    async def script(console: Console) -> None:
        await begin(console)
        the_broker_takes_the_first_try_and_says_429(console.world)
        await press(console, "twice", away=60)
        held.append(console)
        await console.world.clock.sleep(15)
        assert not held
        assert console.engine.gate.may_send
        assert order_of(console).state is State.WORKING
        await console.store.journal.flush()
        rows = await console.store.database.read(
            lambda one: one.exec_driver_sql(
                "SELECT a.number, a.state FROM attempts a JOIN intents i USING (intent_number) "
                "WHERE i.account_id = 'F001' ORDER BY a.number"
            ).fetchall()
        )
        assert [tuple(row) for row in rows] == [(1, "WORKING"), (2, "NOT_SENT")]
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(60)
        assert order_of(console).state is State.WORKING
        assert order_of(console).broker_order_id is not None
        assert not console.engine.lanes[F1].status.halted
        assert console.engine.gate.may_send
        (await settled(console, 1)).must_be_clean("found meanwhile")

    with world(2) as made:
        made.live(script, fault=at(point, held))
        made.live(again)
        assert len(made.broker.ledger.wire) == 3


def test_a_cancel_of_what_was_found_meanwhile_reaches_the_broker() -> None:
    held: list[Console] = []

    def see(name: str) -> None:
        if name == faultpoints.AFTER_MARK and held:
            console = held.pop()
            see_the_first_try(console)
            console.engine.cancel([order_of(console).intent.intent_id], "operator")

    async def script(console: Console) -> None:
        await begin(console)
        the_broker_takes_the_first_try_and_says_429(console.world)
        await press(console, "twice", away=60)
        held.append(console)
        await console.world.clock.sleep(60)
        assert not held
        assert order_of(console).state is State.CANCELLED

    with world(2) as made:
        made.live(script, fault=see)
        follower = made.accounts[1].client_id
        (taken,) = (order for order in made.broker.ledger.accepted if order.account == follower)
        assert taken.status == "cancelled"
