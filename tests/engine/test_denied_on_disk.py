"""A plan whose commit failed although it is on the disk: the operator was told that nothing left.

The disk writes the commit and then says that it could not (a sync that failed after the pages were
written). Real engine, storage and adapter; the simulated broker's ledger is the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.storage.database.engines import Connecting
from tests.engine.test_leaving import begin, press
from tests.engine.test_stop_after_marks import attempts_on_disk
from tests.proof import rig
from tests.proof.rig import Console, ProgramStopped, world
from tests.storage.faulty import Fault, Script, failing

F1 = AccountId("F001")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script(Fault.STORED_BUT_FAILED)
    seams = replace(rig._SEAMS, connecting=Connecting(failing(script)))
    monkeypatch.setattr(rig, "_SEAMS", seams)
    return script


async def denied(console: Console, disk: Script, commits: int) -> None:
    """So many commits end on the disk and fail; one follower's order would have had to wait."""
    await begin(console)
    clock = console.world.clock
    console.engine.lanes[F1].wait_until_ns = clock.mono_ns() + 2_000_000_000
    await clock.sleep(1)  # every fact is stored, so that the next commit is the plan's
    disk.first, disk.last = disk.seen + 1, disk.seen + commits
    with pytest.raises(DeniedError) as refused:
        await press(console, "denied", away=60)
    assert refused.value.code == "not_recorded"
    assert console.engine.gate.state is TradingState.HALT


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("commits", [1, 10_000])
def test_what_was_denied_does_not_leave_after_a_restart(
    disk: Script, commits: int, crash: bool
) -> None:
    async def first(console: Console) -> None:
        await denied(console, disk, commits)
        if crash:
            raise ProgramStopped("power cut")

    async def second(console: Console) -> None:
        console.log_all_in()
        await console.engine.resume("operator", "It was denied.")
        await console.world.clock.sleep(30)
        await console.engine.resume("operator", "It was denied.")
        await console.world.clock.sleep(30)
        assert {(order.state, order.code) for order in console.engine.book} == {
            (State.SKIPPED, "not_recorded")
        }
        assert not console.bugs

    with world(2) as made:
        made.live(first)
        disk.heal()
        made.live(second)
        assert made.broker.ledger.wire == []


def test_a_denied_command_is_not_taken_again_while_its_end_may_not_be_stored(disk: Script) -> None:
    """Its end, stored late, would be the end of the second order too."""

    async def script(console: Console) -> None:
        await denied(console, disk, 1)
        await console.world.clock.sleep(3)
        await console.engine.resume("operator", "The disk is well again.")
        with pytest.raises(DeniedError) as refused:
            await press(console, "denied", away=60)
        assert refused.value.code == "not_recorded"
        await press(console, "a new ticket", away=60)
        await console.world.clock.sleep(5)
        assert not console.bugs

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 3


@pytest.mark.parametrize("tries", [1, 2], ids=["first tries", "a second try"])
def test_a_later_wave_that_was_refused_but_is_on_the_disk_is_not_sending_for_ever(
    disk: Script, tries: int
) -> None:
    async def first(console: Console) -> None:
        await begin(console)
        made = console.world
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 2_000_000_000
        made.line.not_sent = float(tries - 1)
        await press(console, "waits", away=60)
        await made.clock.sleep(1.9 if tries == 1 else 0.1)  # every fact is stored
        await console.store.journal.flush()
        made.line.not_sent = 0.0
        disk.first, disk.last = disk.seen + 1, disk.seen + 1
        await made.clock.sleep(5)
        assert State.SKIPPED in {order.state for order in console.engine.book}

    async def second(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        assert await attempts_on_disk(console) <= {"NOT_SENT", "WORKING", "ACKED"}
        assert await console.store.history.verify() == ()
        assert not console.bugs

    with world(2) as made:
        made.live(first)
        disk.heal()
        made.live(second)
        sent = [line.account for line in made.broker.ledger.wire]
        assert len(sent) == len(set(sent)), "nobody got an order twice"
