"""A day on which writing never pauses, and a database that is taken away, in both forms."""

from __future__ import annotations

import asyncio
import sys

import pytest

from copytrade_gui.domain.events import Alarm, Severity
from copytrade_gui.storage.database import idle
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import NOON_NS, HandClock, first_attempts, make_plan

LONGEST = 512 * 1024


def write_on(store: Store, number: int) -> None:
    for part in range(50):
        words = f"{number}.{part} " + "x" * 2_000
        store.journal.append(Alarm(Severity.INFO, "test", words, NOON_NS))


async def test_the_log_stays_short_although_writing_never_pauses(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "LONGEST_LOG", LONGEST)
    log = store.database.path.with_name("copytrade.db-wal")
    written = longest = 0
    for number in range(80):
        write_on(store, number)
        await store.journal.flush()
        written += 50 * 2_000
        longest = max(longest, log.stat().st_size)
        await clock.advance(1.0)  # never two seconds without a write
        task = store.journal._checkpoints._task
        if task is not None:
            await task
    assert written > 10 * LONGEST
    assert longest < 4 * LONGEST
    assert len(await store.history.events(10_000)) == 80 * 50
    assert await store.history.verify() == ()


async def test_writers_and_readers_go_on_while_the_log_is_moved_whole(store: Store) -> None:
    async def write() -> None:
        for number in range(10):
            write_on(store, number)
            await store.journal.flush()

    async def move() -> None:
        for _ in range(10):
            await store.database.checkpoint(whole=True)
            await asyncio.sleep(0)

    async def read() -> None:
        for _ in range(10):
            await store.history.events(10)

    plan = make_plan()
    await asyncio.gather(write(), move(), read(), store.journal.commit_plan(plan, []))
    assert len(await store.history.events(10_000, kind="Alarm")) == 500
    await store.journal.commit_attempts(first_attempts(plan))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody take a file that is open")
@pytest.mark.expected_log("what was recorded is kept as")
@pytest.mark.expected_log("is missing: the copy of .*-rescued.db was restored")
@pytest.mark.parametrize("inline", [True, False])
async def test_what_was_recorded_outlives_a_deleted_database(
    folder: DataFolder, clock: HandClock, *, inline: bool
) -> None:
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        plan = make_plan()
        await store.journal.commit_plan(plan, first_attempts(plan))
        for ending in ("", "-wal", "-shm"):
            folder.database.with_name(folder.database.name + ending).unlink()
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        assert len(await store.history.orders(100)) == len(plan.intents)
