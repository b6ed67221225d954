"""A network that goes and comes back: who sends nothing, who notices it, what becomes of it."""

from __future__ import annotations

from collections import Counter

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import Alarm, Event, TradingStateChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import Silence
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_leaving import begin, press
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world

F1, F2 = AccountId("F001"), AccountId("F002")


def cut_off(made: World, *accounts: AccountId, form: str = "refused", call: str = "") -> int:
    """Nobody answers these accounts (all, if none is named); returns the fault's number."""
    clients = [made.account(account).client_id for account in accounts]
    return made.broker.add_fault(Fault(action="no_network", form=form, accounts=clients, call=call))


def state_of(console: Console, account: AccountId) -> SessionState:
    return console.engine.lanes[account].status.session


def reason_of(console: Console, account: AccountId) -> str:
    return console.engine.lanes[account].status.session_reason


def alarms(console: Console) -> list[Alarm]:
    heard: list[Alarm] = []

    def hear(event: Event) -> None:
        if isinstance(event, Alarm):
            heard.append(event)

    console.engine.bus.subscribe(hear)
    return heard


def states(console: Console) -> list[TradingState]:
    """The trading states that come from now on."""
    heard: list[TradingState] = []

    def hear(event: Event) -> None:
        if isinstance(event, TradingStateChanged):
            heard.append(event.change.state)

    console.engine.bus.subscribe(hear)
    return heard


def sent(made: World) -> Counter[str]:
    return Counter(line.account for line in made.broker.ledger.wire)


def test_one_account_that_nobody_answers_is_offline_and_touches_no_other() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made, heard, changes = console.world, alarms(console), states(console)
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        cut_off(made, F1)
        await made.clock.sleep(20)
        assert state_of(console, F1) is SessionState.OFFLINE
        assert "does not answer" in reason_of(console, F1)
        assert {state_of(console, one.account_id) for one in made.accounts[2:]} == {
            SessionState.READY
        }
        assert console.engine.gate.state is TradingState.ACTIVE
        await press(console, "during", away=60, which=1)
        await made.clock.sleep(5)
        assert sent(made)[made.account(F1).client_id] == 1
        assert sent(made)[made.account(F2).client_id] == 2
        late = list(console.engine.book.of_account(F1))[-1]
        assert (late.state, late.code) == (State.BLOCKED, "offline")
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert state_of(console, F1) is SessionState.READY
        assert changes == []
        assert [alarm.account_id for alarm in heard if alarm.code == "offline"] == [F1, F1]
        await press(console, "after", away=60)
        (await settled(console, 3)).must_be_clean("one account offline")
        assert sent(made)[made.account(F1).client_id] == 2

    with world(3) as made:
        made.live(script)


def test_a_short_outage_of_the_machine_ends_by_itself_and_what_is_young_leaves_once() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 15_000_000_000
        await press(console, "waits", away=60, which=1)
        cut_off(made)
        await made.clock.sleep(20)
        assert {state_of(console, one.account_id) for one in made.accounts} == {
            SessionState.OFFLINE
        }
        with pytest.raises(DeniedError, match="does not answer"):
            await press(console, "nobody hears it")
        assert sent(made)[made.account(F1).client_id] == 1
        changes = states(console)
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert changes == [TradingState.RECOVERING, TradingState.ACTIVE]
        assert {state_of(console, one.account_id) for one in made.accounts} == {SessionState.READY}
        await made.clock.sleep(10)
        (await settled(console, 2)).must_be_clean("the machine was offline")
        assert sent(made) == {one.client_id: 2 for one in made.accounts}

    with world(2) as made:
        made.live(script)


def test_what_waited_too_long_for_the_network_is_stale_and_never_leaves() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 8_000_000_000
        console.see_price()
        await press(console, "waits", which=1)  # at the market: 10 s are its whole life
        await made.clock.sleep(1)
        cut_off(made)
        await made.clock.sleep(30)
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert list(console.engine.book.of_account(F1))[-1].state is State.STALE
        (await settled(console, 2)).must_be_clean("stale")
        assert sent(made)[made.account(F1).client_id] == 1

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("routed", [0, 1, 3], ids=["none", "one", "all"])
def test_an_outage_of_the_machine_is_seen_whatever_routes_the_accounts_have(routed: int) -> None:
    """Without a network a proxy or a source address is what does not carry, and says only that."""

    async def script(console: Console) -> None:
        await begin(console)
        made, changes = console.world, states(console)
        lanes = list(console.engine.lanes)
        for _ in range(3):
            for number, lane in enumerate(lanes):
                silence = Silence.ROUTE if number >= len(lanes) - routed else Silence.NETWORK
                console.engine.offline.unanswered(lane.account_id, silence, "It cannot be reached.")
        assert {lane.status.session for lane in lanes} == {SessionState.OFFLINE}
        await made.clock.sleep(10)
        assert {lane.status.session for lane in lanes} == {SessionState.READY}
        assert changes == [TradingState.RECOVERING, TradingState.ACTIVE]

    with world(2) as made:
        made.live(script)


def test_a_long_outage_in_market_hours_waits_for_a_person() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        number = cut_off(made)
        await made.clock.sleep(120)
        made.broker.clear_faults(number)
        await made.clock.sleep(20)
        assert console.engine.gate.state is TradingState.RECOVERING
        report = console.engine.recovery_report
        assert report is not None
        assert report.needs_resume
        assert not report.unread_accounts
        with pytest.raises(DeniedError):
            await press(console, "not yet")
        await console.engine.resume("operator", "looked")
        await press(console, "now", which=1, away=60)
        (await settled(console, 2)).must_be_clean("resumed")

    with world(2) as made:
        made.live(script)


def test_what_was_out_when_the_network_went_is_unknown_then_found_and_never_sent_again() -> None:
    """The broker took the orders; the answers died with the network."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.broker.add_fault(Fault(action="drop_reply", call="place", how="silence"))
        await press(console, "out", away=60)
        await made.clock.sleep(0.01)
        cut_off(made)
        await made.clock.sleep(30)
        assert {order.state for order in console.engine.book} == {State.UNKNOWN}
        made.broker.clear_faults()
        await made.clock.sleep(1)
        assert console.engine.gate.state in (TradingState.RECOVERING, TradingState.ACTIVE)
        await made.clock.sleep(30)
        assert {order.state for order in console.engine.book} == {State.WORKING}
        (await settled(console, 1)).must_be_clean("found")
        assert sent(made) == {one.client_id: 1 for one in made.accounts}

    with world(3) as made:
        made.live(script)


def test_a_network_that_swallows_everything_is_noticed_too() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        cut_off(made, form="silence")
        await made.clock.sleep(60)
        assert {state_of(console, one.account_id) for one in made.accounts} == {
            SessionState.OFFLINE
        }
        made.broker.clear_faults()
        await made.clock.sleep(30)
        assert {state_of(console, one.account_id) for one in made.accounts} == {SessionState.READY}

    with world(1) as made:
        made.live(script)


def test_idle_accounts_are_looked_at_when_something_else_could_not_reach_the_broker() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        cut_off(made)
        console.engine.offline.suspect()
        await made.clock.sleep(10)
        assert {state_of(console, one.account_id) for one in made.accounts} == {
            SessionState.OFFLINE
        }
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert {state_of(console, one.account_id) for one in made.accounts} == {SessionState.READY}
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(5) as made:
        made.live(script)


def test_an_idle_account_is_asked_for_every_second_at_first_and_every_five_later() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        cut_off(made, F1)
        await console.engine.read_books(F1)
        await made.clock.sleep(100)
        (row,) = made.broker.desk.faults.rows()
        assert 20 <= int(str(row["hits"])) <= 26

    with world(1) as made:
        made.live(script)


def test_two_silent_accounts_are_reason_to_ask_the_idle_ones_but_not_to_stop_them() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        cut_off(made, F1, F2)
        for account in (F1, F2):
            await console.engine.read_books(account)
        await made.clock.sleep(30)
        assert state_of(console, F1) is state_of(console, F2) is SessionState.OFFLINE
        made.broker.clear_faults()
        assert console.engine.gate.state is TradingState.ACTIVE
        await made.clock.sleep(10)
        assert state_of(console, F1) is SessionState.READY
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(4) as made:
        made.live(script)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(action="answer", call="orders", http_status=503, form="html"),
        Fault(action="answer", call="orders", http_status=200, form="broken"),
        Fault(action="code", call="orders", code="EC003"),
        Fault(action="book_failed", call="orders"),
        Fault(action="book_garble", call="orders"),
        Fault(action="too_many", call="orders"),
    ],
    ids=lambda fault: f"{fault.action}{fault.form}",
)
def test_an_answer_that_is_not_believed_is_an_answer(fault: Fault) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "before", away=60)
        made.broker.add_fault(fault)
        await made.clock.sleep(60)
        assert state_of(console, F1) is SessionState.READY

    with world(1) as made:
        made.live(script)


def test_a_refused_certificate_stops_the_account_at_once_and_says_so() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made, heard = console.world, alarms(console)
        cut_off(made, F1, form="certificate")
        await console.engine.read_books(F1)
        assert state_of(console, F1) is SessionState.OFFLINE
        assert "could not prove to be the broker" in reason_of(console, F1)
        await press(console, "others", away=60)
        await made.clock.sleep(5)
        assert made.account(F1).client_id not in sent(made)
        assert sent(made)[made.account(F2).client_id] == 1
        assert any("certificate" in alarm.sentence for alarm in heard)
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert state_of(console, F1) is SessionState.READY
        (await settled(console, 1)).must_be_clean("certificate")

    with world(2) as made:
        made.live(script)


def test_three_tries_to_place_without_a_connection_count_too() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        cut_off(made, F1)
        await press(console, "nowhere", away=60)
        await made.clock.sleep(3)
        assert state_of(console, F1) is SessionState.OFFLINE
        made.broker.clear_faults()
        (await settled(console, 1)).must_be_clean("no connection")

    with world(2) as made:
        made.live(script)
