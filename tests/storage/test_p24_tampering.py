"""P24: every column of a stored plan, its children and its attempts, changed one at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import FillSeen, OrderChanged, PlanSettled
from copytrade_gui.domain.ids import BrokerOrderId, TradeId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Fill, Timing
from copytrade_gui.storage.database.tables import METADATA
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.journal.verify import verify
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import (
    NIFTY_CALL,
    NOON_NS,
    HandClock,
    first_attempts,
    make_attempt,
    make_plan,
    terms,
    view_of,
)

TABLES = (
    "actions",
    "plans",
    "order_terms",
    "instruments_used",
    "intents",
    "attempts",
    "broker_orders",
    "latency_samples",
    "fills",
)
OWN_NUMBERS = {
    ("broker_orders", "broker_order_row"),
    ("fills", "fill_row"),
}
"""Row numbers that nothing else names: another one says nothing else."""
COLUMNS = [
    (table, column.name)
    for table in TABLES
    for column in METADATA.tables[table].columns
    if (table, column.name) not in OWN_NUMBERS
]


async def trade(folder: DataFolder, clock: HandClock) -> None:
    """Plans with a fill, a repeat, orders that left later, and one that was blocked."""
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        for number in range(2):
            base = terms(650, "101.35", NIFTY_CALL) if number else None
            plan = make_plan(f"c{number}", base=base)
            attempts = first_attempts(plan)
            await store.journal.commit_plan(plan, attempts[:2], "ab" * 32)
            await store.journal.commit_attempts(attempts[2:], "cd" * 32)
            for rank, (intent, attempt) in enumerate(zip(plan.intents, attempts, strict=False)):
                if rank == 0:
                    view = view_of(intent, attempt, State.NOT_SENT, reason="No connection.")
                    store.journal.append(OrderChanged(view, "SENDING"))
                    attempt = make_attempt(intent, 2)  # noqa: PLW2901 - its second try
                    await store.journal.commit_attempts([attempt], "ef" * 32)
                order = f"B{number}-{rank}"
                view = view_of(
                    intent,
                    attempt,
                    State.PARTIAL,
                    broker_order_id=order,
                    filled=5,
                    average="1500.05",
                    timing=Timing(1_000, 2_000, 61_000_000),
                )
                store.journal.append(OrderChanged(view, "SENDING"))
                fill = Fill(
                    intent.account_id,
                    TradeId(f"T{number}-{rank}"),
                    BrokerOrderId(order),
                    5,
                    Decimal("1500.05"),
                    "23-Nov-2026 12:00:01",
                )
                store.journal.append(FillSeen(fill))
            settled = PlanSettled(plan.plan_id, 4, 3, 0, 1, 0, 1.5, 2.5, 60.5, 61.5, NOON_NS)
            store.journal.append(settled)
        await store.journal.flush()
        assert await store.history.verify() == ()


def tamper(folder: DataFolder, table: str, column: str) -> None:
    """Change one value of the table's second row, past every guard."""
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        (row, value) = connection.execute(
            f"SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET 1"  # noqa: S608 - our own
        ).fetchone()
        number = isinstance(value, int) or (value is None and table == "accounts")
        changed = value + 1_000 if number else f"{value or ''}9"
        sql = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - our own
        connection.execute(sql, (changed, row))


@pytest.mark.parametrize(("table", "column"), COLUMNS)
async def test_p24_a_changed_column_of_a_plan_is_named(
    folder: DataFolder, clock: HandClock, table: str, column: str
) -> None:
    await trade(folder, clock)
    tamper(folder, table, column)
    problems = verify(folder.database, folder.order_log)
    assert problems, f"nobody noticed {table}.{column}"
    # Each sentence names whose it is: a plan, a master's order, or the trade that was changed.
    names = (make_plan("c0").plan_id, make_plan("c1").plan_id, "master/cmd:c", "Trade ")
    assert all(any(name in one for name in names) for one in problems)


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ('"1500.05"', '"1500.10"'),
        ('"BUY"', '"SELL"'),
        ("follower-001", "follower-009"),
        (',"CT', ',"XT'),
    ],
    ids=["price", "side", "account", "tag"],
)
async def test_p24_a_changed_record_of_the_order_log_is_named(
    folder: DataFolder, clock: HandClock, words: str, others: str
) -> None:
    await trade(folder, clock)
    with closing(sqlite3.connect(folder.order_log, isolation_level=None)) as connection:
        touched = connection.execute(
            "UPDATE records SET body = replace(body, ?, ?) WHERE number = 1", (words, others)
        )
        assert touched.rowcount == 1
    (problem,) = verify(folder.database, folder.order_log)
    assert "Record 1 of plan" in problem
