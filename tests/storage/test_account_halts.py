"""How the halt of one account is kept: at once, the newest counts, whatever happens to the disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from copytrade_gui.domain.events import AccountHalted, AccountHaltLifted, Alarm, Severity
from copytrade_gui.domain.halt import AccountHalt, Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.database import cursor_of
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.journal.chain import EventRow
from copytrade_gui.storage.journal.projection import store_events
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.faulty import Fault, Script, failing
from tests.storage.samples import DAY, NOON_NS, HandClock
from tests.storage.test_p17_disk import a_bad_disk
from tests.waiting import until

TWICE = Finding("duplicate B2", "DUPLICATE: orders B1 and B2 carry one tag.")
HALT = AccountHalt(AccountId("F-1"), "C1", (TWICE,), NOON_NS)
LIFTED = replace(HALT, findings=(), since_ns=0, accepted=(TWICE,), lifted_ns=NOON_NS + 9)
OTHER = AccountHalt(AccountId("F_1"), "C2", (TWICE,), NOON_NS)


async def test_a_halt_is_stored_without_waiting_for_a_group(store: Store) -> None:
    """The hand clock stands still: no timer of the journal runs."""
    store.journal.append(Alarm(Severity.INFO, "before", "Nothing.", NOON_NS))
    store.journal.append(AccountHalted(HALT))
    with closing(sqlite3.connect(f"file:{store.folder.database}?mode=ro", uri=True)) as reader:
        stored = "SELECT kind FROM events ORDER BY number"
        await until(lambda: reader.execute(stored).fetchall())
        assert [kind for (kind,) in reader.execute(stored)] == ["Alarm", "AccountHalted"]


async def test_the_newest_word_on_each_account_is_loaded_on_any_day(store: Store) -> None:
    assert (await store.journal.load(DAY)).halts == ()
    store.journal.append(AccountHalted(HALT))
    store.journal.append(AccountHalted(OTHER))
    assert (await store.journal.load(DAY)).halts == (HALT, OTHER)
    store.journal.append(AccountHaltLifted(LIFTED, "operator", "looked"))
    assert (await store.journal.load(DAY + timedelta(days=40))).halts == (OTHER, LIFTED)


async def test_accounts_that_halt_together_are_stored_together(store: Store) -> None:
    halts = tuple(replace(HALT, account_id=AccountId(f"F-{number}")) for number in range(40))
    for halt in halts:
        store.journal.append(AccountHalted(halt))
    assert (await store.journal.load(DAY)).halts == halts
    assert store.journal.healthy


@a_bad_disk
async def test_a_halt_that_found_a_full_disk_is_there_at_the_next_start(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.FULL)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=64 * 1024)
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        store.journal.append(AccountHalted(HALT))
        await store.journal.flush()
        store.journal.append(AccountHaltLifted(LIFTED, "operator", "looked"))
        await store.journal.flush()
        script.first = script.seen + 1
        store.journal.append(AccountHalted(HALT))
        await store.journal.flush()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert (await store.journal.load(DAY)).halts == (HALT,)


def store_again(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    with cursor_of(connection) as cursor:
        store_events(cursor, [EventRow(*row) for row in rows])


async def test_an_old_fact_that_is_replayed_changes_nothing(
    folder: DataFolder, clock: HandClock
) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        store.journal.append(AccountHalted(HALT))
        await store.journal.flush()
        rows = await store.database.read(
            lambda one: [tuple(row) for row in one.exec_driver_sql("SELECT * FROM events")]
        )
        store.journal.append(AccountHaltLifted(LIFTED, "operator", "looked"))
        await store.journal.flush()
        await store.database.write(lambda one: store_again(one, rows))
        assert (await store.journal.load(DAY)).halts == (LIFTED,)


async def test_a_halt_that_cannot_be_read_is_not_taken_for_none(store: Store) -> None:
    await store.database.write(
        lambda one: one.exec_driver_sql("INSERT INTO meta VALUES ('halt of F-1', '77')")
    )
    with pytest.raises(JournalFailureError, match="cannot be read"):
        await store.journal.load(DAY)
