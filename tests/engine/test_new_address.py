"""Another address of this machine, and connections from before a sleep: proven, or anew."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import BrokerTrade, Read
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_leaving import begin, press
from tests.engine.test_offline import F1, alarms, reason_of, sent, state_of
from tests.proof.judge import settled
from tests.proof.p16_clock import JumpyClock
from tests.proof.rig import Console, world


def test_a_new_address_of_ours_is_told_and_proven_by_a_read() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, alarms(console)
        made.line.address = "192.0.2.10"
        await begin(console)
        await press(console, "from home", away=60)
        await made.clock.sleep(5)
        made.line.address = "198.51.100.7"
        await made.clock.sleep(15)
        told = [alarm.sentence for alarm in heard if alarm.code == "offline"]
        assert any("192.0.2.10 to 198.51.100.7" in sentence for sentence in told)
        assert state_of(console, F1) is SessionState.READY
        assert console.engine.gate.state is TradingState.ACTIVE
        await press(console, "from there", away=60, which=1)
        (await settled(console, 2)).must_be_clean("new address")
        assert sent(made) == {one.client_id: 2 for one in made.accounts}

    with world(1) as made:
        made.live(script)


def test_nothing_leaves_from_a_new_address_before_a_read_from_there_was_answered() -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.line.address = "192.0.2.10"
        await begin(console)
        lane = console.engine.lanes[F1]
        assert lane.session is not None
        drops, made.line.address = made.line.drops, "198.51.100.7"
        await lane.session.limits()
        assert state_of(console, F1) is SessionState.OFFLINE
        assert "192.0.2.10 to 198.51.100.7" in reason_of(console, F1)
        made.broker.add_fault(Fault(action="answer", call="orders", http_status=503, form="html"))
        await press(console, "too early", away=60)
        await made.clock.sleep(20)
        assert made.account(F1).client_id not in sent(made)
        assert state_of(console, F1) is SessionState.OFFLINE
        assert made.line.drops > drops, "a read over an old connection proves the old address"
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert state_of(console, F1) is SessionState.READY
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(1) as made:
        made.live(script)


def test_an_address_the_broker_does_not_know_blocks_the_account_before_an_order_leaves() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, alarms(console)
        made.line.address = "192.0.2.10"
        await begin(console)
        await press(console, "from home", away=60)
        await made.clock.sleep(5)
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="bad_address", accounts=[client]))
        made.line.address = "198.51.100.7"
        await made.clock.sleep(15)
        assert state_of(console, F1) is SessionState.BLOCKED
        assert any(alarm.code == "address" and alarm.account_id == F1 for alarm in heard)
        await press(console, "not from there", away=60, which=1)
        await made.clock.sleep(5)
        assert sent(made)[client] == 1

    with world(2) as made:
        made.live(script)


def test_after_a_sleep_what_was_out_on_a_connection_is_unknown_then_found() -> None:
    """Its connection was opened before the sleep; the reply that it waits for never comes."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        clock = made.clock
        assert isinstance(clock, JumpyClock)
        made.broker.add_fault(Fault(action="drop_reply", call="place", how="silence"))
        await press(console, "out", away=60)
        await clock.sleep(0.5)
        made.broker.clear_faults()
        assert {order.state for order in console.engine.book} == {State.SENDING}
        drops = made.line.drops
        made.time.now_ns += 300_000_000_000
        clock.mono_off_ns -= 300_000_000_000
        console.engine.gate.notice_time()
        await clock.sleep(0.1)
        assert {order.state for order in console.engine.book} == {State.UNKNOWN}
        assert made.line.drops == drops + len(made.accounts)
        await clock.sleep(10)
        await console.engine.resume("operator", "looked")
        (await settled(console, 1)).must_be_clean("slept")
        assert sent(made) == {one.client_id: 1 for one in made.accounts}

    with world(1) as made:
        made.clock = JumpyClock(made.time)
        made.live(script)


def test_a_book_that_was_read_before_the_address_changed_proves_nothing_about_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The trade book is read behind the order book; in between the machine gets its new address."""

    async def script(console: Console) -> None:
        made = console.world
        made.line.address = "192.0.2.10"
        await begin(console)
        lane = console.engine.lanes[F1]
        session = lane.session
        assert session is not None
        trade_book = session.trade_book

        async def moved_meanwhile() -> Read[BrokerTrade]:
            made.line.address = "198.51.100.7"
            await session.limits()
            assert state_of(console, F1) is SessionState.OFFLINE
            made.broker.add_fault(
                Fault(action="answer", call="orders", http_status=503, form="html")
            )
            await made.clock.sleep(3)
            return await trade_book()

        monkeypatch.setattr(session, "trade_book", moved_meanwhile)
        await console.engine.comparison._poller.read(lane, with_trades=True)
        monkeypatch.undo()
        assert state_of(console, F1) is SessionState.OFFLINE
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert state_of(console, F1) is SessionState.READY

    with world(1) as made:
        made.live(script)
