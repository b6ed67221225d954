"""From a record of the order log to the rows that people search: plans, orders, attempts.

Running one twice changes nothing. Row numbers are handed out here, inside the transaction.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.storage.journal.facts import to_json
from copytrade_gui.storage.order_log.plan_record import Marks, PlanRecord

_INTENT_NUMBER = (
    "SELECT i.intent_number FROM plans p JOIN intents i ON i.plan_number = p.plan_number "
    "WHERE p.plan_id = ? AND i.account_id = ? AND i.slice_number = ?"
)
_INTENT = "INSERT INTO intents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,0,?,0)"
_ATTEMPT = "INSERT INTO attempts VALUES (?,?,?,?,?,?,?,'SENDING')"
_TRIED_AGAIN = (
    "UPDATE intents SET state = 'SENDING', code = '', reason = '', changed_ns = ? "
    "WHERE intent_number = ?"
)
_NEVER_LEFT = (
    "UPDATE attempts SET state = 'NOT_SENT' WHERE intent_number = ? AND state = 'SENDING' "
    "AND EXISTS (SELECT 1 FROM intents i WHERE i.intent_number = attempts.intent_number "
    "AND i.state IN ('BLOCKED', 'SKIPPED', 'STALE'))"
)

SqlValue = str | int | bytes | None
_ChildKey = tuple[str, int]
"""Account and slice: what names an order within its plan."""


def intent_number(
    cursor: sqlite3.Cursor, plan_id: str, account_id: str, slice_number: int
) -> int | None:
    """The row number of an order; None if its plan has no rows."""
    row = cursor.execute(_INTENT_NUMBER, (plan_id, account_id, slice_number)).fetchone()
    return None if row is None else int(row[0])


def attempt_row(cursor: sqlite3.Cursor, intent: int, number: int) -> int | None:
    """The row number of an order's attempt; None if it has no row."""
    row = cursor.execute(
        "SELECT attempt_row FROM attempts WHERE intent_number = ? AND number = ?", (intent, number)
    ).fetchone()
    return None if row is None else int(row[0])


def has_rows(cursor: sqlite3.Cursor, plan_id: str) -> bool:
    """True if the plan was expanded."""
    found = cursor.execute("SELECT 1 FROM plans WHERE plan_id = ?", (plan_id,)).fetchone()
    return found is not None


def has_marks(cursor: sqlite3.Cursor, marks: Marks) -> bool:
    """True if these attempts, which are stored together or not at all, have their rows."""
    tag = marks.orders[0].tag
    return cursor.execute("SELECT 1 FROM attempts WHERE tag = ?", (tag,)).fetchone() is not None


def expand_plan(cursor: sqlite3.Cursor, record: PlanRecord) -> None:
    """Put in the rows of a plan, its orders and its first attempts. Raises sqlite3.Error."""
    if has_rows(cursor, record.plan_id):
        return
    terms = [_terms_number(cursor, each) for each in record.terms]
    signal = record.signal
    cursor.execute(
        "INSERT INTO actions VALUES (?,?,?,?,?,?,?,?,?)",
        (
            signal.signal_id,
            signal.master_id,
            signal.order_ref,
            signal.version,
            terms[signal.terms],
            signal.quantity,
            signal.fan_out.value,
            signal.command_id,
            signal.made_ns,
        ),
    )
    plan = _next_number(cursor, "plans", "plan_number")
    cursor.execute(
        "INSERT INTO plans VALUES (?,?,?,?,?,NULL)",
        (plan, record.plan_id, signal.signal_id, record.made_ns, record.made_mono_ns),
    )
    first = _next_number(cursor, "intents", "intent_number")
    numbers = {
        (child.account_id, child.slice_number): number
        for number, child in enumerate(record.children, start=first)
    }
    cursor.executemany(_INTENT, _children(record, plan, terms, numbers))
    marks = record.marks
    if marks is not None:
        cursor.executemany(_ATTEMPT, _attempts(cursor, marks, numbers))


def expand_marks(cursor: sqlite3.Cursor, marks: Marks) -> None:
    """Put in the rows of attempts whose plan has its rows; of those only that are not there yet.

    Raises sqlite3.IntegrityError: an order has a live attempt already.
    """
    numbers: dict[_ChildKey, int] = {}
    fresh = []
    for mark in marks.orders:
        key = (mark.account_id, mark.slice_number)
        number = intent_number(cursor, marks.plan_id, *key)
        if number is not None and attempt_row(cursor, number, mark.number) is None:
            numbers[key] = number
            fresh.append(mark)
            if mark.number > 1:  # a first attempt of a PLANNED order shows by itself
                cursor.execute(_TRIED_AGAIN, (marks.marked_ns, number))
    if fresh:
        some = Marks(marks.plan_id, marks.marked_ns, marks.deadline_ms, marks.bodies, fresh)
        cursor.executemany(_ATTEMPT, _attempts(cursor, some, numbers))
        end_marks(cursor, numbers.values())


def end_marks(cursor: sqlite3.Cursor, intents: Iterable[int]) -> None:
    """Of orders (row numbers) that were given up no marked attempt left: NOT_SENT.

    An order is given up only where nothing of it may be at the broker: its marks are there because
    their commit failed and was on the disk all the same, or a later part of the commit failed.
    """
    cursor.executemany(_NEVER_LEFT, [(intent,) for intent in intents])


def _children(
    record: PlanRecord, plan: int, terms: list[int], numbers: dict[_ChildKey, int]
) -> Iterator[tuple[SqlValue, ...]]:
    sending = State.SENDING.value
    for child in record.children:
        yield (
            numbers[child.account_id, child.slice_number],
            plan,
            child.account_id,
            child.role.value,
            child.slice_number,
            terms[child.terms],
            child.quantity,
            child.signal_age_ms,
            child.rank,
            sending if child.tag else child.state.value,
            child.code,
            child.reason,
            record.marked_ns if child.tag else record.made_ns,
        )


def _attempts(
    cursor: sqlite3.Cursor, marks: Marks, numbers: dict[_ChildKey, int]
) -> list[tuple[SqlValue, ...]]:
    first = _next_number(cursor, "attempts", "attempt_row")
    return [
        (
            row,
            numbers[mark.account_id, mark.slice_number],
            mark.number,
            mark.tag,
            marks.bodies,
            marks.marked_ns,
            marks.deadline_ms,
        )
        for row, mark in enumerate(marks.orders, start=first)
    ]


def _next_number(cursor: sqlite3.Cursor, table: str, column: str) -> int:
    newest = cursor.execute(f"SELECT max({column}) FROM {table}").fetchone()  # noqa: S608 - our own words
    return int(newest[0] or 0) + 1


def _terms_number(cursor: sqlite3.Cursor, terms: OrderTerms) -> int:
    number = _next_number(cursor, "order_terms", "terms_number")
    cursor.execute(
        "INSERT INTO order_terms VALUES (?,?,?,?,?,?,?,?)",
        (
            number,
            _instrument_number(cursor, terms.instrument),
            terms.side.value,
            terms.product.value,
            terms.order_type.value,
            terms.validity.value,
            None if terms.price is None else str(terms.price),
            None if terms.trigger is None else str(terms.trigger),
        ),
    )
    return number


def _instrument_number(cursor: sqlite3.Cursor, instrument: Instrument) -> int:
    """The number of an instrument as it is today; it gets a row the first time."""
    content = to_json(instrument)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    key = (instrument.key.exchange.value, instrument.key.instrument_id, digest)
    known = cursor.execute(
        "SELECT instrument_number FROM instruments_used "
        "WHERE exchange = ? AND instrument_id = ? AND content_hash = ?",
        key,
    ).fetchone()
    if known is not None:
        return int(known[0])
    number = _next_number(cursor, "instruments_used", "instrument_number")
    cursor.execute("INSERT INTO instruments_used VALUES (?,?,?,?,?)", (number, *key, content))
    return number
