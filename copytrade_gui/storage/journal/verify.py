"""Does what is stored still say what the audit trail says?

The trail is checked by its hashes. Then every table that was made from it is made once more, from
the trail alone, and compared with what is stored, column by column; so is the order log. Plans of
versions that kept only counts of a plan in the trail cannot be made again and are left out.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from copytrade_gui.storage.database.tables import METADATA
from copytrade_gui.storage.journal.chain import ChainCheck, EventRow
from copytrade_gui.storage.journal.expansion import attempt_row, intent_number
from copytrade_gui.storage.journal.facts import ORDERS_MARKED, PLAN_MADE
from copytrade_gui.storage.journal.projection import project
from copytrade_gui.storage.order_log.order_log import LogRow, RecordKind, rows_of
from copytrade_gui.storage.order_log.plan_record import read_plan, read_wave

_CHUNK = 5_000
_AT_MOST = 50
"""Differences that are named one by one; the rest is counted."""
_EVENTS = f"SELECT {','.join(EventRow._fields)} FROM events ORDER BY number"  # noqa: S608 - our own columns
_TERMS = (
    "n.exchange", "n.instrument_id", "n.content_hash", "n.content", "t.side", "t.product",
    "t.order_type", "t.validity", "t.price", "t.trigger_price",
)  # fmt: skip
_WITH_TERMS = (
    "LEFT JOIN order_terms t ON t.terms_number = x.terms_number "
    "LEFT JOIN instruments_used n ON n.instrument_number = t.instrument_number"
)
_OF_PLAN = "JOIN plans p ON p.plan_number = x.plan_number"
_OF_ORDER = (
    "JOIN intents i ON i.intent_number = x.intent_number "
    "JOIN plans p ON p.plan_number = i.plan_number"
)
_OF_ATTEMPT = (
    "JOIN attempts a ON a.attempt_row = x.attempt_row "
    "JOIN intents i ON i.intent_number = a.intent_number "
    "JOIN plans p ON p.plan_number = i.plan_number"
)
_ORDER_KEY = ("p.plan_id", "i.account_id", "i.slice_number")
_ATTEMPT_KEY = (*_ORDER_KEY, "a.number")


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows to compare. ``key`` names a row, by its plan first; ``columns`` are compared."""

    name: str
    source: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The rows, key first."""
        return f"SELECT {', '.join(self.key + self.columns)} FROM {self.source}"  # noqa: S608 - our own words


_PARTS = (
    _Part(
        "Plan", "plans x", ("x.plan_id",),
        ("x.action_id", "x.made_ns", "x.made_mono_ns", "x.settled"),
    ),
    _Part(
        "Master order of plan",
        f"actions x LEFT JOIN plans p ON p.action_id = x.action_id {_WITH_TERMS}",
        ("p.plan_id", "x.action_id"),
        (
            "x.master_id", "x.order_ref", "x.version", "x.quantity", "x.fan_out", "x.command_id",
            "x.made_ns", *_TERMS,
        ),
    ),
    _Part(
        "Order", f"intents x {_OF_PLAN} {_WITH_TERMS}",
        ("p.plan_id", "x.account_id", "x.slice_number"),
        (
            "x.role", "x.quantity", "x.signal_age_ms", "x.send_rank", "x.state", "x.code",
            "x.reason", "x.cancel_requested", "x.changed_ns", "x.last_event", *_TERMS,
        ),
    ),
    _Part(
        "Attempt", f"attempts x {_OF_ORDER}", (*_ORDER_KEY, "x.number"),
        ("x.tag", "x.payload_hash", "x.marked_ns", "x.deadline_ms", "x.state"),
    ),
    _Part(
        "Broker order of attempt", f"broker_orders x {_OF_ATTEMPT}", _ATTEMPT_KEY,
        (
            "x.account_id", "x.broker_order_id", "x.state", "x.filled_quantity",
            "x.average_price", "x.changed_ns", "x.last_event",
        ),
    ),
    _Part(
        "Latency of attempt", f"latency_samples x {_OF_ATTEMPT}", _ATTEMPT_KEY,
        ("x.called_ns", "x.sent_ns", "x.replied_ns", "x.at_ns"),
    ),
    _Part(
        "Trade", "fills x", ("''", "x.account_id", "x.trade_id"),
        ("x.broker_order_id", "x.quantity", "x.price", "x.at_text", "x.seen_ns"),
    ),
)  # fmt: skip


def verify(database: Path, order_log: Path) -> tuple[str, ...]:
    """What is wrong, in sentences; empty: trail, tables and order log agree.

    Reads both files over connections of its own and changes neither. Raises sqlite3.Error.
    """
    with contextlib.closing(_reading(database)) as stored:
        stored.execute("BEGIN")  # one view of everything
        with _Again(stored) as again:
            check = ChainCheck()
            found = stored.execute(_EVENTS)
            while rows := [EventRow(*row) for row in found.fetchmany(_CHUNK)]:
                check.walk(rows)
                again.take(rows)
            problems = list(check.problems)
            for part in _PARTS:
                problems += again.compare(stored, part)
            problems += again.compare_order_log(order_log)
    if len(problems) > _AT_MOST:
        more = f"And {len(problems) - _AT_MOST} further differences."
        problems = [*problems[:_AT_MOST], more]
    return tuple(problems)


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)


class _Again:
    """The tables, made from the trail alone, in a temporary file."""

    def __init__(self, stored: sqlite3.Connection) -> None:
        # SQLite's own temporary file: in memory while it is small, and gone when it is closed.
        self._made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        engine = create_engine(
            "sqlite://", creator=lambda: self._made, poolclass=StaticPool, module=sqlite3
        )
        METADATA.create_all(engine)
        self._cursor = self._made.cursor()
        self._only_counted = _plans_without_record(stored)
        self._records: dict[str, str] = {}
        self._waves: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._made.close()

    def take(self, rows: Sequence[EventRow]) -> None:
        """Do what these events do."""
        self._cursor.execute("BEGIN")
        for row in rows:
            if row.kind == PLAN_MADE:
                self._records[row.plan_id] = row.body
            elif row.kind == ORDERS_MARKED:
                self._waves.add(row.body)
            project(self._cursor, row)
        self._cursor.execute("COMMIT")

    def compare(self, stored: sqlite3.Connection, part: _Part) -> Iterator[str]:
        """How the stored rows differ from those made again, in sentences."""
        ours = self._rows(self._made, part)
        theirs = self._rows(stored, part)
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            name = f"{part.name} {' '.join(str(word) for word in key if word != '')}"
            right, found = ours.get(key), theirs.get(key)
            if right is None:
                yield f"{name} is stored, but the audit trail does not know it."
            elif found is None:
                yield f"{name} is in the audit trail, but not stored any more."
            else:
                for column, should, does in zip(part.columns, right, found, strict=True):
                    if should != does:
                        yield (
                            f"{name}: {column.partition('.')[2]} is {_cut(does)}, the audit trail "
                            f"says {_cut(should)}."
                        )

    def _rows(
        self, connection: sqlite3.Connection, part: _Part
    ) -> dict[tuple[object, ...], tuple[object, ...]]:
        keys = len(part.key)
        return {
            row[:keys]: row[keys:]
            for row in connection.execute(part.sql)
            if row[0] not in self._only_counted
        }

    def compare_order_log(self, path: Path) -> Iterator[str]:
        """How the order log differs from the records in the trail, in sentences."""
        if not path.exists():
            return
        with contextlib.closing(_reading(path)) as connection:
            for row in rows_of(connection):
                if self._was_changed(row):
                    whose = f" of plan {row.plan_id}" if row.plan_id else ""
                    yield f"Record {row.number}{whose} of the order log is not the trail's."

    def _was_changed(self, row: LogRow) -> bool:
        """True unless the trail has the same text, or knows nothing of it yet."""
        if row.kind is RecordKind.PLAN:
            record = read_plan(row.body)
            known = self._records.get(row.plan_id)
            return record is None or record.plan_id != row.plan_id or known not in {None, row.body}
        if row.body in self._waves:
            return False
        return any(
            number is not None and attempt_row(self._cursor, number, mark.number) is not None
            for marks in read_wave(row.body).marks
            for mark in marks.orders
            for number in [
                intent_number(self._cursor, marks.plan_id, mark.account_id, mark.slice_number)
            ]
        )


def _plans_without_record(stored: sqlite3.Connection) -> frozenset[str]:
    """Plans of earlier versions, which kept only counts of them in the trail."""
    found = stored.execute(
        "SELECT plan_id FROM plans WHERE plan_number <= (SELECT CAST(value AS INTEGER) FROM meta "
        "WHERE name = 'newest_plan_without_record')"
    )
    return frozenset(plan for (plan,) in found)


def _cut(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:60] + "..."
