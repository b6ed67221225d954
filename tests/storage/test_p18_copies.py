"""P18: two consoles on one folder, two machines with one account, an old copy put back."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from copytrade_gui.domain.events import Alarm, Severity
from copytrade_gui.domain.ids import attempt_id, intent_id, is_our_tag, order_tag
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.files.problems import SecondInstanceError
from copytrade_gui.storage.store import Store, open_store
from copytrade_gui.storage.upkeep.backup import HOUR_NS, KEPT
from tests.house.source import ROOT
from tests.storage.conftest import SMALL
from tests.storage.faulty import Fault, Script, failing
from tests.storage.samples import DAY, MASTER, NOON_NS, HandClock, first_attempts, make_plan

HOLD = """
import asyncio, pathlib, sys, time
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import HandClock
async def hold():
    folder = open_folder(pathlib.Path(sys.argv[1]), 'paper')
    async with open_store(folder, HandClock(), seams=SMALL):
        print('open', flush=True)
        sys.stdin.readline()
asyncio.run(hold())
"""


def start_holding(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_p18_a_second_process_is_refused_and_the_first_goes_on(
    folder: DataFolder, clock: HandClock, tmp_path: Path
) -> None:
    first = start_holding(tmp_path / "data")
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(SecondInstanceError, match=f"process {first.pid}"):
            async with open_store(folder, clock, seams=SMALL):
                pytest.fail("two consoles opened one folder")
        first.communicate("\n")
    assert first.returncode == 0
    async with open_store(folder, clock, seams=SMALL):
        pass


async def test_p18_two_machines_never_make_one_tag(tmp_path: Path, clock: HandClock) -> None:
    keys = []
    for name in ("here", "there"):
        folder = open_folder(tmp_path / name, "paper")
        async with open_store(folder, clock, inline=True, seams=SMALL) as store:
            keys.append(store.installation.tag_key)
    plan = make_plan()
    attempt = attempt_id(intent_id(plan.plan_id, MASTER, 1), 1)
    tags = [order_tag(key, attempt) for key in keys]
    assert tags[0] != tags[1]
    assert all(is_our_tag(tag) for tag in tags)


async def backed_up(store: Store, clock: HandClock) -> Path:
    plan = make_plan("before")
    await store.journal.commit_plan(plan, first_attempts(plan))
    copy = await store.backups.make(store.database, store.order_log, clock.wall_ns())
    assert copy is not None
    later = make_plan("after")
    await store.journal.commit_plan(later, first_attempts(later))
    store.journal.append(Alarm(Severity.INFO, "later", "Words.", NOON_NS))
    return copy


@pytest.mark.expected_log("is older than the one used last")
@pytest.mark.parametrize("restarts", [0, 2])
async def test_p18_an_old_copy_put_back_is_noticed_and_begins_a_new_epoch(
    folder: DataFolder, clock: HandClock, restarts: int
) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        copy = await backed_up(store, clock)
        key = store.installation.tag_key
    for _ in range(restarts):
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pass
    shutil.copy(copy, folder.database)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.installation.epoch == 2
        assert store.installation.tag_key != key
        assert any("check every account" in sentence for sentence in store.warnings)
        plans = (await store.journal.load(DAY)).plans
        # The order log still knows what was sent after the copy was made.
        assert [plan.signal.order_ref for plan in plans] == ["cmd:before", "cmd:after"]
        assert await store.history.verify() == ()
    shutil.copy(copy, folder.database)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.installation.epoch == 3  # not 2 again: those tags are at the broker


async def test_p18_a_normal_start_keeps_its_epoch_and_key(
    folder: DataFolder, clock: HandClock
) -> None:
    seen = set()
    for _ in range(3):
        async with open_store(folder, clock, inline=True, seams=SMALL) as store:
            seen.add((store.installation.epoch, store.installation.tag_key))
            assert store.opening.sentences == ()
            store.journal.append(Alarm(Severity.INFO, "a", "Words.", NOON_NS))
    assert len(seen) == 1


async def test_p18_after_a_crash_nothing_is_taken_for_an_old_copy(
    folder: DataFolder, clock: HandClock
) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        store.journal.append(Alarm(Severity.INFO, "a", "Words.", NOON_NS))
        await store.journal.flush()
        await clock.advance(3)  # the witness learns of it
        store.journal.append(Alarm(Severity.INFO, "b", "Words.", NOON_NS))
        await store.journal.flush()
        crashed = folder.root.with_name("crashed")
        shutil.copytree(folder.root, crashed)
    async with open_store(DataFolder(crashed), clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert len(await store.history.events(10)) == 2


async def test_p18_a_crash_while_a_group_is_being_stored_is_no_old_copy(
    folder: DataFolder, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts are numbered before they are stored: the witness may know of no more than is there."""
    crashed = folder.root.with_name("crashed")
    async with open_store(folder, clock, seams=SMALL) as store:
        store.journal.append(Alarm(Severity.INFO, "a", "Words.", NOON_NS))
        await store.journal.flush()

        async def a_group_begins_meanwhile(*, whole: bool = False) -> None:
            store.journal.append(Alarm(Severity.INFO, "b", "Words.", NOON_NS))
            await clock.advance(0.030)

        monkeypatch.setattr(store.order_log, "checkpoint", a_group_begins_meanwhile)
        with closing(sqlite3.connect(folder.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the group waits, as it does for a slow disk
            before = folder.witness.read_bytes()
            await clock.advance(3)
            await asyncio.gather(
                *(one for one in asyncio.all_tasks() if one.get_name() == "journal checkpoint")
            )
            assert folder.witness.read_bytes() != before
            shutil.copytree(folder.root, crashed)
            other.execute("ROLLBACK")
    async with open_store(DataFolder(crashed), clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert len(await store.history.events(10)) == 1


@pytest.mark.expected_log("a group of facts|came back from the emergency|database is locked")
async def test_p18_facts_that_wait_in_the_emergency_journal_make_no_old_copy(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.LOCKED)
    seams = replace(SMALL, connecting=Connecting(failing(script)))
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        store.journal.append(Alarm(Severity.INFO, "a", "Words.", NOON_NS))
        await store.journal.flush()
        script.first = script.seen + 1
        store.journal.append(Alarm(Severity.INFO, "b", "Words.", NOON_NS))
        await clock.advance(3)  # the witness is told how far the database has come
        crashed = folder.root.with_name("crashed")
        shutil.copytree(folder.root, crashed)
        script.heal()
    async with open_store(DataFolder(crashed), clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert len(await store.history.events(10)) == 2


@pytest.mark.parametrize("inline", [True, False])
async def test_backups_are_hourly_sound_and_fourteen(
    folder: DataFolder, clock: HandClock, inline: bool
) -> None:
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        made = 0
        for minute in range(0, 60 * (KEPT + 3), 20):
            now = NOON_NS + minute * 60 * 10**9
            made += await store.backups.hourly(store.database, store.order_log, now) is not None
        copies = store.backups.newest_first()
        assert made == (NOON_NS + minute * 60 * 10**9) // HOUR_NS - NOON_NS // HOUR_NS + 1
        assert len(copies) == KEPT
        assert store.backups.newest_sound() == copies[0]
        copies[0].write_bytes(b"")
        assert store.backups.newest_sound() == copies[1]


@pytest.mark.expected_log("no backup was made")
async def test_a_backup_that_cannot_be_made_leaves_nothing_and_stops_nothing(
    folder: DataFolder, clock: HandClock
) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        folder.backups.rmdir()
        folder.backups.write_text("in the way")
        assert await store.backups.make(store.database, store.order_log, clock.wall_ns()) is None
        plan = make_plan()
        assert await store.journal.commit_plan(plan, first_attempts(plan))
