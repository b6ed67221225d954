"""What is on the disk before an order's first byte, and what the next start makes of it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.events import OrderChanged, PlanVoided
from copytrade_gui.domain.order import State
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.journal import journal as points
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.faulty import Fault, Script, failing
from tests.storage.samples import (
    DAY,
    NOON_NS,
    HandClock,
    first_attempts,
    make_attempt,
    make_plan,
    view_of,
)
from tests.storage.test_journal import counted
from tests.waiting import until


class PowerCutError(Exception):
    """The program stops here."""


async def cut_off(folder: DataFolder, clock: HandClock, *, waves: bool = False) -> None:
    """A program that ends after a plan was recorded (and its followers marked), before any fact."""
    with suppress(PowerCutError):
        async with open_store(folder, clock, inline=True, seams=SMALL) as store:
            plan = make_plan()
            attempts = first_attempts(plan)
            if waves:
                await store.journal.commit_plan(plan, attempts[:1])
                await store.journal.commit_attempts(attempts[1:])
            else:
                await store.journal.commit_plan(plan, attempts)
            store.journal._facts._queue.clear()  # what the power took
            raise PowerCutError


def states_of(store: Store) -> list[str]:
    with closing(sqlite3.connect(store.database.path)) as connection:
        rows = connection.execute(
            "SELECT a.state FROM intents i LEFT JOIN attempts a "
            "ON a.intent_number = i.intent_number ORDER BY i.send_rank"
        )
        return [row[0] for row in rows]


@pytest.mark.parametrize("waves", [False, True], ids=["at once", "followers later"])
async def test_a_plan_that_was_only_recorded_is_there_after_the_start(
    folder: DataFolder, clock: HandClock, waves: bool
) -> None:
    await cut_off(folder, clock, waves=waves)
    plan = make_plan()
    for _ in range(2):  # and once more: nothing is made twice
        async with open_store(folder, clock, inline=True, seams=SMALL) as store:
            work = await store.journal.load(DAY)
            assert work.plans == (plan,)
            assert [view.state for view in work.orders] == [*[State.SENDING] * 3, State.BLOCKED]
            tags = {attempt.tag for attempt in first_attempts(plan)}
            assert work.known_tags.keys() == tags
            assert await store.history.verify() == ()
            assert counted(store, "SELECT count(*) FROM events") == 1 + waves
            assert not await store.journal.commit_plan(plan, [])  # a press repeated: known


@pytest.mark.parametrize("point", [points.BEFORE_EXPANSION, points.AFTER_EXPANSION])
@pytest.mark.parametrize("waves", [False, True], ids=["at once", "followers later"])
async def test_a_start_that_is_cut_off_while_it_expands_is_made_good_by_the_next(
    folder: DataFolder, clock: HandClock, point: str, waves: bool
) -> None:
    await cut_off(folder, clock, waves=waves)

    def cut(name: str) -> None:
        if name == point:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        async with open_store(
            folder, clock, inline=True, seams=Seams(fault_point=cut, reserve_bytes=65_536)
        ):
            pytest.fail("it opened")
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        work = await store.journal.load(DAY)
        assert work.plans == (make_plan(),)
        assert [view.state for view in work.orders] == [*[State.SENDING] * 3, State.BLOCKED]
        assert await store.history.verify() == ()


@pytest.mark.expected_log("a commit failed")
async def test_a_plan_that_was_refused_but_is_on_the_disk_stays_void_after_a_start(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.STORED_BUT_FAILED)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=65_536)
    plan = make_plan()
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        script.first = script.last = script.seen + 1
        with pytest.raises(JournalFailureError):
            await store.journal.commit_plan(plan, first_attempts(plan))
        store.journal.append(PlanVoided(plan.plan_id, "It could not be stored.", NOON_NS))
        await store.journal.flush()
        assert len(await store.order_log.rows()) == 1
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        work = await store.journal.load(DAY)
        assert [view.state for view in work.orders] == [*[State.SKIPPED] * 3, State.BLOCKED]
        assert states_of(store) == ["NOT_SENT"] * 3 + [None]
        assert await store.history.verify() == ()


@pytest.mark.expected_log("came back from the emergency journal")
@pytest.mark.expected_log("not stored as usual")
@pytest.mark.expected_log("also not after the reserve was dropped")
async def test_what_waits_in_the_emergency_journal_keeps_its_place_before_what_was_not_expanded(
    folder: DataFolder, clock: HandClock
) -> None:
    """The database fails after the plan was recorded: its fact waits outside, numbered."""
    script = Script(Fault.IO)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=65_536)
    one, two = make_plan("c1"), make_plan("c2")
    with suppress(PowerCutError):
        async with open_store(folder, clock, inline=True, seams=seams) as store:
            await store.journal.commit_plan(one, first_attempts(one))
            await store.journal.commit_plan(two, first_attempts(two))
            # The second plan's fact is lost with the power.
            taken = store.journal._facts._queue.pop()
            first = first_attempts(one)[0]
            gone = view_of(one.intents[0], first, State.NOT_SENT, reason="No connection.")
            store.journal.append(OrderChanged(gone, "SENDING"))
            script.first = script.seen + 1
            await store.journal.flush()
            assert taken
            raise PowerCutError
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert (await store.journal.load(DAY)).plans == (one, two)
        # The first plan's record, what became of its order, the second plan's record.
        assert counted(store, "SELECT count(*) FROM events") == 3
        assert await store.history.verify() == ()


async def test_a_sealed_day_empties_the_order_log_and_its_plans_stay_known(
    folder: DataFolder, clock: HandClock
) -> None:
    plan = make_plan()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        await store.journal.commit_plan(plan, first_attempts(plan))
        await store.journal.seal_day(DaySeal(DAY, 4, 0, 4, 0, (), "trader", NOON_NS))
        assert await store.order_log.rows() == []
        assert not await store.journal.commit_plan(plan, first_attempts(plan))
        assert await store.history.verify() == ()


async def test_an_order_that_leaves_while_its_day_is_sealed_is_there_after_a_power_cut(
    folder: DataFolder, clock: HandClock
) -> None:
    """Until its plan has its rows in the database, the order log is all that knows of it."""
    plan = make_plan("evening")
    async with open_store(folder, clock, seams=SMALL) as store:
        seal = DaySeal(DAY, 0, 0, 0, 0, (), "trader", NOON_NS)
        with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the seal waits for the database, orders do not
            sealing = asyncio.create_task(store.journal.seal_day(seal))
            await until(lambda: store.journal._trail.number == 1)  # the seal is on its way
            assert await store.journal.commit_plan(plan, first_attempts(plan))
            other.execute("ROLLBACK")
        await sealing
        logged = {row.plan_id for row in await store.order_log.rows()}
        assert counted(store, "SELECT count(*) FROM plans") or plan.plan_id in logged
        await store.journal.flush()
        await store.journal.seal_day(seal)
        assert await store.order_log.rows() == []


async def test_earlier_days_do_not_fill_the_order_log(folder: DataFolder, clock: HandClock) -> None:
    yesterday = make_plan("c1", made_ns=NOON_NS - 86_400 * 10**9)
    today = make_plan("c2")
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        for plan in (yesterday, today):
            await store.journal.commit_plan(plan, first_attempts(plan))
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert [row.plan_id for row in await store.order_log.rows()] == [today.plan_id]
        assert len((await store.journal.load(DAY - timedelta(days=1))).plans) == 2


@pytest.mark.expected_log("Order log .* (was missing|was damaged|is older)")
@pytest.mark.parametrize("how", ["missing", "damaged", "older"])
async def test_an_order_log_that_is_not_the_one_of_before_is_said(
    folder: DataFolder, clock: HandClock, how: str
) -> None:
    old = b""
    for number in range(2):
        async with open_store(folder, clock, inline=True, seams=SMALL) as store:
            plan = make_plan(f"c{number}")
            await store.journal.commit_plan(plan, first_attempts(plan))
        old = old or folder.order_log.read_bytes()
    if how == "missing":
        folder.order_log.unlink()
    elif how == "damaged":
        folder.order_log.write_bytes(b"noise" * 5_000)
    else:
        folder.order_log.write_bytes(old)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        (sentence,) = store.opening.sentences
        assert how in sentence
        assert "Compare every account with the broker" in sentence
        # Whatever became of it, everything of it is in the database.
        assert len((await store.journal.load(DAY)).plans) == 2
        later = make_plan("c9")
        assert await store.journal.commit_plan(later, first_attempts(later))


async def test_later_tries_are_rows_of_the_trail_too(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    gone = view_of(plan.intents[0], attempts[0], State.NOT_SENT, reason="No connection.")
    store.journal.append(OrderChanged(gone, "SENDING"))
    await store.journal.commit_attempts([make_attempt(plan.intents[0], 2)])
    assert counted(store, "SELECT count(*) FROM attempts") == 4
    assert await store.history.verify() == ()


@pytest.mark.expected_log("a commit failed")
@pytest.mark.parametrize("restarts", [False, True], ids=["tried again", "after a start"])
async def test_a_later_try_that_was_refused_but_is_on_the_disk_is_there_once(
    folder: DataFolder, clock: HandClock, restarts: bool
) -> None:
    script = Script(Fault.STORED_BUT_FAILED)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=65_536)
    plan = make_plan()
    attempts = first_attempts(plan)
    again = make_attempt(plan.intents[0], 2)
    with suppress(PowerCutError):
        async with open_store(folder, clock, inline=True, seams=seams) as store:
            await store.journal.commit_plan(plan, attempts)
            gone = view_of(plan.intents[0], attempts[0], State.NOT_SENT, reason="No connection.")
            store.journal.append(OrderChanged(gone, "SENDING"))
            await store.journal.flush()
            script.first = script.last = script.seen + 1
            with pytest.raises(JournalFailureError):
                await store.journal.commit_attempts([again])
            assert not store.journal.healthy
            script.heal()
            if restarts:
                raise PowerCutError
            await store.journal.flush()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert counted(store, "SELECT count(*) FROM attempts") == 4
        assert again.tag in (await store.journal.load(DAY)).known_tags
        assert await store.history.verify() == ()


@pytest.mark.parametrize("kind", ["plan", "wave"])
async def test_a_record_that_cannot_be_read_refuses_the_start_and_says_what_to_do(
    folder: DataFolder, clock: HandClock, kind: str
) -> None:
    await cut_off(folder, clock, waves=True)
    with closing(sqlite3.connect(folder.order_log, isolation_level=None)) as connection:
        connection.execute("UPDATE records SET body = '{}' WHERE kind = ?", (kind,))
    with pytest.raises(JournalFailureError, match="so what it sent is not known"):
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pytest.fail("it opened")
