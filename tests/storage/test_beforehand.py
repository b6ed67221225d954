"""A plan that is laid out beforehand: stored by its commit, as it was pressed, or not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from msgspec import structs

from copytrade_gui.domain.events import Alarm, OrderChanged, Severity
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Attempt, Plan
from copytrade_gui.storage.folder import DataFolder
from copytrade_gui.storage.store import Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import DAY, NOON_NS, HandClock, first_attempts, make_plan, view_of
from tests.storage.test_journal import counted

PRESSED_NS = NOON_NS + 7_000_000_000
MARKED_NS = PRESSED_NS + 1_000_000


def pressed(plan: Plan) -> Plan:
    """The plan as it is made when the operator presses."""
    action = replace(plan.action, made_ns=PRESSED_NS)
    return replace(plan, action=action, made_ns=PRESSED_NS, made_mono_ns=12_000_000)


def marked(attempts: list[Attempt]) -> list[Attempt]:
    return [structs.replace(attempt, marked_ns=MARKED_NS) for attempt in attempts]


def is_open(store: Store) -> bool:
    """True while a transaction is open in the file."""
    with closing(sqlite3.connect(store.database.path, isolation_level=None, timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
        return False


async def lay_out(store: Store, clock: HandClock, plan: Plan, attempts: list[Attempt]) -> None:
    store.journal.rehearse_plan(plan, attempts)
    await be_quiet(store, clock)


async def be_quiet(store: Store, clock: HandClock) -> None:
    """Nothing is written for long enough."""
    await clock.advance(0.2)
    laying = store.journal._beforehand._task
    if laying is not None:
        await laying


def times(store: Store) -> tuple[set[int], ...]:
    with closing(sqlite3.connect(store.database.path)) as connection:
        return tuple(
            {row[0] for row in connection.execute(sql)}
            for sql in (
                "SELECT made_ns FROM actions",
                "SELECT made_ns FROM plans",
                "SELECT made_mono_ns FROM plans",
                "SELECT changed_ns FROM intents WHERE state = 'SENDING'",
                "SELECT changed_ns FROM intents WHERE state <> 'SENDING'",
                "SELECT marked_ns FROM attempts",
            )
        )


@pytest.mark.parametrize("followers", [3, 100, 600])
async def test_it_is_stored_by_its_commit_with_the_times_of_the_press(
    store: Store, clock: HandClock, followers: int
) -> None:
    before = make_plan("before")
    await store.journal.commit_plan(before, first_attempts(before))
    plan = make_plan(followers=followers)
    attempts = first_attempts(plan)
    await lay_out(store, clock, plan, attempts)
    assert is_open(store)
    assert counted(store, "SELECT count(*) FROM plans") == 1
    assert (await store.journal.load(DAY)).plans == (before,)
    assert await store.journal.commit_plan(pressed(plan), marked(attempts))
    assert not is_open(store)
    work = await store.journal.load(DAY)
    assert work.plans == (before, pressed(plan))
    assert work.known_tags.keys() >= {attempt.tag for attempt in attempts}
    with_before = {NOON_NS}, {NOON_NS}, {5_000_000}, {NOON_NS + 1}, {NOON_NS}, {NOON_NS + 1}
    stored = {PRESSED_NS}, {PRESSED_NS}, {12_000_000}, {MARKED_NS}, {PRESSED_NS}, {MARKED_NS}
    assert times(store) == tuple(one | two for one, two in zip(with_before, stored, strict=True))


async def test_it_is_the_same_in_the_file_as_a_plan_nobody_laid_out(
    store: Store, clock: HandClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan = make_plan(followers=40)
    attempts = first_attempts(plan)
    await lay_out(store, clock, plan, attempts)
    assert await store.journal.commit_plan(pressed(plan), marked(attempts))
    folder = DataFolder(tmp_path_factory.mktemp("other"))
    async with open_store(folder, HandClock(), inline=True, seams=SMALL) as other:
        assert await other.journal.commit_plan(pressed(plan), marked(attempts))
        tables = ("actions", "plans", "intents", "attempts", "order_terms", "instruments_used")
        assert [content(store, table) for table in tables] == [
            content(other, table) for table in tables
        ]


def content(store: Store, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store.database.path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - tables of ours


async def test_whatever_else_is_written_goes_first_and_it_is_laid_out_again(
    store: Store, clock: HandClock
) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await lay_out(store, clock, plan, attempts)
    journal = store.journal
    assert await journal.commit_command(CommandId("k"), "trader", "pause", "", "why", NOON_NS)
    journal.append(Alarm(Severity.INFO, "a", "Words.", NOON_NS))
    await journal.flush()
    assert counted(store, "SELECT count(*) FROM commands") == 1
    assert counted(store, "SELECT count(*) FROM events") == 2
    assert counted(store, "SELECT count(*) FROM plans") == 0
    assert not is_open(store)
    assert await journal.commit_plan(pressed(plan), marked(attempts))
    assert (await journal.load(DAY)).plans == (pressed(plan),)
    assert counted(store, "SELECT count(*) FROM attempts") == len(attempts)


async def test_it_is_laid_out_again_after_something_else_was_written(
    store: Store, clock: HandClock
) -> None:
    plan = make_plan()
    await lay_out(store, clock, plan, first_attempts(plan))
    assert await store.journal.commit_command(CommandId("k"), "t", "pause", "", "why", NOON_NS)
    assert not is_open(store)
    await be_quiet(store, clock)
    assert is_open(store)


@pytest.mark.parametrize("other", ["an attempt less", "another request", "other intents"])
async def test_what_comes_otherwise_is_stored_as_it_comes(
    store: Store, clock: HandClock, other: str
) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await lay_out(store, clock, plan, attempts)
    if other == "an attempt less":
        attempts = attempts[:-1]
    elif other == "another request":
        attempts = [*attempts[:-1], structs.replace(attempts[-1], payload_hash="f" * 64)]
    else:
        last = structs.replace(plan.intents[-1], reason="Other words.")
        plan = replace(plan, intents=(*plan.intents[:-1], last))
    assert await store.journal.commit_plan(pressed(plan), marked(attempts))
    assert (await store.journal.load(DAY)).plans == (pressed(plan),)
    hashes = {row[4] for row in content(store, "attempts")}
    assert hashes == {attempt.payload_hash for attempt in attempts}
    assert counted(store, "SELECT count(*) FROM attempts") == len(attempts)
    assert counted(store, "SELECT count(*) FROM intents") == len(plan.intents)


async def test_only_the_newest_is_laid_out(store: Store, clock: HandClock) -> None:
    first, second = make_plan("first"), make_plan("second")
    await lay_out(store, clock, first, first_attempts(first))
    await lay_out(store, clock, second, first_attempts(second))
    assert await store.journal.commit_plan(pressed(first), marked(first_attempts(first)))
    assert await store.journal.commit_plan(pressed(second), marked(first_attempts(second)))
    work = await store.journal.load(DAY)
    assert {plan.action.order_ref for plan in work.plans} == {"cmd:first", "cmd:second"}
    assert counted(store, "SELECT count(*) FROM instruments_used") == 1


async def test_a_plan_that_is_stored_is_not_stored_again(store: Store, clock: HandClock) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    assert await store.journal.commit_plan(plan, attempts)
    await lay_out(store, clock, plan, attempts)
    assert not is_open(store)
    assert not await store.journal.commit_plan(pressed(plan), marked(attempts))
    assert counted(store, "SELECT count(*) FROM plans") == 1
    assert (await store.journal.load(DAY)).plans == (plan,)


@pytest.mark.parametrize("inline", [True, False])
async def test_what_was_never_pressed_is_not_there_after_a_restart(
    folder: DataFolder, clock: HandClock, inline: bool
) -> None:
    plan = make_plan(followers=200)
    attempts = first_attempts(plan)
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        await lay_out(store, clock, plan, attempts)
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert (await store.journal.load(DAY)).plans == ()
        assert await store.journal.commit_plan(plan, attempts)
        view = view_of(plan.intents[0], attempts[0], State.ACKED, broker_order_id="B1")
        store.journal.append(OrderChanged(view, "SENDING"))
        await store.journal.flush()
        assert await store.history.verify() == ()


async def test_the_log_starts_anew_although_a_ticket_stays_open(
    store: Store, clock: HandClock
) -> None:
    """An open transaction must not make SQLite's log grow the whole day."""
    log = store.database.path.with_name(store.database.path.name + "-wal")
    sizes = []
    for number in range(8):
        plan = make_plan(f"c{number}", followers=100)
        attempts = first_attempts(plan)
        await lay_out(store, clock, plan, attempts)
        await clock.advance(3)
        checkpoint = store.journal._checkpoints._task
        if checkpoint is not None:
            await checkpoint
        await be_quiet(store, clock)
        assert await store.journal.commit_plan(plan, attempts)
        sizes.append(log.stat().st_size)
    assert sizes[-1] < 2 * sizes[1]
