"""Presses, limits, waits and stops between a plan and its bytes, as the broker's wire sees them."""

from __future__ import annotations

from collections import Counter

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import PreparedOrder
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world

FAST = Switches(latency_ms=2, jitter_ms=0)


async def press(console: Console, name: str, *, away: int = 0, which: int = 0) -> None:
    made = console.world
    await console.engine.submit(
        made.master, made.terms(away=away, which=which), FanOut.WITH_MASTER, CommandId(name)
    )


def launches(console: Console, monkeypatch: pytest.MonkeyPatch) -> list[PreparedOrder]:
    """What the engine lets go: a warm channel writes it at once, the rig's asks again later."""
    launched: list[PreparedOrder] = []
    for lane in console.engine.lanes:
        assert lane.session is not None
        monkeypatch.setattr(lane.session.orders, "launch", launched.append)
    return launched


def shut(console: Console, account: str) -> None:
    """No byte of this account's orders leaves any more, until it is logged in again."""
    session = console.engine.lanes[AccountId(account)].session
    assert session is not None
    session.orders.obey(lambda _tag: "no connection")


async def begin(console: Console) -> None:
    console.log_all_in()
    await console.world.clock.sleep(5)


def test_an_order_waits_for_the_answer_to_the_one_before_in_its_instrument() -> None:
    """Until then nobody knows whether that one exists; what it said may change this one."""

    async def script(console: Console) -> None:
        await begin(console)
        for name, which in (("first", 0), ("second", 0), ("elsewhere", 1)):
            await press(console, name, away=60, which=which)
        book = console.engine.book
        sent = {
            plan.signal.command_id: {order.state for order in book.of_plan(plan.plan_id)}
            for plan in book.plans.values()
        }
        assert sent == {
            "first": {State.SENDING}, "second": {State.PLANNED}, "elsewhere": {State.SENDING},
        }  # fmt: skip
        (await settled(console, 3)).must_be_clean("two in a row")

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.accepted) == 9


def test_a_press_is_one_order_also_when_it_is_repeated_at_once() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        terms = made.terms()
        first = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("same")
        )
        again = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("same")
        )
        assert again.known
        assert again.plan is first.plan
        (await settled(console, 1)).must_be_clean("one press")

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 3


def test_a_press_of_before_a_crash_is_known() -> None:
    async def die(console: Console) -> None:
        await begin(console)
        await press(console, "same")
        await console.world.clock.sleep(1)
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "looked")
        made = console.world
        placed = await console.engine.submit(
            made.master, made.terms(), FanOut.WITH_MASTER, CommandId("same")
        )
        assert placed.known
        (await settled(console, 1)).must_be_clean("one press, two lives")

    with world(2) as made:
        made.live(die)
        made.live(again)
        assert len(made.broker.ledger.wire) == 3


def test_no_account_is_sent_more_than_its_limit_whatever_the_shares() -> None:
    """Answers in 2 ms and two shares in turn: nothing but the limit holds anything back."""

    async def script(console: Console) -> None:
        await begin(console)
        for number in range(24):
            await press(console, f"quick-{number}", which=number % 2)
            await console.world.clock.sleep(0.01)
        (await settled(console, 24)).must_be_clean("quick")

    with world(1, switches=FAST) as made:
        made.live(script)
        sent = [
            line.at
            for line in made.broker.ledger.wire
            if line.account == made.accounts[1].client_id
        ]
        assert made.broker.ledger.refused_for_rate == 0
        assert made.broker.ledger.seconds_over_limit == 0
        for at in sent:
            assert sum(at <= other < at + 1_000_000_000 for other in sent) <= 10


def test_an_account_that_was_answered_429_waits() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        follower = console.world.accounts[1].client_id
        console.world.broker.add_fault(
            Fault(action="too_many", call="place", retry_after=4.0, accounts=[follower], count=1)
        )
        await press(console, "refused")
        await console.world.clock.sleep(0.5)
        await press(console, "next", which=1)
        (await settled(console, 2)).must_be_clean("429")

    with world(1, switches=FAST) as made:
        made.live(script)
        sent = [
            line.at
            for line in made.broker.ledger.wire
            if line.account == made.accounts[1].client_id
        ]
        assert len(sent) >= 2
        assert min(later - sent[0] for later in sent[1:]) >= 4_000_000_000


def test_no_connection_is_tried_three_times_and_then_told() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        shut(console, "F001")
        await press(console, "nowhere", away=60)
        await console.world.clock.sleep(3)
        (order,) = console.engine.book.of_account(AccountId("F001"))
        assert order.attempt is not None
        assert order.attempt.number == 3
        assert order.state is State.NOT_SENT
        await begin(console)  # a new session, whose way is open
        await console.world.clock.sleep(30)

    with world(1) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 1  # the master's


def test_many_doubts_in_a_row_halt_everything() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        console.world.broker.add_fault(
            Fault(action="answer", call="place", http_status=503, form="html")
        )
        await press(console, "stormy")
        await console.world.clock.sleep(5)
        assert console.engine.gate.state is TradingState.HALT
        console.world.broker.clear_faults()
        await console.engine.resume("operator", "looked")
        (await settled(console, 1)).must_be_clean("breaker")

    with world(30) as made:
        made.live(script)


def test_what_waits_does_not_leave_during_a_halt() -> None:
    """A follower was told to wait; the halt comes, then the wait is over and it logs in again."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        follower = made.accounts[1].account_id
        console.engine.lanes[follower].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        await press(console, "held")
        await made.clock.sleep(0.1)
        await console.engine.stop_trading(TradingState.HALT, "operator", "test")
        await made.clock.sleep(4)
        console.log_in(follower)  # a fresh session has the queues looked at again
        await made.clock.sleep(4)
        assert console.engine.lanes[follower].queue
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")

    with world(1) as made:
        made.live(script)
        sent = Counter(line.account for line in made.broker.ledger.wire)
        assert sent == {made.accounts[0].client_id: 1}


def test_a_cancel_between_the_commit_and_the_bytes_keeps_the_order_at_home() -> None:
    held: list[Console] = []

    def cancel(point: str) -> None:
        if point == faultpoints.AFTER_PLAN_COMMIT:
            engine = held[0].engine
            (plan,) = engine.book.plans
            assert engine.cancel_plan(plan, "operator") == 0

    async def script(console: Console) -> None:
        held.append(console)
        await begin(console)
        await press(console, "regretted")
        await console.world.clock.sleep(5)
        assert {order.state for order in console.engine.book} == {State.SKIPPED}

    with world(3) as made:
        made.live(script, fault=cancel)
        assert made.broker.ledger.wire == []


def test_a_cancel_of_an_order_in_doubt_is_done_when_it_is_found() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=followers))
        made.broker.add_fault(Fault(action="show_late", seconds=20.0, accounts=followers))
        await press(console, "regretted", away=60)
        await made.clock.sleep(2)
        (plan,) = console.engine.book.plans
        console.engine.cancel_plan(plan, "operator")
        made.broker.clear_faults()
        await made.clock.sleep(120)
        states = {o.state for o in console.engine.book if o.intent.role is Role.FOLLOWER}
        assert states == {State.CANCELLED}

    with world(3) as made:
        made.live(script)
        assert {order.status for order in made.broker.ledger.accepted} == {"cancelled"}
