"""Requests are made while the master's answer is awaited; what changes until it comes counts."""

from __future__ import annotations

from copytrade_gui.domain.ids import (
    AccountId,
    CommandId,
    attempt_id,
    intent_id,
    order_tag,
    plan_id,
    signal_id,
)
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.config import Switches
from tests.engine.test_leaving import begin
from tests.proof.judge import settled
from tests.proof.rig import Console, world

SLOW = Switches(latency_ms=400, jitter_ms=0)


async def press(console: Console) -> None:
    """The master's order leaves, and nobody has answered it yet."""
    made = console.world
    await console.engine.submit(
        made.master, made.terms(away=60), FanOut.ON_MASTER_WORKING, CommandId("after")
    )
    await made.clock.sleep(0.1)
    assert len(made.broker.ledger.wire) <= 1


def test_a_follower_who_logs_in_again_meanwhile_gets_his_order_over_his_new_session() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console)
        console.log_in(AccountId("F001"))
        await console.world.clock.sleep(5)
        assert {order.state for order in console.engine.book} == {State.WORKING}
        (await settled(console, 1)).must_be_clean("logged in again")

    with world(2, switches=SLOW) as made:
        made.live(script)
        assert len(made.broker.ledger.accepted) == 3


def test_a_followers_order_is_marked_when_it_leaves_not_when_its_request_was_made() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console)
        pressed_ns = console.world.time.wall_ns()
        await console.world.clock.sleep(5)
        await console.store.journal.flush()
        rows = await console.store.database.read(
            lambda one: one.exec_driver_sql(
                "SELECT i.account_id, a.marked_ns FROM attempts a JOIN intents i "
                "ON i.intent_number = a.intent_number"
            ).fetchall()
        )
        marked_ns: dict[str, int] = dict(rows)
        assert marked_ns.pop("M") < pressed_ns
        # Only then the master's order was known at the exchange.
        assert len(marked_ns) == 2
        assert all(pressed_ns < each < pressed_ns + 2 * 10**9 for each in marked_ns.values())

    with world(2, switches=SLOW) as made:
        made.live(script)


def test_an_order_whose_tag_another_one_carries_does_not_leave_and_is_told() -> None:
    """Two orders with one tag: the broker's book could not tell which of them exists."""

    async def script(console: Console) -> None:
        made, book = console.world, console.engine.book
        await begin(console)
        await console.engine.submit(
            made.master, made.terms(away=60), FanOut.WITH_MASTER, CommandId("first")
        )
        await made.clock.sleep(5)
        follower = AccountId("F001")
        (first,) = book.of_account(follower)
        second = plan_id(signal_id(made.master, "cmd:second", 1))
        name = attempt_id(intent_id(second, follower, 1), 1)
        tag = order_tag(console.store.installation.tag_key, name)
        book.know_tag(tag, first.intent.intent_id)
        await console.engine.submit(
            made.master, made.terms(away=60), FanOut.WITH_MASTER, CommandId("second")
        )
        await made.clock.sleep(5)
        states = {order.intent.account_id: order.state for order in book.of_plan(second)}
        assert states == {
            made.master: State.WORKING,
            follower: State.SKIPPED,
            AccountId("F002"): State.WORKING,
        }
        (told,) = console.bugs
        assert "F001" in told
        assert "did not leave" in told

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.accepted) == 5
