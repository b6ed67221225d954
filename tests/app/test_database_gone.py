"""The database is deleted, moved or replaced under a running console."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from copytrade_gui.app.upkeep import keep_lamps
from copytrade_gui.domain.events import Event, LampChanged
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.storage.files.folder import DataFolder
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world


def delete(database: Path) -> None:
    database.unlink()


def delete_with_its_log(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)


def delete_the_log_alone(database: Path) -> None:
    database.with_name(database.name + "-wal").unlink()


def delete_the_order_log(database: Path) -> None:
    DataFolder(database.parent).order_log.unlink()


def move(database: Path) -> None:
    database.rename(database.with_name("elsewhere.db"))


def put_a_copy_in_its_place(database: Path) -> None:
    shutil.copy2(database, database.with_name("copy.db"))
    database.with_name("copy.db").replace(database)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody take a file that is open")
@pytest.mark.parametrize(
    "take_away",
    [
        delete,
        delete_with_its_log,
        delete_the_log_alone,
        delete_the_order_log,
        move,
        put_a_copy_in_its_place,
    ],
)
def test_nothing_leaves_and_nothing_is_lost(take_away: Callable[[Path], None]) -> None:
    lamps: list[LampChanged] = []

    def hear(event: Event) -> None:
        if isinstance(event, LampChanged) and event.name == "database":
            lamps.append(event)

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, "before", away=60)
        await made.clock.sleep(5)
        console.engine.bus.subscribe(hear)
        work = asyncio.get_running_loop().create_task(
            keep_lamps(console.engine, console.store, console.broker, made.clock, lambda: None)
        )
        await made.clock.sleep(2.5)
        take_away(console.store.folder.database)
        sent = len(made.wire)
        with pytest.raises(DeniedError, match="while the console uses it"):
            await press(console, "after", away=60)
        await made.clock.sleep(1.5)
        assert console.engine.gate.state is TradingState.HALT
        assert lamps[-1].state == "bad"
        assert "nothing new is sent" in lamps[-1].words
        with pytest.raises(JournalFailureError, match="while the console uses it"):
            await console.engine.resume("operator", "I see nothing")
        assert len(made.wire) == sent
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    async def after(console: Console) -> None:
        copies = console.store.folder.backups.glob("*-rescued.db")
        assert list(copies)
        if take_away is delete or take_away is delete_with_its_log or take_away is move:
            assert len(await console.store.history.orders(100)) == 3
            assert "rescued" in console.store.opening.sentences[0]

    with world(2) as made:
        made.live(script)
        made.live(after)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody take a file that is open")
def test_what_waits_for_an_answer_does_not_leave_once_the_database_is_gone() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "first", away=60)
        await press(console, "queued", away=60)  # it waits for the answers to the first
        await console.world.clock.sleep(0.1)
        delete(console.store.folder.database)
        await console.world.clock.sleep(5)
        assert console.engine.gate.state is TradingState.HALT

    async def after(console: Console) -> None:
        assert "rescued" in console.store.opening.sentences[0]
        assert len(await console.store.history.orders(100)) == 6

    with world(2, switches=Switches(latency_ms=400, jitter_ms=0)) as made:
        made.live(script)
        made.live(after)
        assert len(made.broker.ledger.wire) == 3
