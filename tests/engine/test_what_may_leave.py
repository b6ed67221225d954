"""What waits, what leaves and what grows too old to leave, as the broker's wire sees it."""

from __future__ import annotations

from collections import Counter

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import Plan
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, world

FOLLOWERS = 3


def follower_states(console: Console, plan: Plan) -> Counter[State]:
    orders = console.engine.book.of_plan(plan.plan_id)
    return Counter(order.state for order in orders if order.intent.role is Role.FOLLOWER)


def test_a_doubt_holds_the_same_share_back_until_it_is_too_old_and_no_other_share() -> None:
    """An exit against a buy that may not exist could open a short: it waits, then a person."""

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(
            Fault(action="drop_reply", call="place", placed=False, accounts=followers)
        )
        await console.engine.submit(
            made.master, made.terms(), FanOut.WITH_MASTER, CommandId("doubtful")
        )
        await made.clock.sleep(10)
        made.broker.clear_faults()
        held = await console.engine.submit(
            made.master, made.terms(), FanOut.WITH_MASTER, CommandId("held")
        )
        free = await console.engine.submit(
            made.master, made.terms(which=1), FanOut.WITH_MASTER, CommandId("free")
        )
        await made.clock.sleep(5)
        assert follower_states(console, held.plan) == {State.PLANNED: FOLLOWERS}
        assert follower_states(console, free.plan) == {State.FILLED: FOLLOWERS}
        await made.clock.sleep(400)
        assert follower_states(console, held.plan) == {State.STALE: FOLLOWERS}
        (await settled(console, 3)).must_be_clean("held back")

    with world(FOLLOWERS) as made:
        made.live(script)
        sent = Counter(line.account for line in made.broker.ledger.wire)
        assert sent[made.accounts[0].client_id] == 3
        assert {sent[account.client_id] for account in made.accounts[1:]} == {2}
