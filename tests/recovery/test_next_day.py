"""The program stops in the afternoon and starts the next morning: today's book shows one day."""

from __future__ import annotations

from collections import Counter

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import judge
from tests.proof.rig import Console, world

FOLLOWERS = 4
OVERNIGHT_NS = 18 * 3_600 * 1_000_000_000


def test_yesterdays_doubt_is_never_called_absent() -> None:
    """All were accepted, no reply came; the next day's book is empty and proves nothing."""

    async def afternoon(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.world.broker.add_fault(Fault(action="drop_reply", call="place"))
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("late")
        )

    async def morning(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(600)
        states = Counter(order.state for order in console.engine.book)
        assert states == {State.REVIEW: FOLLOWERS + 1}
        assert len(console.engine.decisions.awaited) == FOLLOWERS + 1
        (await judge(console, 1)).must_be_clean("the next day")

    with world(FOLLOWERS) as made:
        made.live(afternoon)
        made.broker.clear_faults()
        made.time.now_ns += OVERNIGHT_NS
        made.live(morning)
        assert len(made.broker.ledger.accepted) == FOLLOWERS + 1


def test_yesterdays_orders_do_not_keep_todays_reads_incomplete() -> None:
    """An order that rested overnight is in no book of today; today's absences are still proven."""

    async def afternoon(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.submit(
            console.world.master,
            console.world.terms(away=60),
            FanOut.WITH_MASTER,
            CommandId("resting"),
        )
        await console.world.clock.sleep(20)

    async def morning(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        await console.engine.resume("operator", "looked")
        followers = [account.client_id for account in console.world.accounts[1:]]
        console.world.broker.add_fault(
            Fault(action="drop_reply", call="place", placed=False, accounts=followers)
        )
        placed = await console.engine.submit(
            console.world.master, console.world.terms(which=1), FanOut.WITH_MASTER, CommandId("new")
        )
        await console.world.clock.sleep(400)
        ended = Counter(order.state for order in console.engine.book.of_plan(placed.plan.plan_id))
        assert ended[State.NOT_PLACED] == FOLLOWERS

    with world(FOLLOWERS) as made:
        made.live(afternoon)
        made.time.now_ns += OVERNIGHT_NS
        made.live(morning)
