"""P17: the disk is full, read-only, broken, locked, torn or flipped at the n-th write.

What was reported stored is there after a restart, what was refused is there whole or not at all, no
fact is lost or doubled, and the engine is told to halt. ``make proof`` runs every n to 50.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from copytrade_gui.domain.events import Alarm, OrderChanged, Severity
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.proof.counts import is_quick, proof_range
from tests.storage.conftest import SMALL
from tests.storage.faulty import FailingFiles, Fault, Script, failing
from tests.storage.samples import (
    DAY,
    NOON_NS,
    HandClock,
    first_attempts,
    make_attempt,
    make_plan,
    view_of,
)

SOME_N = (1, 2, 3, 5, 8, 13, 14, 21, 34, 50)
NUMBERS = SOME_N if is_quick() else [n + 1 for n in proof_range(len(SOME_N), "disk")]
PLANS = 9 + NUMBERS[-1] // 6
"""A day with more writes than the last n."""
Tell = Callable[[str, object], None]

# Which of them are said depends on where the disk fails.
a_bad_disk = pytest.mark.expected_log(
    "a commit failed|a group of facts|after the reserve was dropped|came back from the emergency|"
    "checkpoint failed|closing the database failed|facts are in memory only|"
    "emergency journal cannot be emptied"
)
a_bad_file = pytest.mark.expected_log(
    "was damaged|was changed while|is older than|cannot be opened|the witness file"
)


@dataclass
class Day:
    """What the engine was told, to be compared with what is there afterwards."""

    plans: list[Plan] = field(default_factory=list)
    refused: list[Plan] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    states: list[StateChange] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    halts: list[str] = field(default_factory=list)
    failures: int = 0

    async def tried(self, commit: Awaitable[object]) -> bool:
        try:
            await commit
        except JournalFailureError:
            self.failures += 1
            return False
        return True


async def trade(store: Store, clock: HandClock, day: Day, plans: int = 4) -> None:
    """A small day: plans, outcomes, a repeat of an attempt, a pause, a command."""
    journal = store.journal
    journal.on_failure = day.halts.append
    for number in range(plans):
        plan = make_plan(f"c{number}")
        attempts = first_attempts(plan)
        if not await day.tried(journal.commit_plan(plan, attempts)):
            day.refused.append(plan)
            continue
        day.plans.append(plan)
        outcomes = (State.NOT_SENT, State.ACKED, State.UNKNOWN)
        for intent, attempt, state in zip(plan.intents, attempts, outcomes, strict=False):
            order = f"B{number}-{intent.rank}" if state is State.ACKED else None
            journal.append(
                OrderChanged(view_of(intent, attempt, state, broker_order_id=order), "SENDING")
            )
            day.facts.append(f"{state} {intent.intent_id}")
        await clock.advance(0.030)
        await day.tried(journal.commit_attempts([make_attempt(plan.intents[0], 2)]))
        journal.append(Alarm(Severity.INFO, f"alarm {number}", "Words.", NOON_NS))
        day.facts.append(f"alarm {number}")
        pause = StateChange(TradingState.PAUSE, "trader", f"p{number}", NOON_NS + number)
        if await day.tried(journal.commit_trading_state(pause)):
            day.states.append(pause)
        command = journal.commit_command(
            CommandId(f"k{number}"), "trader", "pause", "", "r", NOON_NS
        )
        if await day.tried(command):
            day.commands.append(f"k{number}")
    await journal.flush()


def healthy(store: Store) -> bool:
    return store.journal.healthy


def facts_in(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT kind, intent_id, json_extract(body, '$.state'), json_extract(body, '$.code') "
            "FROM events WHERE kind IN ('OrderChanged', 'Alarm') ORDER BY number"
        ).fetchall()
    connection.close()
    return [f"{row[2]} {row[1]}" if row[0] == "OrderChanged" else str(row[3]) for row in rows]


async def judge(folder: DataFolder, clock: HandClock, day: Day) -> None:
    """Start again on a healthy disk and compare."""
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        work = await store.journal.load(DAY)
        stored = {plan.plan_id: plan for plan in work.plans}
        for plan in day.plans:
            assert stored.pop(plan.plan_id) == plan
        for plan in day.refused:
            whole = stored.pop(plan.plan_id, None)
            assert whole in (None, plan)
        assert not stored
        assert await store.history.verify() == ()
        if day.states:
            assert work.trading is not None
            assert work.trading.at_ns >= day.states[-1].at_ns
    assert facts_in(folder.database) == day.facts
    with sqlite3.connect(folder.database) as connection:
        known = {row[0] for row in connection.execute("SELECT command_id FROM commands")}
        marks = connection.execute(
            "SELECT count(*) FROM attempts a JOIN intents i USING (intent_number) "
            "WHERE i.state NOT IN (a.state, 'PLANNED') AND a.number = "
            "(SELECT max(number) FROM attempts b WHERE b.intent_number = a.intent_number)"
        ).fetchone()
    connection.close()
    assert set(day.commands) <= known
    assert marks == (0,)


@a_bad_disk
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("fault", list(Fault))
async def test_p17_write_fails(
    tmp_path: Path,
    fault: Fault,
    lasting: bool,
    record_property: Tell,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    failures = cases = 0
    for number in NUMBERS:
        caplog.clear()
        folder = open_folder(tmp_path / f"data{number}", "paper")
        clock = HandClock()
        day = Day()
        script = Script(fault)
        seams = Seams(
            connecting=Connecting(failing(script), busy_timeout_ms=50), reserve_bytes=64 * 1024
        )
        async with open_store(folder, clock, inline=True, seams=seams) as store:
            script.seen = 0
            script.first, script.last = number, 10**9 if lasting else number
            await trade(store, clock, day, plans=PLANS)
            if "was not laid out" in caplog.text and not lasting:
                # Nothing was to be stored yet: the disk is well again when it is.
                assert not day.failures
                assert not day.halts
                assert len(day.plans) == PLANS
            elif script.failed:
                assert day.failures or day.halts
            failures += script.failed
        await judge(folder, clock, day)
        cases += 1
    assert failures >= len(NUMBERS) // 3
    record_property("cases", cases)
    record_property("faults", failures)


@a_bad_disk
@pytest.mark.parametrize("fault", list(Fault))
async def test_p17_the_same_on_threads(tmp_path: Path, fault: Fault, record_property: Tell) -> None:
    faults = 0
    for number in NUMBERS[:: 3 if is_quick() else 1]:
        folder = open_folder(tmp_path / f"data{number}", "paper")
        clock = HandClock()
        day = Day()
        script = Script(fault)
        seams = Seams(
            connecting=Connecting(failing(script), busy_timeout_ms=50), reserve_bytes=64 * 1024
        )
        async with open_store(folder, clock, seams=seams) as store:
            script.seen = 0
            script.first = number
            await trade(store, clock, day)
            faults += script.failed
        await judge(folder, clock, day)
    record_property("cases", len(NUMBERS[:: 3 if is_quick() else 1]))
    record_property("faults", faults)


@a_bad_disk
async def test_p17_a_healed_disk_takes_what_waited(folder: DataFolder, clock: HandClock) -> None:
    script = Script(Fault.LOCKED)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=64 * 1024)
    day = Day()
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        await trade(store, clock, day, plans=1)
        script.first = script.seen + 1
        store.journal.append(Alarm(Severity.INFO, "while locked", "Words.", NOON_NS))
        await clock.advance(0.030)
        await store.journal.flush()
        assert not healthy(store)
        assert len(day.halts) == 1
        # Each try again and each new fact must not halt the engine again.
        store.journal.append(Alarm(Severity.INFO, "still locked", "Words.", NOON_NS))
        await clock.advance(3.5)
        await store.journal.flush()
        assert len(day.halts) == 1
        script.heal()
        await clock.advance(1.5)
        await asyncio.sleep(0)
        await store.journal.flush()
        assert healthy(store)
        script.first = script.seen + 1
        store.journal.append(Alarm(Severity.INFO, "locked again", "Words.", NOON_NS))
        await store.journal.flush()
        assert len(day.halts) == 2
        script.heal()
    day.facts += ["while locked", "still locked", "locked again"]
    await judge(folder, clock, day)


@a_bad_disk
async def test_p17_a_stop_is_kept_and_a_start_is_refused(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.FULL)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=64 * 1024)
    halt = StateChange(TradingState.HALT, "journal", "disk full", NOON_NS + 5)
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        script.first = script.seen + 1
        await store.journal.commit_trading_state(halt)
        active = StateChange(TradingState.ACTIVE, "trader", "go", NOON_NS + 6)
        with pytest.raises(JournalFailureError, match="disk is full"):
            await store.journal.commit_trading_state(active)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert (await store.journal.load(DAY)).trading == halt


@a_bad_disk
async def test_p17_both_journals_fail_and_nothing_is_lost_while_we_run(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.IO)
    files = FailingFiles(folder.emergency.name)
    seams = Seams(files, Connecting(failing(script)), reserve_bytes=64 * 1024)
    day = Day()
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        store.journal.on_failure = day.halts.append
        script.first = script.seen + 1
        files.broken = True
        store.journal.append(Alarm(Severity.INFO, "nowhere", "Words.", NOON_NS))
        await store.journal.flush()
        assert "do not close the console" in day.halts[0]
        script.heal()
        await clock.advance(1.5)
        await store.journal.flush()
    day.facts.append("nowhere")
    await judge(folder, clock, day)


@a_bad_disk
async def test_p17_a_really_full_database_gives_the_reserve_back(
    folder: DataFolder, clock: HandClock
) -> None:
    day = Day()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        await trade(store, clock, day, plans=1)
        assert folder.reserve.exists()
        await store.database.write(
            lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=1").scalar()
        )
        plan = make_plan("too much for the tables", followers=400)
        await store.journal.commit_plan(plan, first_attempts(plan))  # on the disk already
        day.plans.append(plan)
        for number in range(400):
            words = "Words. " * 50
            store.journal.append(Alarm(Severity.INFO, f"full {number}", words, NOON_NS))
        await store.journal.flush()
        assert not healthy(store)
        assert not folder.reserve.exists()
        refused = make_plan("after that")
        with pytest.raises(JournalFailureError, match="Earlier facts could not be stored"):
            await store.journal.commit_plan(refused, first_attempts(refused))
        day.refused.append(refused)
        day.facts += [f"full {number}" for number in range(400)]
        assert day.halts
    await judge(folder, clock, day)


@a_bad_disk
async def test_p17_locked_by_another_program(folder: DataFolder, clock: HandClock) -> None:
    seams = Seams(connecting=Connecting(busy_timeout_ms=100), reserve_bytes=64 * 1024)
    async with open_store(folder, clock, seams=seams) as store:
        other = sqlite3.connect(folder.order_log, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        plan = make_plan()
        with pytest.raises(JournalFailureError, match="locked by another program"):
            await store.journal.commit_plan(plan, first_attempts(plan))
        other.execute("ROLLBACK")
        other.close()
        assert await store.journal.commit_plan(plan, first_attempts(plan))


async def test_p17_torn_log(tmp_path: Path, record_property: Tell) -> None:
    """A power cut may take the end of the log: what is left is a whole beginning, and said so."""
    chance = random.Random(17)  # noqa: S311 - seeded on purpose
    for number in NUMBERS:
        folder = open_folder(tmp_path / f"data{number}", "paper")
        clock = HandClock()
        day = Day()
        store_context = open_store(folder, clock, inline=True, seams=SMALL)
        store = await store_context.__aenter__()
        await trade(store, clock, day)
        log_file = folder.database.with_name("copytrade.db-wal")
        held, left = folder.database.read_bytes(), log_file.read_bytes()
        witness = folder.witness.read_bytes()
        await store_context.__aexit__(None, None, None)
        folder.database.write_bytes(held)
        folder.witness.write_bytes(witness)
        log_file.write_bytes(left[: chance.randrange(len(left))])
        async with open_store(folder, clock, inline=True, seams=SMALL) as again:
            work = await again.journal.load(DAY)
            plans = [plan.plan_id for plan in work.plans]
            assert plans == [plan.plan_id for plan in day.plans][: len(plans)]
            assert await again.history.verify() == ()
        found = facts_in(folder.database)
        assert found == day.facts[: len(found)]
    record_property("cases", len(NUMBERS))
    record_property("faults", len(NUMBERS))


@a_bad_file
async def test_p17_flipped_bytes(tmp_path: Path, record_property: Tell) -> None:
    """No flipped byte of a closed file goes unnoticed, and none stops the program from starting."""
    chance = random.Random(17)  # noqa: S311 - seeded on purpose
    base = open_folder(tmp_path / "base", "paper")
    clock = HandClock()
    day = Day()
    async with open_store(base, clock, inline=True, seams=SMALL) as store:
        await trade(store, clock, day)
        await store.backups.make(store.database, store.order_log, clock.wall_ns())
    sound = base.database.read_bytes()
    for number in NUMBERS:
        torn = bytearray(sound)
        place = chance.randrange(len(torn))
        torn[place] ^= 1 << chance.randrange(8)
        base.database.write_bytes(torn)
        witness = base.witness.read_bytes()
        try:
            async with open_store(base, clock, inline=True, seams=SMALL) as store:
                assert store.opening.sentences, f"byte {place} of {len(torn)}, n = {number}"
        except (StorageError, JournalFailureError) as refusal:
            assert str(base.database) in str(refusal)  # noqa: PT017 - either way is right
        for ending in ("-wal", "-shm"):
            base.database.with_name(base.database.name + ending).unlink(missing_ok=True)
        base.database.write_bytes(sound)
        base.witness.write_bytes(witness)
    async with open_store(base, clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
    record_property("cases", len(NUMBERS))
    record_property("faults", len(NUMBERS))
