"""Who is sent when: the master first, the limits, and whose turn it is."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import REJECTED_ALIKE, Alarm
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, State
from copytrade_gui.engine.orders.limiter import RollingWindow
from copytrade_gui.engine.planning.planner import rotate
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, world


def test_followers_leave_only_when_the_master_is_at_the_exchange() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.submit(
            console.world.master,
            console.world.terms(),
            FanOut.ON_MASTER_WORKING,
            CommandId("one"),
        )
        assert len(console.world.broker.ledger.wire) <= 1
        (await settled(console, 1)).must_be_clean("fan-out")

    with world(5) as made:
        made.live(script)
        ledger = made.broker.ledger.wire
        assert ledger[0].account == made.account(made.master).client_id
        assert len(ledger) == 6


def test_a_rejected_master_order_copies_nothing() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.world.broker.add_fault(Fault(action="reject", text="RMS:Margin exceeds"))
        await console.engine.submit(
            console.world.master,
            console.world.terms(),
            FanOut.ON_MASTER_WORKING,
            CommandId("one"),
        )
        await console.world.clock.sleep(90)
        states = [
            order.state for order in console.engine.book if order.intent.role is Role.FOLLOWER
        ]
        assert set(states) == {State.SKIPPED}

    with world(5) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_rejections_are_alike_where_there_are_several(number: int) -> None:
    async def script(console: Console) -> list[Alarm]:
        told: list[Alarm] = []
        console.engine.bus.subscribe(told.append, Alarm)
        console.log_all_in()
        await console.world.clock.sleep(5)
        clients = [one.client_id for one in console.world.accounts[1 : number + 1]]
        console.world.broker.add_fault(Fault(action="reject", accounts=clients, text="RMS: no"))
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("one")
        )
        await console.world.clock.sleep(20)
        return [one for one in told if one.code == REJECTED_ALIKE]

    with world(4) as made:
        told = made.live(script)
    assert told is not None
    assert [one.sentence.partition(":")[0] for one in told] == [
        "2 of 5 orders of one plan were rejected alike"
    ] * (number - 1)


def test_a_market_order_leaves_as_a_limit_with_protection() -> None:
    """Equity above ₹500: half a per cent beyond the last price, on a tick."""

    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.see_price()
        last = console.world.price(console.world.instruments[0])
        await console.engine.submit(
            console.world.master,
            console.world.terms(order_type=OrderType.MARKET),
            FanOut.WITH_MASTER,
            CommandId("market"),
        )
        for order in console.engine.book:
            terms = order.intent.terms
            assert terms.order_type is OrderType.LIMIT
            assert terms.price is not None
            assert last < terms.price <= last * 1005 / 1000 + terms.instrument.tick
            assert terms.price % terms.instrument.tick == 0

    with world(2) as made:
        made.live(script)
        assert {order.terms.kind for order in made.broker.ledger.accepted} == {"LIMIT"}


def test_no_second_ever_holds_more_than_the_limit() -> None:
    window = RollingWindow(10, reserve=2)
    tried = range(0, 5_000_000_000, 7_000_000)
    taken = [now for now in tried if window.take(now, urgent=now % 3 == 0)]
    assert len(taken) > 30
    for start in taken:
        assert sum(start <= at < start + 1_000_000_000 for at in taken) <= 10


def test_twelve_orders_in_a_row_keep_eight_a_second_for_each_account() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        for number in range(12):
            await console.engine.submit(
                console.world.master,
                console.world.terms(),
                FanOut.WITH_MASTER,
                CommandId(f"quick-{number}"),
            )
        (await settled(console, 12)).must_be_clean("quick")

    with world(3) as made:
        made.live(script)
        ledger = made.broker.ledger
        assert ledger.refused_for_rate == 0
        assert ledger.seconds_over_limit == 0
        assert len(ledger.accepted) == 48


def test_no_follower_is_always_last() -> None:
    lanes = list(range(500))
    last = {rotate(lanes, number)[-1] for number in range(40)}  # type: ignore[type-var, arg-type, unused-ignore]  # any list turns
    assert len(last) == 40
    places = [rotate(lanes, number).index(7) for number in range(200)]  # type: ignore[arg-type, unused-ignore]  # as above, a list of numbers
    assert abs(sum(places) / len(places) - 250) < 25
