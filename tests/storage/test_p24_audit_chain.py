"""P24: a fact dropped, changed, swapped or slipped in is found, in the file and in exports."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.events import Alarm, OrderChanged, PlanSettled, Severity
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Timing
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.journal import history
from copytrade_gui.storage.journal.chain import EventRow, Fact, chained
from copytrade_gui.storage.journal.export import verify_export
from copytrade_gui.storage.store import Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.faulty import Fault as FaultOfDisk
from tests.storage.faulty import Script, failing
from tests.storage.samples import NOON_NS, HandClock, first_attempts, make_plan, view_of

FACTS = 12
DAY_SEAL = DaySeal(date(2026, 11, 23), 12, 480, 3, 0, (), "operator", NOON_NS)


async def fill(store: Store) -> None:
    for number in range(FACTS):
        store.journal.append(Alarm(Severity.INFO, f"A{number}", f"=Sentence {number}", NOON_NS))
    await store.journal.flush()


def unguarded(database: Path, *statements: str) -> None:
    """What somebody with the file and a tool can do."""
    connection = sqlite3.connect(database)
    for trigger in ("events_no_update", "events_no_delete"):
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


SWAP = (
    "UPDATE events SET number = -1 WHERE number = 4; UPDATE events SET number = 4 WHERE number = 5;"
    "UPDATE events SET number = 5 WHERE number = -1"
)
INSERTED = (
    "INSERT INTO events SELECT 100, wall_ns, mono_ns, clock_offset_ms, actor, kind, account_id, "
    "plan_id, intent_id, reason, body, own_hash, own_hash FROM events WHERE number = 12"
)
TAMPERED = {
    "dropped": (("DELETE FROM events WHERE number = 5",), "Events 5 to 5 are missing"),
    "first dropped": (("DELETE FROM events WHERE number = 1",), "Events 1 to 1 are missing"),
    "changed": (
        ("UPDATE events SET reason = 'nothing' WHERE number = 5",),
        "Event 5 was changed after it was written",
    ),
    "time changed": (
        ("UPDATE events SET wall_ns = wall_ns - 1 WHERE number = 5",),
        "Event 5 was changed",
    ),
    "swapped": (tuple(SWAP.split(";")), "Event 4 "),
    "inserted": (
        (INSERTED,),
        f"Events {FACTS + 1} to 99 are missing",
    ),
    "replaced with a right hash of its own": (
        ("UPDATE events SET own_hash = zeroblob(32) WHERE number = 5",),
        "Event 6 does not follow event 5",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_p24_tampering_is_found(
    folder: DataFolder, clock: HandClock, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", 5)
    statements, finding = TAMPERED[how]
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        await fill(store)
        assert await store.history.verify() == ()
        unguarded(folder.database, *statements)
        problems = await store.history.verify()
        assert any(finding in problem for problem in problems), problems


def line_changes() -> dict[str, Callable[[list[str]], list[str]]]:
    return {
        "dropped": lambda lines: lines[:3] + lines[4:],
        "changed": lambda lines: [*lines[:3], lines[3].replace("=Sent", "=sent"), *lines[4:]],
        "swapped": lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
        "inserted": lambda lines: [*lines[:3], lines[3], *lines[3:]],
    }


@pytest.mark.parametrize("how", line_changes())
async def test_p24_tampering_with_an_export_is_found(
    store: Store, tmp_path: Path, how: str
) -> None:
    await fill(store)
    target = tmp_path / "audit.json"
    assert await store.history.export_events(target) == FACTS
    assert verify_export(target) == ()
    lines = target.read_text().splitlines(keepends=True)
    target.write_text("".join(line_changes()[how](lines)))
    assert verify_export(target)


async def test_an_export_for_a_spreadsheet_runs_no_formula(store: Store, tmp_path: Path) -> None:
    await fill(store)
    target = tmp_path / "audit.csv"
    assert await store.history.export_events(target) == FACTS
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(n + 1) for n in range(FACTS)]
    assert rows[0]["reason"] == "'=Sentence 0"
    with pytest.raises(ValueError, match=r"must end in \.csv or \.json"):
        await store.history.export_events(tmp_path / "audit.txt")


async def test_history_reads_newest_first_and_filters(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    for rank, (intent, attempt) in enumerate(zip(plan.intents, attempts, strict=False)):
        timing = Timing(1_000_000, 2_000_000, (61 + rank) * 1_000_000)
        view = view_of(intent, attempt, State.ACKED, broker_order_id=f"B{rank}", timing=timing)
        store.journal.append(OrderChanged(view, "SENDING"))
    settled = PlanSettled(plan.plan_id, 4, 3, 0, 1, 0, 1.5, 2.5, 60.5, 61.5, NOON_NS)
    store.journal.append(settled)
    await fill(store)
    past = await store.history.plans(5)
    assert [(one.plan_id, one.intents, one.settled) for one in past] == [(plan.plan_id, 4, settled)]
    assert past[0].terms == plan.signal.terms
    samples = await store.history.latency(2)
    assert [sample.timing.call_to_reply_ms for sample in samples] == [61.0, 62.0]
    assert [sample.rank for sample in samples] == [1, 2]
    orders = await store.history.orders(2)
    assert [order.account_id for order in orders] == ["follower-003", "follower-002"]
    assert await store.history.orders(10, plan_id="P-other") == ()
    newest = await store.history.events(3)
    assert [event.reason for event in newest] == [f"=Sentence {n}" for n in (11, 10, 9)]
    older = await store.history.events(3, before=newest[-1].number)
    assert older[0].reason == "=Sentence 8"
    (found,) = await store.history.events(10, text="SENTENCE 7")
    assert found.reason == "=Sentence 7"
    assert len(await store.history.events(10, plan_id=plan.plan_id)) == 5
    assert len(await store.history.events(99, kind="OrderChanged")) == 3


async def test_p24_a_seal_names_the_fact_before_it_and_nothing_comes_between(store: Store) -> None:
    await fill(store)
    store.journal.append(
        Alarm(Severity.INFO, "late", "Queued when the seal is asked for.", NOON_NS)
    )
    seal = await store.journal.seal_day(DAY_SEAL)
    assert seal.events == FACTS + 1
    assert await store.history.verify() == ()
    assert await store.seals.newest(DAY_SEAL.day) == seal


async def test_p24_a_trail_that_was_written_anew_does_not_fit_its_seal(
    folder: DataFolder, clock: HandClock
) -> None:
    """Somebody changes a fact and makes every later hash right, but not what the seal says."""
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        await fill(store)
        await store.journal.seal_day(DAY_SEAL)
        await fill(store)
        connection = sqlite3.connect(folder.database)
        connection.execute("DROP TRIGGER events_no_update")
        rows = [
            EventRow(*row)
            for row in connection.execute(
                "SELECT number, wall_ns, mono_ns, clock_offset_ms, actor, kind, account_id, "
                "plan_id, intent_id, reason, body, previous_hash, own_hash FROM events "
                "ORDER BY number"
            )
        ]
        head = rows[3].own_hash
        for row in rows[4:]:
            fact = Fact(*row[1:11])
            forged = fact._replace(reason="nothing") if row.number == 5 else fact
            made = chained(forged, row.number, head)
            head = made.own_hash
            connection.execute(
                "UPDATE events SET reason = ?, previous_hash = ?, own_hash = ? WHERE number = ?",
                (made.reason, made.previous_hash, made.own_hash, made.number),
            )
        connection.commit()
        connection.close()
        assert await store.history.verify() == (
            f"The seal in event {FACTS + 1} is not of the events before it.",
        )


@pytest.mark.expected_log("not after the reserve was dropped|came back from the emergency journal")
async def test_a_full_disk_seals_nothing_and_is_told(folder: DataFolder, clock: HandClock) -> None:
    script = Script(FaultOfDisk.FULL)
    seams = replace(SMALL, connecting=Connecting(failing(script)))
    told: list[str] = []
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        store.journal.on_failure = told.append
        await fill(store)
        script.first = script.seen + 1
        with pytest.raises(JournalFailureError, match="disk is full"):
            await store.journal.seal_day(DAY_SEAL)
        assert len(told) == 1
        assert await store.seals.newest(DAY_SEAL.day) is None
        script.heal()
        again = await store.journal.seal_day(DAY_SEAL)
        assert await store.seals.newest(DAY_SEAL.day) == again
        assert await store.history.verify() == ()
