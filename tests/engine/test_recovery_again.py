"""A recovery that is not done when the next gap comes: a sleep or an outage before its end."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from tests.engine.test_leaving import begin, press
from tests.engine.test_offline import cut_off
from tests.proof.p16_clock import JumpyClock
from tests.proof.rig import Console, world

F1, F2 = AccountId("F001"), AccountId("F002")
FIVE_MINUTES_NS = 300_000_000_000


def sleep(console: Console) -> None:
    """It is noticed when it ends, as the lamps do every second."""
    made = console.world
    assert isinstance(made.clock, JumpyClock)
    made.time.now_ns += FIVE_MINUTES_NS
    made.clock.mono_off_ns -= FIVE_MINUTES_NS
    console.engine.gate.notice_time()


async def trade(console: Console) -> None:
    await begin(console)
    await press(console, "one")
    await console.world.clock.sleep(30)
    assert {order.state for order in console.engine.book} == {State.FILLED}


async def all_but_the_first(console: Console) -> None:
    """Everybody's book was read and compared but F001's, so that nothing may leave yet."""
    console.log_in(console.world.master)
    console.log_in(F2)
    await console.world.clock.sleep(15)
    assert console.engine.gate.state is TradingState.RECOVERING
    report = console.engine.recovery_report
    assert report is not None
    assert report.unread_accounts == (F1,)


def recovering(console: Console) -> bool:
    report = console.engine.recovery_report
    return (
        console.engine.gate.state is TradingState.RECOVERING
        and report is not None
        and report.needs_resume
    )


def test_a_sleep_before_the_books_were_read_waits_for_a_person_too() -> None:
    async def after(console: Console) -> None:
        await all_but_the_first(console)
        made = console.world
        asked = made.broker.accounts[2].calls["positions"]
        sleep(console)
        await made.clock.sleep(15)
        assert made.broker.accounts[2].calls["positions"] > asked, "compared before the sleep only"
        console.log_in(F1)
        await made.clock.sleep(30)
        assert recovering(console)
        await console.engine.resume("operator", "looked")
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(2) as made:
        made.clock = JumpyClock(made.time)
        made.live(trade)
        made.live(after)


def test_an_outage_before_the_books_were_read_waits_for_a_person_too() -> None:
    async def after(console: Console) -> None:
        await all_but_the_first(console)
        made = console.world
        number = cut_off(made)
        console.engine.offline.suspect()
        await made.clock.sleep(120)
        made.broker.clear_faults(number)
        await made.clock.sleep(15)
        console.log_in(F1)
        await made.clock.sleep(30)
        assert recovering(console)

    with world(2) as made:
        made.live(trade)
        made.live(after)


def test_a_recovery_does_not_end_while_the_connections_of_before_a_sleep_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def after(console: Console) -> None:
        await all_but_the_first(console)
        made = console.world
        session = console.engine.lanes[F2].session
        assert session is not None

        async def slow() -> None:
            await made.clock.sleep(20)

        monkeypatch.setattr(session, "drop_connections", slow)
        sleep(console)
        console.log_in(F1)
        await made.clock.sleep(15)
        assert console.engine.gate.state is TradingState.RECOVERING
        await made.clock.sleep(30)
        assert recovering(console)

    with world(2) as made:
        made.clock = JumpyClock(made.time)
        made.live(trade)
        made.live(after)
