"""P25: every database a release ever wrote opens, keeps its totals, and goes on."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.storage.database.tables import SCHEMA
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.make_old_database import (
    ACCOUNTS,
    ACCOUNTS_WITHOUT_BASIS,
    ACCOUNTS_WITHOUT_ROUTE,
    FOLDER,
    LINKS,
    LINKS_OF_ONE_MASTER,
    LINKS_WITHOUT_COPIES,
    LINKS_WITHOUT_EXITS,
    LINKS_WITHOUT_GUARD,
    LINKS_WITHOUT_MULTIPLIER,
    LINKS_WITHOUT_REDUCE_DRIFT,
    LINKS_WITHOUT_WHEN_SHORT,
    SECOND,
    totals_of,
)
from tests.storage.samples import DAY, HandClock, first_attempts, make_plan

FIXTURES = sorted(FOLDER.glob("schema-*.db"))


def test_p25_every_schema_has_its_file() -> None:
    assert [path.stem for path in FIXTURES] == [f"schema-{n:04d}" for n in range(1, SCHEMA + 1)]


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("old", FIXTURES, ids=lambda path: path.stem)
async def test_p25_an_old_database_keeps_its_totals(
    folder: DataFolder, clock: HandClock, old: Path, inline: bool
) -> None:
    shutil.copy(old, folder.database)
    folder.database.chmod(0o600)
    totals = json.loads(old.with_suffix(".json").read_text())
    was = int(old.stem.rpartition("-")[2])
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        assert store.opening.upgraded_from == (None if was == SCHEMA else was)
        assert store.opening.sentences == ()
        assert totals_of(folder.database) == totals
        assert await store.history.verify() == ()
        work = await store.journal.load(DAY)
        assert len(work.plans) == totals["plans"]
        assert len(work.orders) == totals["intents"]
        assert len(work.fills) == totals["fills"]
        assert work.trading is not None
        assert work.trading.state is TradingState.HALT
        states = {view.state for view in work.orders}
        assert {State.FILLED, State.WORKING, State.UNKNOWN, State.BLOCKED} <= states
        accounts = await store.accounts.all()
        assert len(accounts) == totals["accounts"]
        one_master = [one for one in ACCOUNTS_WITHOUT_BASIS if one.account_id != SECOND]
        without = tuple(one_master) if was < 3 else ACCOUNTS_WITHOUT_BASIS
        held = ACCOUNTS_WITHOUT_ROUTE if was < 11 else ACCOUNTS
        assert accounts == (without if was < 9 else held)
        assert [one.account_id for one in accounts if not one.active] == ["follower-003"]
        expected = {
            1: LINKS_OF_ONE_MASTER, 2: LINKS_OF_ONE_MASTER,
            3: LINKS_WITHOUT_MULTIPLIER, 4: LINKS_WITHOUT_GUARD,
            5: LINKS_WITHOUT_EXITS, 6: LINKS_WITHOUT_COPIES,
            7: LINKS_WITHOUT_WHEN_SHORT,
            8: LINKS_WITHOUT_REDUCE_DRIFT, 9: LINKS_WITHOUT_REDUCE_DRIFT,
        }  # fmt: skip
        assert await store.accounts.links() == expected.get(was, LINKS)
        assert len(await store.history.latency(100)) == totals["latency"]
        plan = make_plan("new")
        assert await store.journal.commit_plan(plan, first_attempts(plan))
    if was != SCHEMA:
        assert any(f"schema-{was}" in copy.name for copy in folder.backups.iterdir())


async def test_a_follower_without_a_rule_begins_paused_and_one_without_a_master_is_kept(
    folder: DataFolder, clock: HandClock
) -> None:
    shutil.copy(FOLDER / "schema-0002.db", folder.database)
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        of = "UPDATE accounts SET {} WHERE account_id = 'follower-00{}'"
        connection.execute(of.format("strategy = NULL, parameter = NULL", 1))
        connection.execute(of.format("master_id = 'gone'", 2))
        connection.commit()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert len(await store.accounts.all()) == 6
        first, *others = await store.accounts.links()
        one = SizingRule(Strategy.RATIO, Decimal(1), 500)
        assert first == replace(LINKS_OF_ONE_MASTER[0], sizing=one, state=LinkState.PAUSED)
        assert tuple(others) == LINKS_OF_ONE_MASTER[2:]
