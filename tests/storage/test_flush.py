"""Facts that are being stored when the program stops."""

from __future__ import annotations

import asyncio

import pytest

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.storage.database.engines import FailureKind, SqliteFailedError
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import HandClock, first_attempts, make_plan, view_of
from tests.storage.test_journal import counted


@pytest.mark.expected_log("a group of facts was not stored as usual")
async def test_a_flush_that_is_cancelled_loses_no_fact(
    folder: DataFolder, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program stops while facts are on their way to a disk that then refuses them."""
    async with open_store(folder, clock, seams=SMALL) as store:
        plan = make_plan()
        attempts = first_attempts(plan)
        await store.journal.commit_plan(plan, attempts)
        await store.journal.flush()
        write, gone_on = store.database.write, asyncio.Event()

        async def broken() -> None:
            await gone_on.wait()
            monkeypatch.setattr(store.database, "write", write)
            raise SqliteFailedError(FailureKind.LOCKED, "database is locked")

        async def slow(_work: object) -> None:
            await asyncio.shield(asyncio.get_running_loop().create_task(broken()))

        monkeypatch.setattr(store.database, "write", slow)
        view = view_of(plan.intents[0], attempts[0], State.ACKED, broker_order_id="B1")
        store.journal.append(OrderChanged(view, "SENDING"))
        flush = asyncio.get_running_loop().create_task(store.journal.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        flush.cancel()
        await asyncio.sleep(0)
        gone_on.set()
        await asyncio.gather(flush, return_exceptions=True)
        assert flush.cancelled()
        await store.journal.flush()
        assert counted(store, "SELECT count(*) FROM broker_orders") == 1
        assert counted(store, "SELECT max(number) FROM events") == 2
