"""What is remembered, read back for tables, audits and files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import day_bounds
from copytrade_gui.domain.events import PlanSettled
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId, attempt_id, intent_id
from copytrade_gui.domain.records import OrderView, Timing
from copytrade_gui.domain.waterfall import Moments
from copytrade_gui.ports import AuditEvent, DayFacts, PastPlan, TimedOrder, TrailPart
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.files.threads import in_own_thread
from copytrade_gui.storage.journal.chain import GENESIS, EventRow
from copytrade_gui.storage.journal.day_facts import (
    read_day,
    read_master_average,
    views_as_they_stand,
)
from copytrade_gui.storage.journal.export import Export
from copytrade_gui.storage.journal.moments import moments
from copytrade_gui.storage.journal.terms import Terms
from copytrade_gui.storage.journal.verify import verify

CHUNK = 5_000
_NO_END = 2**63 - 1
_NUMBERS = "SELECT min(number), max(number) FROM events WHERE wall_ns >= ? AND wall_ns < ?"
_BEFORE = "SELECT max(number) FROM events WHERE wall_ns < ?"
_COLUMNS = ",".join(EventRow._fields)
_LATENCY = (
    "SELECT p.plan_id, i.account_id, i.slice_number, a.number, l.at_ns, l.called_ns, l.sent_ns, "
    "l.replied_ns, i.send_rank, i.role "
    "FROM latency_samples l JOIN attempts a ON a.attempt_row = l.attempt_row "
    "JOIN intents i ON i.intent_number = a.intent_number "
    "JOIN plans p ON p.plan_number = i.plan_number "
    "WHERE l.replied_ns > 0 ORDER BY l.attempt_row DESC LIMIT ?"
)
_PLANS = (
    "SELECT p.plan_id, p.made_ns, c.master_id, c.terms_number, c.quantity, p.settled, "
    "(SELECT count(*) FROM intents i WHERE i.plan_number = p.plan_number) FROM plans p "
    "JOIN actions c ON c.action_id = p.action_id ORDER BY p.plan_number DESC LIMIT ?"
)
_EVENTS = (
    "SELECT number, wall_ns, actor, kind, account_id, plan_id, intent_id, reason, body FROM events "
    "WHERE (? = 0 OR number < ?) AND (? = '' OR kind = ?) AND (? = '' OR plan_id = ?) "
    "AND (? = '' OR instr(lower(kind || ' ' || actor || ' ' || account_id || ' ' || plan_id || ' ' "
    "|| reason || ' ' || body), ?) > 0) ORDER BY number DESC LIMIT ?"
)


class SqliteHistory:
    """``ports.History``."""

    def __init__(self, database: Database, order_log: Path) -> None:
        self._database = database
        self._order_log = order_log

    async def latency(self, limit: int) -> tuple[TimedOrder, ...]:
        """The newest answered orders, oldest first."""

        def read(connection: Connection) -> tuple[TimedOrder, ...]:
            rows = connection.exec_driver_sql(_LATENCY, (limit,)).fetchall()
            return tuple(
                TimedOrder(
                    attempt_id(intent_id(row[0], row[1], row[2]), row[3]),
                    PlanId(row[0]),
                    AccountId(row[1]),
                    row[4],
                    Timing(row[5], row[6], row[7]),
                    row[8],
                    Role(row[9]),
                )
                for row in reversed(rows)
            )

        return await self._database.read(read)

    async def events(
        self, limit: int, *, text: str = "", kind: str = "", plan_id: str = "", before: int = 0
    ) -> tuple[AuditEvent, ...]:
        """The newest facts, newest first."""
        text = text.lower()
        values = (before, before, kind, kind, plan_id, plan_id, text, text, limit)

        def read(connection: Connection) -> tuple[AuditEvent, ...]:
            return tuple(AuditEvent(*row) for row in connection.exec_driver_sql(_EVENTS, values))

        return await self._database.read(read)

    async def orders(self, limit: int, plan_id: str = "") -> tuple[OrderView, ...]:
        """The newest orders of any day, newest first."""

        def read(connection: Connection) -> tuple[OrderView, ...]:
            where = "WHERE p.plan_id = ?" if plan_id else "WHERE ? = ''"
            order = f"{where} ORDER BY i.intent_number DESC LIMIT ?"
            found = views_as_they_stand(connection, order, (plan_id, limit), Terms(connection))
            return found.orders

        return await self._database.read(read)

    async def day(self, day: date) -> DayFacts:
        """Everything of an Indian day that a follower's sheet is made of."""
        return await self._database.read(lambda connection: read_day(connection, day))

    async def moments(self, plan: PlanId, intent: IntentId, until_ns: int) -> Moments | None:
        """What is stored of an order's times."""
        return await self._database.read(lambda found: moments(found, plan, intent, until_ns))

    async def master_average(self, plan: PlanId) -> Decimal | None:
        """What the master got for the order that a plan copies."""
        return await self._database.read(lambda found: read_master_average(found, plan))

    async def plans(self, limit: int) -> tuple[PastPlan, ...]:
        """The newest plans, newest first."""

        def read(connection: Connection) -> tuple[PastPlan, ...]:
            terms = Terms(connection)
            return tuple(
                PastPlan(
                    plan_id=PlanId(row[0]),
                    made_ns=row[1],
                    master_id=AccountId(row[2]),
                    terms=terms.get(row[3], row[4]),
                    intents=row[6],
                    settled=None
                    if row[5] is None
                    else msgspec.json.decode(row[5], type=PlanSettled),
                )
                for row in connection.exec_driver_sql(_PLANS, (limit,)).fetchall()
            )

        return await self._database.read(read)

    async def verify(self) -> tuple[str, ...]:
        """Check the trail by its hashes, and what is stored against the trail."""
        return await self._database.apart(partial(verify, self._database.path, self._order_log))

    async def export_events(self, path: Path) -> int:
        """Write the audit trail to a CSV or JSON file, owner-only."""
        if path.suffix.lower() not in (".csv", ".json"):
            raise ValueError(f"File {path.name} must end in .csv or .json.")
        return (await self._export(path, 0, _NO_END)).events

    async def export_day(self, path: Path, day: date) -> TrailPart:
        """Write the facts of an Indian day to a JSON file, owner-only."""
        bounds = day_bounds(day)

        def read(connection: Connection) -> tuple[int, int]:
            first, last = connection.exec_driver_sql(_NUMBERS, bounds).one()
            if first is None:  # nothing happened: the part is empty, behind what came before
                before = connection.exec_driver_sql(_BEFORE, bounds[:1]).scalar()
                return int(before or 0), int(before or 0)
            return first - 1, last

        return await self._export(path, *await self._database.read(read))

    async def _export(self, path: Path, after: int, last: int) -> TrailPart:
        """Write the facts behind ``after`` up to ``last``."""
        export = Export(path)
        previous = await self._database.read(lambda found: _hash_of(found, after))
        number, head = after, previous
        with contextlib.closing(export):
            while rows := await self._database.read(_reader_between(number, last)):
                await in_own_thread(partial(export.add, rows), "export")
                number, head = rows[-1].number, rows[-1].own_hash
            await in_own_thread(export.finish, "export")
        return TrailPart(export.count, after, previous.hex(), head.hex())


def _hash_of(connection: Connection, number: int) -> bytes:
    found = connection.exec_driver_sql("SELECT own_hash FROM events WHERE number = ?", (number,))
    return bytes(found.scalar() or GENESIS)


def _reader_between(after: int, last: int) -> Callable[[Connection], list[EventRow]]:
    sql = f"SELECT {_COLUMNS} FROM events WHERE number > ? AND number <= ? ORDER BY number LIMIT ?"  # noqa: S608 - our own columns

    def read(connection: Connection) -> list[EventRow]:
        return [EventRow(*row) for row in connection.exec_driver_sql(sql, (after, last, CHUNK))]

    return read
