"""The report of a start: whole, told while it grows, stored once however many books are read."""

from __future__ import annotations

import msgspec

from copytrade_gui.domain.events import Event, RecoveryReported
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.journal.facts import RecoveryFact
from tests.engine.broker_owner import trades_himself
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, World, world

FOLLOWERS, WAVES = 12, 4
ORDERS = (FOLLOWERS + 1) * WAVES


async def rest(console: Console) -> None:
    """Every account has some orders that work far from the market."""
    await begin(console)
    for wave in range(WAVES):
        await press(console, f"wave {wave}", away=400)
        await console.world.clock.sleep(1.5)
    await console.world.clock.sleep(10)
    assert {order.state for order in console.engine.book} == {State.WORKING}


def stored(made: World) -> list[RecoveryFact]:
    """The reports in the audit trail, oldest first."""

    async def read(console: Console) -> list[RecoveryFact]:
        await console.store.journal.flush()
        found = await console.store.history.events(100, kind="RecoveryReported")
        return [msgspec.json.decode(one.body, type=RecoveryFact) for one in reversed(found)]

    reports = made.live(read)
    assert reports is not None
    return reports


def test_of_a_start_with_many_resting_orders_one_report_is_stored() -> None:
    told: list[RecoveryReported] = []

    def hear(event: Event) -> None:
        if isinstance(event, RecoveryReported):
            told.append(event)

    async def again(console: Console) -> None:
        console.engine.bus.subscribe(hear)
        for account in console.world.accounts:
            console.log_in(account.account_id)
            await console.world.clock.sleep(0.1)
        await console.world.clock.sleep(20)
        assert console.engine.gate.state is TradingState.ACTIVE
        report = console.engine.recovery_report
        assert report is not None
        assert len(report.proven) == ORDERS
        assert (report.unread_accounts, report.needs_resume) == ((), False)

    with world(FOLLOWERS) as made:
        made.live(rest)
        reads = sum(account.calls["orders"] for account in made.broker.accounts)
        made.live(again)
        reads = sum(account.calls["orders"] for account in made.broker.accounts) - reads
        assert reads >= FOLLOWERS + 1
        assert [event.done for event in told] == [False, True], "told in between, then as it ended"
        whole = stored(made)[1:2]  # after the one of the first start, before that of the look
    assert [len(report.proven) for report in whole] == [ORDERS]
    assert [(report.unread, report.needs_resume) for report in whole] == [([], False)]


def test_what_a_person_saw_when_he_resumed_is_stored_once() -> None:
    async def resume_early(console: Console) -> None:
        console.log_in(console.world.master)
        await console.world.clock.sleep(10)
        assert console.engine.gate.state is TradingState.RECOVERING
        await console.engine.resume("operator", "looked")
        console.log_all_in()
        await console.world.clock.sleep(20)

    with world(FOLLOWERS) as made:
        made.live(rest)
        made.live(resume_early)
        seen = stored(made)[1:2]
    assert [len(report.unread) for report in seen] == [FOLLOWERS]
    assert [report.needs_resume for report in seen] == [True]


def test_a_start_that_nobody_resumed_leaves_its_report_when_the_program_ends() -> None:
    async def look(console: Console) -> None:
        console.log_in(console.world.master)
        await console.world.clock.sleep(10)

    with world(FOLLOWERS) as made:
        made.live(rest)
        made.live(look)
        seen = stored(made)[1:2]
    assert [len(report.unread) for report in seen] == [FOLLOWERS]
    assert [len(report.proven) for report in seen] == [ORDERS]


def test_a_book_that_could_not_be_read_at_the_start_is_asked_for_again_soon() -> None:
    async def again(console: Console) -> None:
        made = console.world
        client = made.broker.accounts[1].client_id
        made.broker.add_fault(
            Fault(
                action="answer",
                call="orders",
                http_status=503,
                form="html",
                accounts=[client],
                count=1,
            )
        )
        console.log_all_in()
        await made.clock.sleep(3.5)
        assert not console.engine.lanes[made.accounts[1].account_id].status.unread

    with world(2) as made:
        made.live(rest)
        made.live(again)


def test_what_the_master_placed_himself_while_the_program_was_down_waits_for_a_person() -> None:
    async def again(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(20)
        assert console.engine.gate.state is TradingState.RECOVERING
        report = console.engine.recovery_report
        assert report is not None
        assert report.missed_master_orders
        assert all("BUY 5" in missed for missed in report.missed_master_orders)
        assert report.needs_resume
        await console.engine.resume("operator", "seen")
        assert console.engine.gate.may_send

    with world(2) as made:
        made.live(rest)
        trades_himself(made, made.accounts[0], made.terms(), 5)
        made.live(again)
