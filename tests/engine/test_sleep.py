"""A machine that slept: nothing that waited leaves afterwards, and a person looks first."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_leaving import begin, press
from tests.proof.p16_clock import JumpyClock
from tests.proof.rig import Console, world

FIVE_MINUTES_NS = 300_000_000_000


def test_what_waited_when_the_machine_slept_is_not_sent_when_it_wakes() -> None:
    """Its monotonic clock stood still, so by that clock the order is still young."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        clock = made.clock
        assert isinstance(clock, JumpyClock)
        follower = made.accounts[1].account_id
        console.engine.lanes[follower].wait_until_ns = clock.mono_ns() + 2_000_000_000
        await press(console, "waits", away=60)
        await clock.sleep(0.1)  # what does not wait has left
        made.time.now_ns += FIVE_MINUTES_NS
        clock.mono_off_ns -= FIVE_MINUTES_NS
        await clock.sleep(3)
        assert console.engine.gate.state is TradingState.RECOVERING
        with pytest.raises(DeniedError):
            await press(console, "not yet")
        report = console.engine.recovery_report
        assert report is not None
        assert report.needs_resume
        await console.engine.resume("operator", "looked")
        await clock.sleep(10)
        (order,) = console.engine.book.of_account(follower)
        assert order.state in (State.SKIPPED, State.STALE)

    with world(2) as made:
        made.clock = JumpyClock(made.time)
        made.live(script)
        sent = {line.account for line in made.broker.ledger.wire}
        assert made.accounts[1].client_id not in sent
        assert len(sent) == 2


def test_what_a_halt_held_while_the_machine_slept_does_not_leave_on_resume() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        clock = made.clock
        assert isinstance(clock, JumpyClock)
        follower = made.accounts[1].account_id
        console.engine.lanes[follower].wait_until_ns = clock.mono_ns() + 2_000_000_000
        await press(console, "held", away=60)
        await console.engine.stop_trading(TradingState.HALT, "operator", "test")
        made.time.now_ns += FIVE_MINUTES_NS
        clock.mono_off_ns -= FIVE_MINUTES_NS
        await clock.sleep(3)
        assert console.engine.gate.state is TradingState.HALT
        await console.engine.resume("operator", "looked")
        await clock.sleep(10)
        (order,) = console.engine.book.of_account(follower)
        assert order.state in (State.SKIPPED, State.STALE)

    with world(2) as made:
        made.clock = JumpyClock(made.time)
        made.live(script)
        sent = {line.account for line in made.broker.ledger.wire}
        assert made.accounts[1].client_id not in sent


def test_a_short_sleep_with_nothing_open_ends_by_itself() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        clock = console.world.clock
        assert isinstance(clock, JumpyClock)
        console.world.time.now_ns += 20_000_000_000
        clock.mono_off_ns -= 20_000_000_000
        console.engine.gate.notice_time()
        assert not console.engine.gate.may_send
        await clock.sleep(5)
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(1) as made:
        made.clock = JumpyClock(made.time)
        made.live(script)
