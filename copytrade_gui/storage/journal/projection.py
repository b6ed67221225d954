"""What facts do to the tables, one after the other; safe to run twice.

Running a fact twice changes nothing: events are keyed by number, plans by their id, fills by trade
id, filled quantity only grows, and an older event (by number; the wall clock may jump) never
overwrites a newer one.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from copytrade_gui.domain.order import State
from copytrade_gui.storage.journal.chain import EventRow
from copytrade_gui.storage.journal.expansion import (
    SqlValue,
    attempt_row,
    end_marks,
    expand_marks,
    expand_plan,
    intent_number,
)
from copytrade_gui.storage.journal.facts import (
    FILL_SEEN,
    HALT_KINDS,
    ORDER_CHANGED,
    ORDERS_MARKED,
    PLAN_MADE,
    PLAN_SETTLED,
    PLAN_VOIDED,
    OrderFact,
    read_fill,
    read_order,
)
from copytrade_gui.storage.order_log.plan_record import read_plan, read_wave

log = logging.getLogger(__name__)

INTENT_STATES = frozenset({State.PLANNED, State.BLOCKED, State.SKIPPED, State.STALE})
"""States of the intent itself; every other state is its newest attempt's."""

EVENT = "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
INTENT = (
    "UPDATE intents SET state = ?, code = ?, reason = ?, cancel_requested = ?, changed_ns = ?, "
    "last_event = ? WHERE intent_number = ? AND last_event <= ?"
)
ATTEMPT = (
    "UPDATE attempts SET state = ? WHERE attempt_row = ? AND EXISTS (SELECT 1 FROM intents i "
    "WHERE i.intent_number = attempts.intent_number AND i.last_event <= ?)"
)
# One broker order is one attempt's and the other way round; a second claim stays in the trail.
BROKER_ORDER = (
    "INSERT INTO broker_orders (account_id, broker_order_id, attempt_row, state, filled_quantity, "
    "average_price, changed_ns, last_event) VALUES (?,?,?,?,?,?,?,?) "
    "ON CONFLICT (account_id, broker_order_id) DO UPDATE SET state = excluded.state, "
    "filled_quantity = max(filled_quantity, excluded.filled_quantity), "
    "average_price = coalesce(excluded.average_price, average_price), "
    "changed_ns = excluded.changed_ns, last_event = excluded.last_event "
    "WHERE attempt_row = excluded.attempt_row AND last_event <= excluded.last_event "
    "ON CONFLICT (attempt_row) DO NOTHING"
)
LATENCY = (
    "INSERT INTO latency_samples (attempt_row, called_ns, sent_ns, replied_ns, at_ns) "
    "VALUES (?,?,?,?,?) ON CONFLICT (attempt_row) DO UPDATE SET "
    "called_ns = excluded.called_ns, sent_ns = excluded.sent_ns, replied_ns = excluded.replied_ns "
    "WHERE replied_ns = 0"
)
FILL = (
    "INSERT OR IGNORE INTO fills (account_id, trade_id, broker_order_id, quantity, price, at_text, "
    "seen_ns) VALUES (?,?,?,?,?,?,?)"
)
SETTLED = "UPDATE plans SET settled = ? WHERE plan_id = ?"
# A plan that was voided never was in a book, so that no fact of its orders came before this one.
_VOIDED = "plan_number = (SELECT plan_number FROM plans WHERE plan_id = ?) AND last_event = 0"
VOID_ATTEMPTS = (
    "UPDATE attempts SET state = 'NOT_SENT' WHERE state = 'SENDING' AND intent_number IN "  # noqa: S608 - only constants of ours
    f"(SELECT intent_number FROM intents WHERE {_VOIDED})"
)
VOID_INTENTS = (
    "UPDATE intents SET state = 'SKIPPED', code = 'not_recorded', reason = ?, changed_ns = ?, "  # noqa: S608 - only constants of ours
    f"last_event = ? WHERE {_VOIDED} AND state IN ('PLANNED', 'SENDING')"
)
HALT_OF = "halt of "
"""``meta`` holds, under this and an account's id, the number of the newest event of its halt: the
start finds it there without reading the whole trail."""
HALT = (
    "INSERT INTO meta VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value "
    "WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)"
)


def store_events(cursor: sqlite3.Cursor, rows: Sequence[EventRow], *, strict: bool = False) -> None:
    """Store events and what they change, inside the caller's transaction. Raises sqlite3.Error.

    A change that contradicts what is stored, such as a second live attempt of one order, is left
    out and logged; the event itself stays. ``strict`` raises sqlite3.IntegrityError instead.
    """
    cursor.executemany(EVENT, rows)
    for row in rows:
        project(cursor, row, strict=strict)


def project(cursor: sqlite3.Cursor, row: EventRow, *, strict: bool = False) -> None:
    """What one stored event changes; see ``store_events``."""
    _Change(cursor, row, strict=strict).make()


class _Change:
    """What one event does to the tables."""

    def __init__(self, cursor: sqlite3.Cursor, row: EventRow, *, strict: bool) -> None:
        self._cursor = cursor
        self._row = row
        self._strict = strict

    def make(self) -> None:
        """Do it."""
        row = self._row
        if row.kind == ORDER_CHANGED:
            self._order_changed(read_order(row.body))
        elif row.kind == PLAN_MADE:
            record = read_plan(row.body)
            if record is not None:
                self._tolerate(partial(expand_plan, self._cursor, record))
        elif row.kind == ORDERS_MARKED:
            for marks in read_wave(row.body).marks:
                self._tolerate(partial(expand_marks, self._cursor, marks))
        elif row.kind == FILL_SEEN:
            fill = read_fill(row.body)
            self._run(
                FILL,
                fill.account_id,
                fill.trade_id,
                fill.broker_order_id,
                fill.quantity,
                str(fill.price),
                fill.at_text,
                row.wall_ns,
            )
        elif row.kind == PLAN_SETTLED:
            self._run(SETTLED, row.body, row.plan_id)
        elif row.kind == PLAN_VOIDED:
            self._run(VOID_ATTEMPTS, row.plan_id)
            self._run(VOID_INTENTS, row.reason, row.wall_ns, row.number, row.plan_id)
        elif row.kind in HALT_KINDS:
            self._run(HALT, HALT_OF + row.account_id, str(row.number))

    def _order_changed(self, fact: OrderFact) -> None:
        row = self._row
        intent = intent_number(self._cursor, row.plan_id, row.account_id, slice_of(row.intent_id))
        if intent is None:
            return
        # The attempt first: a live one that died lets the next one of its order live.
        if fact.attempt_number and fact.state not in INTENT_STATES:
            attempt = attempt_row(self._cursor, intent, fact.attempt_number)
            if attempt is not None:
                self._attempt_changed(fact, attempt)
        words = (fact.state, fact.code, row.reason, int(fact.cancel_requested), fact.changed_ns)
        self._run(INTENT, *words, row.number, intent, row.number)
        if fact.state in INTENT_STATES:
            end_marks(self._cursor, [intent])

    def _attempt_changed(self, fact: OrderFact, attempt: int) -> None:
        row = self._row
        self._run(ATTEMPT, fact.state, attempt, row.number)
        if fact.broker_order_id:
            average = None if fact.average_price is None else str(fact.average_price)
            self._run(
                BROKER_ORDER,
                row.account_id,
                fact.broker_order_id,
                attempt,
                fact.state,
                fact.filled_quantity,
                average,
                fact.changed_ns,
                row.number,
            )
        if fact.called_ns:
            times = (fact.called_ns, fact.sent_ns, fact.replied_ns, fact.changed_ns)
            self._run(LATENCY, attempt, *times)

    def _run(self, sql: str, *values: SqlValue) -> None:
        self._tolerate(partial(self._cursor.execute, sql, values))

    def _tolerate(self, change: Callable[[], object]) -> None:
        try:
            change()
        except sqlite3.IntegrityError as error:
            if self._strict:
                raise
            log.warning(
                "a change contradicts a stored record and stays in the trail only: %s", error
            )


def slice_of(intent_id: str) -> int:
    """The slice number at the end of an intent id."""
    return int(intent_id.rpartition(".")[2])
