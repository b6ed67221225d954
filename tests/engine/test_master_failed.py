"""The master's order is not there: no follower's leaves alone, also when a restart lies between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, State, Validity
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_leaving import begin, shut
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, World, world

F1 = AccountId("F001")


def followers(console: Console) -> set[State]:
    return {one.state for one in console.engine.book if one.intent.role is Role.FOLLOWER}


def sent(made: World, number: int) -> int:
    client = made.accounts[number].client_id
    return sum(line.account == client for line in made.broker.ledger.wire)


async def place(console: Console, fan_out: FanOut, validity: Validity = Validity.DAY) -> None:
    made = console.world
    terms = replace(made.terms(away=60), validity=validity)
    await console.engine.submit(made.master, terms, fan_out, CommandId("one"))


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("ended", [State.REJECTED, State.CANCELLED])
def test_a_crash_after_the_masters_end_lets_no_follower_leave(
    fan_out: FanOut, ended: State
) -> None:
    """It was stored, and nothing of what follows from it: the power went in between.

    He was rejected, or his was IOC and filled nothing.
    """

    async def die(console: Console) -> None:
        await begin(console)
        made = console.world
        validity = Validity.IOC
        if ended is State.REJECTED:
            validity, client = Validity.DAY, made.accounts[0].client_id
            made.broker.add_fault(
                Fault(action="reject", text="RMS:Margin exceeds", accounts=[client])
            )
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 50 * 10**9
        bus = console.engine.bus
        bus._listeners.remove((console.engine.parts.fan_out.hear, (OrderChanged,)))
        bus._of_kind.clear()
        await place(console, fan_out, validity)
        await made.clock.sleep(4)
        (master,) = console.engine.book.of_account(made.master)
        assert master.state is ended
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "looked")
        await console.world.clock.sleep(45)
        together = fan_out is FanOut.WITH_MASTER
        assert followers(console) == {State.SKIPPED, State.CANCELLED if together else State.SKIPPED}
        (await settled(console, 1)).must_be_clean("the master came to nothing")

    with world(3) as made:
        made.live(die)
        made.live(again)
        together = fan_out is FanOut.WITH_MASTER
        assert [sent(made, number) for number in (1, 2, 3)] == [0, together, together]


def test_a_master_that_never_left_cancels_those_that_left_with_it() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        shut(console, made.master)
        await place(console, FanOut.WITH_MASTER)
        await made.clock.sleep(20)
        (master,) = console.engine.book.of_account(made.master)
        assert master.state is State.NOT_SENT
        assert followers(console) == {State.CANCELLED}

    with world(2) as made:
        made.live(script)
        assert [sent(made, number) for number in range(3)] == [0, 1, 1]


@pytest.mark.parametrize("fan_out", list(FanOut))
def test_a_master_refused_for_its_rate_is_tried_once_more_and_its_followers_stay(
    fan_out: FanOut,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        master = made.accounts[0].client_id
        made.broker.add_fault(Fault(action="too_many", call="place", accounts=[master], count=1))
        await place(console, fan_out)
        await made.clock.sleep(30)
        assert {order.state for order in console.engine.book} == {State.WORKING}

    with world(2) as made:
        made.live(script)
        assert [sent(made, number) for number in range(3)] == [2, 1, 1]


def test_a_master_refused_for_its_rate_twice_cancels_those_that_left_with_it() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        master = made.accounts[0].client_id
        made.broker.add_fault(Fault(action="too_many", call="place", accounts=[master]))
        await place(console, FanOut.WITH_MASTER)
        await made.clock.sleep(40)
        assert followers(console) == {State.CANCELLED}

    with world(2) as made:
        made.live(script)
        assert [sent(made, number) for number in range(3)] == [2, 1, 1]


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize(("filled", "crash"), [(0, False), (4, False), (0, True), (4, True)])
def test_what_a_master_cancels_at_the_broker_takes_the_rest_of_its_copies_with_it(
    fan_out: FanOut, filled: int, crash: bool
) -> None:
    """Placed here, cancelled on the broker's page, also while the program is down."""

    async def rests(console: Console) -> None:
        await begin(console)
        made = console.world
        await place(console, fan_out)
        await made.clock.sleep(5)
        account, now = made.broker.accounts[0], made.time.wall_ns()
        (his,) = account.orders.values()
        if filled:
            account.schedule(now, "fill", his, filled)
            made.broker.desk.exchange.settle(account, now)
            await made.clock.sleep(5)
        if not crash:
            Owner(made.broker.desk, account).cancel(his.order_id)
            await made.clock.sleep(30)
            assert followers(console) == {State.CANCELLED}

    async def again(console: Console) -> None:
        made = console.world
        account = made.broker.accounts[0]
        (his,) = account.orders.values()
        Owner(made.broker.desk, account).cancel(his.order_id)
        await begin(console)
        await made.clock.sleep(40)
        assert followers(console) == {State.CANCELLED}

    with world(2) as made:
        made.live(rests)
        if crash:
            made.live(again)
