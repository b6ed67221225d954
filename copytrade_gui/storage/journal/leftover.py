"""What the order log holds and the database does not: the program stopped in between.

The record was on the disk before the first byte, so the plan counts; its rows and its fact in the
audit trail are made now, before anything is read. Every order of it that was marked is SENDING
then, and recovery finds out what became of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from copytrade_gui.domain.calendar import day_began_ns
from copytrade_gui.domain.events import PlanVoided
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.database import Database, cursor_of
from copytrade_gui.storage.journal.chain import Fact
from copytrade_gui.storage.journal.expansion import has_marks, has_rows
from copytrade_gui.storage.journal.facts import (
    ORDERS_MARKED,
    PLAN_MADE,
    PLAN_VOIDED,
    Moment,
    fact_from,
    recorded_fact,
)
from copytrade_gui.storage.journal.trail import Trail
from copytrade_gui.storage.order_log.order_log import LogRow, OrderLog, RecordKind
from copytrade_gui.storage.order_log.plan_record import read_plan, read_wave


async def expand_leftover(order_log: OrderLog, database: Database, trail: Trail, at: Moment) -> int:
    """Expand what has no rows yet; returns how many records. The log keeps those of today.

    Raises:
        SqliteFailedError: the database does not take them.
        JournalFailureError: a record cannot be read, so nobody knows what it sent.
    """
    rows = await order_log.rows()
    for row in rows:
        _require_readable(row, order_log.path)
    # On the writer, whose cursor is SQLite's own; nothing is written yet.
    missing = await database.write(_missing(rows))
    facts = [fact for row, voided in missing for fact in _facts(row, voided, at)]
    if facts:
        await trail.store_at_start(database, facts)
    today = day_began_ns(at.wall_ns)  # of earlier days nothing can be asked again
    await order_log.forget([row.number for row in rows if row.made_ns < today])
    return len(missing)


async def forget_expanded(order_log: OrderLog, database: Database) -> None:
    """Empty the log but for what has no rows yet: an order may be leaving at this moment.

    Raises SqliteFailedError.
    """
    rows = await order_log.rows()
    missing = {row.number for row, _ in await database.write(_missing(rows))}
    await order_log.forget([row.number for row in rows if row.number not in missing])


def _require_readable(row: LogRow, path: Path) -> None:
    try:
        readable = bool(read_plan(row.body) if row.kind is RecordKind.PLAN else read_wave(row.body))
    except (ValueError, RecursionError):
        readable = False
    if not readable:
        raise JournalFailureError(
            f"Record {row.number} of order log {path} cannot be read, so what it sent is not "
            "known. Start the version that wrote it; or move the file elsewhere, and its orders "
            "are rebuilt from the broker's books at the next start."
        )


def _missing(rows: list[LogRow]) -> Callable[[Connection], list[tuple[LogRow, str]]]:
    """The rows without rows of their own, each with the reason if its plan was voided."""

    def find(connection: Connection) -> list[tuple[LogRow, str]]:
        with cursor_of(connection) as cursor:
            return [
                (row, _why_voided(cursor, row.plan_id))
                for row in rows
                if not _is_expanded(cursor, row)
            ]

    return find


def _is_expanded(cursor: sqlite3.Cursor, row: LogRow) -> bool:
    if row.kind is RecordKind.PLAN:
        return has_rows(cursor, row.plan_id)
    return all(has_marks(cursor, marks) for marks in read_wave(row.body).marks)


def _why_voided(cursor: sqlite3.Cursor, plan_id: str) -> str:
    """A plan whose commit failed was refused to the operator, whatever the disk says."""
    found = cursor.execute(
        "SELECT reason FROM events WHERE kind = ? AND plan_id = ? AND plan_id <> ''",
        (PLAN_VOIDED, plan_id),
    ).fetchone()
    return "" if found is None else str(found[0])


def _facts(row: LogRow, voided: str, at: Moment) -> list[Fact]:
    kind = PLAN_MADE if row.kind is RecordKind.PLAN else ORDERS_MARKED
    plan = read_plan(row.body) if row.kind is RecordKind.PLAN else None
    actor = ENGINE if plan is None else plan.signal.actor
    facts = [recorded_fact(kind, row.body, at, row.plan_id, actor)]
    if voided:
        facts.append(fact_from(PlanVoided(PlanId(row.plan_id), voided, at.wall_ns), at))
    return facts
