"""What facts do to the tables: one grouped transaction for many facts, safe to run twice.

Running a fact twice changes nothing: events are keyed by number, fills by trade id, filled quantity
only grows, and an older event (by number; the wall clock may jump) never overwrites a newer one.
"""

from __future__ import annotations

from collections.abc import Sequence

from copytrade_gui.domain.order import State
from copytrade_gui.storage.chain import EventRow
from copytrade_gui.storage.records import (
    FILL_SEEN,
    HALT_KINDS,
    ORDER_CHANGED,
    PLAN_SETTLED,
    PLAN_VOIDED,
    OrderFact,
    read_fill,
    read_order,
)
from copytrade_gui.storage.rows import Rows, SqlValue

INTENT_STATES = frozenset({State.PLANNED, State.BLOCKED, State.SKIPPED, State.STALE})
"""States of the intent itself; every other state is its newest attempt's."""

EVENT = "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_THE_INTENT = (
    "(SELECT i.intent_number FROM intents i JOIN plans p ON p.plan_number = i.plan_number "
    "WHERE p.plan_id = ? AND i.account_id = ? AND i.slice_number = ?)"
)
_THE_ATTEMPT = (
    f"(SELECT attempt_row FROM attempts WHERE intent_number = {_THE_INTENT} AND number = ?)"  # noqa: S608 - only constants of ours
)
INTENT = (
    "UPDATE intents SET state = ?, code = ?, reason = ?, cancel_requested = ?, changed_ns = ?, "  # noqa: S608 - only constants of ours
    f"last_event = ? WHERE intent_number = {_THE_INTENT} AND last_event <= ?"
)
ATTEMPT = (
    f"UPDATE attempts SET state = ? WHERE attempt_row = {_THE_ATTEMPT} AND EXISTS (SELECT 1 FROM "  # noqa: S608 - only constants of ours
    "intents i WHERE i.intent_number = attempts.intent_number AND i.last_event <= ?)"
)
# One broker order is one attempt's and the other way round; a second claim stays in the trail.
BROKER_ORDER = (
    "INSERT INTO broker_orders (account_id, broker_order_id, attempt_row, state, filled_quantity, "
    f"average_price, changed_ns, last_event) SELECT ?, ?, {_THE_ATTEMPT}, ?, ?, ?, ?, ? WHERE true "
    "ON CONFLICT (account_id, broker_order_id) DO UPDATE SET state = excluded.state, "
    "filled_quantity = max(filled_quantity, excluded.filled_quantity), "
    "average_price = coalesce(excluded.average_price, average_price), "
    "changed_ns = excluded.changed_ns, last_event = excluded.last_event "
    "WHERE attempt_row = excluded.attempt_row AND last_event <= excluded.last_event "
    "ON CONFLICT (attempt_row) DO NOTHING"
)
LATENCY = (
    "INSERT INTO latency_samples (attempt_row, called_ns, sent_ns, replied_ns, at_ns) "
    f"SELECT {_THE_ATTEMPT}, ?, ?, ?, ? WHERE true ON CONFLICT (attempt_row) DO UPDATE SET "
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


def slice_of(intent_id: str) -> int:
    """The slice number at the end of an intent id."""
    return int(intent_id.rpartition(".")[2])


def changes(rows: Sequence[EventRow]) -> list[Rows]:
    """The transaction that stores these events and what they change."""
    orders: dict[str, tuple[EventRow, OrderFact]] = {}
    attempts: dict[tuple[str, int], tuple[EventRow, OrderFact]] = {}
    fills: list[tuple[SqlValue, ...]] = []
    settled: list[tuple[SqlValue, ...]] = []
    halts: list[tuple[SqlValue, ...]] = []
    voided: list[EventRow] = []
    for row in rows:
        if row.kind == ORDER_CHANGED:
            fact = read_order(row.body)
            orders[row.intent_id] = (row, fact)
            if fact.attempt_number and fact.state not in INTENT_STATES:
                # The newest word on an attempt comes last.
                attempts.pop((row.intent_id, fact.attempt_number), None)
                attempts[(row.intent_id, fact.attempt_number)] = (row, fact)
        elif row.kind == FILL_SEEN:
            fill = read_fill(row.body)
            fills.append(
                (
                    fill.account_id,
                    fill.trade_id,
                    fill.broker_order_id,
                    fill.quantity,
                    str(fill.price),
                    fill.at_text,
                    row.wall_ns,
                )
            )
        elif row.kind == PLAN_SETTLED:
            settled.append((row.body, row.plan_id))
        elif row.kind == PLAN_VOIDED:
            voided.append(row)
        elif row.kind in HALT_KINDS:
            halts.append((HALT_OF + row.account_id, str(row.number)))
    batch = [
        Rows(EVENT, rows),
        # Attempts that died first: then a new live one of the same intent breaks no index.
        Rows(ATTEMPT, [_attempt(row, fact) for row, fact in attempts.values()]),
        Rows(INTENT, [_intent(row, fact) for row, fact in orders.values()]),
        Rows(
            BROKER_ORDER,
            [_broker_order(row, fact) for row, fact in attempts.values() if fact.broker_order_id],
        ),
        Rows(LATENCY, [_latency(row, fact) for row, fact in attempts.values() if fact.called_ns]),
        Rows(FILL, fills),
        Rows(SETTLED, settled),
        Rows(VOID_ATTEMPTS, [(row.plan_id,) for row in voided]),
        Rows(VOID_INTENTS, [(row.reason, row.wall_ns, row.number, row.plan_id) for row in voided]),
        Rows(HALT, halts),
    ]
    return [part for part in batch if part.rows]


def _intent_key(row: EventRow) -> tuple[str, str, int]:
    return row.plan_id, row.account_id, slice_of(row.intent_id)


def _intent(row: EventRow, fact: OrderFact) -> tuple[SqlValue, ...]:
    words = (fact.state, fact.code, row.reason, int(fact.cancel_requested), fact.changed_ns)
    return (*words, row.number, *_intent_key(row), row.number)


def _attempt(row: EventRow, fact: OrderFact) -> tuple[SqlValue, ...]:
    return (fact.state, *_intent_key(row), fact.attempt_number, row.number)


def _broker_order(row: EventRow, fact: OrderFact) -> tuple[SqlValue, ...]:
    average = None if fact.average_price is None else str(fact.average_price)
    return (
        row.account_id,
        fact.broker_order_id,
        *_intent_key(row),
        fact.attempt_number,
        fact.state,
        fact.filled_quantity,
        average,
        fact.changed_ns,
        row.number,
    )


def _latency(row: EventRow, fact: OrderFact) -> tuple[SqlValue, ...]:
    times = (fact.called_ns, fact.sent_ns, fact.replied_ns, fact.changed_ns)
    return (*_intent_key(row), fact.attempt_number, *times)
