"""The commits an order waits for, as rows: a plan with its first marks, and later marks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs
from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import IntentId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.records import Attempt, MasterAction, Plan
from copytrade_gui.storage.projection import slice_of
from copytrade_gui.storage.records import to_json
from copytrade_gui.storage.rows import Rows, SqlValue

_INSTRUMENT = "INSERT OR IGNORE INTO instruments_used VALUES (?,?,?,?,?)"
_TERMS = "INSERT INTO order_terms VALUES (?,?,?,?,?,?,?,?)"
_ACTION = "INSERT INTO actions VALUES (?,?,?,?,?,?,?,?,?)"
_PLAN = "INSERT INTO plans VALUES (?,?,?,?,?,NULL)"
_INTENT = "INSERT INTO intents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,0,?,0)"
_ATTEMPT = "INSERT INTO attempts VALUES (?,?,?,?,?,?,?,'SENDING')"
_ACTION_MADE = "UPDATE actions SET made_ns = ? WHERE action_id = ?"
_PLAN_MADE = "UPDATE plans SET made_ns = ?, made_mono_ns = ? WHERE plan_number = ?"
_INTENTS_MADE = (
    "UPDATE intents SET changed_ns = CASE state WHEN 'SENDING' THEN ? ELSE ? END "
    "WHERE intent_number BETWEEN ? AND ?"
)
_ATTEMPTS_MADE = "UPDATE attempts SET marked_ns = ? WHERE attempt_row BETWEEN ? AND ?"
_INTENT_OF = (
    "SELECT i.intent_number FROM intents i JOIN plans p ON p.plan_number = i.plan_number "
    "WHERE p.plan_id = ? AND i.account_id = ? AND i.slice_number = ?"
)
_LATER_ATTEMPT = (
    "INSERT INTO attempts SELECT ?, intent_number, ?, ?, ?, ?, ?, 'SENDING' FROM intents "  # noqa: S608 - only constants of ours
    f"WHERE intent_number = ({_INTENT_OF})"
)
_LATER_INTENT = (
    "UPDATE intents SET state = 'SENDING', code = '', reason = '', changed_ns = ? "  # noqa: S608 - only constants of ours
    f"WHERE intent_number = ({_INTENT_OF})"
)
# Python 3.11 takes longer to look up an enum's value than to make a whole row.
_SENDING = State.SENDING.value
_ROLES = {role: role.value for role in Role}


class Numbers:
    """Hands out the integer keys of the hot commit; the file's one writer is their only user."""

    def __init__(self, connection: Connection) -> None:
        def newest(sql: str) -> int:
            return int(connection.exec_driver_sql(sql).scalar_one() or 0)

        self.plan = newest("SELECT max(plan_number) FROM plans")
        self.intent = newest("SELECT max(intent_number) FROM intents")
        self.attempt = newest("SELECT max(attempt_row) FROM attempts")
        self.terms = newest("SELECT max(terms_number) FROM order_terms")
        self.instrument = newest("SELECT max(instrument_number) FROM instruments_used")
        self._unsure: set[int] = set()
        self._known: dict[tuple[str, str, str], int] = {
            (exchange, name, digest): number
            for number, exchange, name, digest in connection.exec_driver_sql(
                "SELECT instrument_number, exchange, instrument_id, content_hash "
                "FROM instruments_used"
            )
        }

    def instrument_number(self, instrument: Instrument, fresh: list[tuple[SqlValue, ...]]) -> int:
        """The number of an instrument as it is today; a row for it in ``fresh`` if it is new.

        Several plans may be on their way at once: each brings the row until one is known to be
        stored, and the later ones are ignored.
        """
        content = to_json(instrument)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        key = (str(instrument.key.exchange), instrument.key.instrument_id, digest)
        number = self._known.get(key)
        if number is None:
            self.instrument += 1
            number = self._known[key] = self.instrument
            self._unsure.add(number)
        if number in self._unsure:
            fresh.append((number, *key, content))
        return number

    def remember(self, instruments: Sequence[tuple[SqlValue, ...]]) -> None:
        """These instrument rows are committed."""
        self._unsure.difference_update(int(row[0] or 0) for row in instruments)


class PlanCommit:
    """Rows of one plan. ``number`` is the plan's; ``batch`` goes into one transaction."""

    def __init__(self, plan: Plan, attempts: Sequence[Attempt], numbers: Numbers) -> None:
        """Raises ValueError for an attempt without its intent or an id that is not derived."""
        self._numbers = numbers
        self._plan = plan
        self._attempts = attempts
        self._instruments: list[tuple[SqlValue, ...]] = []
        self._instrument_numbers: dict[int, int] = {}
        self._terms: dict[tuple[int, ...], int] = {}
        self._terms_rows: list[tuple[SqlValue, ...]] = []
        numbers.plan += 1
        self.number = numbers.plan
        action = plan.action
        action_row = self._action(action)
        plan_row = (self.number, plan.plan_id, action.action_id, plan.made_ns, plan.made_mono_ns)
        before = numbers.intent, numbers.attempt
        intents, marks = self._shares(plan, {mark.intent_id: mark for mark in attempts})
        self._intents = before[0] + 1, numbers.intent
        self._marks = before[1] + 1, numbers.attempt
        parts = (
            Rows(_INSTRUMENT, self._instruments),
            Rows(_TERMS, self._terms_rows),
            Rows(_ACTION, [action_row]),
            Rows(_PLAN, [plan_row]),
            Rows(_INTENT, intents),
            Rows(_ATTEMPT, marks),
        )
        self.batch = [part for part in parts if part.rows]

    def _shares(
        self, plan: Plan, marked: dict[IntentId, Attempt]
    ) -> tuple[list[tuple[SqlValue, ...]], list[tuple[SqlValue, ...]]]:
        """Rows of the intents and of their first attempts; every order of the plan waits for it."""
        numbers, number, made_ns = self._numbers, self.number, plan.made_ns
        intents: list[tuple[SqlValue, ...]] = []
        marks: list[tuple[SqlValue, ...]] = []
        terms, terms_number = None, 0
        for intent in plan.intents:
            name, account, share = intent.intent_id, intent.account_id, intent.slice_number
            if name != f"{plan.plan_id}.{account}.{share}":
                raise ValueError(f"intent id {name} is not the derived one")
            if intent.terms is not terms:  # followers of one size come with the same object
                terms = intent.terms
                terms_number = self._terms_number(terms)
            numbers.intent += 1
            attempt = marked.pop(name, None)
            state, changed_ns = intent.state.value if attempt is None else _SENDING, made_ns
            if attempt is not None:
                changed_ns = attempt.marked_ns
                numbers.attempt += 1
                marks.append(
                    (
                        numbers.attempt,
                        numbers.intent,
                        attempt.number,
                        attempt.tag,
                        attempt.payload_hash,
                        changed_ns,
                        attempt.deadline_ms,
                    )
                )
            intents.append(
                (
                    numbers.intent,
                    number,
                    account,
                    _ROLES[intent.role],
                    share,
                    terms_number,
                    terms.quantity,
                    intent.signal_age_ms,
                    intent.rank,
                    state,
                    intent.code,
                    intent.reason,
                    changed_ns,
                )
            )
        if marked:
            raise ValueError(
                f"attempt of {next(iter(marked))} has no intent in plan {plan.plan_id}"
            )
        return intents, marks

    def fits(self, plan: Plan, attempts: Sequence[Attempt]) -> bool:
        """True if this plan with these attempts has our rows, but for its times."""
        then = self._plan
        return (
            plan.intents is then.intents
            and plan.plan_id == then.plan_id
            and plan.action == replace(then.action, made_ns=plan.action.made_ns)
            and (attempts is self._attempts or _same_but_for_their_time(attempts, self._attempts))
        )

    def times_of(self, plan: Plan, attempts: Sequence[Attempt]) -> list[Rows]:
        """What makes our rows those of a plan that fits: when it was made, and marked."""
        made_ns = plan.made_ns
        marked_ns = attempts[0].marked_ns if attempts else made_ns
        return [
            Rows(_ACTION_MADE, [(plan.action.made_ns, plan.action.action_id)], expect=1),
            Rows(_PLAN_MADE, [(made_ns, plan.made_mono_ns, self.number)], expect=1),
            Rows(_INTENTS_MADE, [(marked_ns, made_ns, *self._intents)], expect=len(plan.intents)),
            Rows(_ATTEMPTS_MADE, [(marked_ns, *self._marks)], expect=len(self._attempts)),
        ]

    def stored(self) -> None:
        """Call after the commit: the instruments need not be written again."""
        self._numbers.remember(self._instruments)

    def _action(self, action: MasterAction) -> tuple[SqlValue, ...]:
        return (
            action.action_id,
            action.master_id,
            action.order_ref,
            action.version,
            self._terms_number(action.terms),
            action.terms.quantity,
            action.fan_out.value,
            action.command_id,
            action.made_ns,
        )

    def _terms_number(self, terms: OrderTerms) -> int:
        # By identity: the plan keeps these objects alive, hashing their values 500 times costs
        # 2 ms, and an equal object elsewhere only costs a second row.
        parts = (terms.side, terms.product, terms.order_type, terms.validity)
        key = (id(terms.instrument), *map(id, parts), id(terms.price), id(terms.trigger))
        number = self._terms.get(key)
        if number is None:
            self._numbers.terms += 1
            number = self._terms[key] = self._numbers.terms
            instrument = self._instrument_number(terms.instrument)
            price = None if terms.price is None else str(terms.price)
            trigger = None if terms.trigger is None else str(terms.trigger)
            self._terms_rows.append(
                (number, instrument, *(part.value for part in parts), price, trigger)
            )
        return number

    def _instrument_number(self, instrument: Instrument) -> int:
        number = self._instrument_numbers.get(id(instrument))
        if number is None:
            # Two equal objects in one plan must not become two rows of one key.
            fresh: list[tuple[SqlValue, ...]] = []
            number = self._numbers.instrument_number(instrument, fresh)
            self._instruments += fresh
            self._instrument_numbers[id(instrument)] = number
        return number


def _same_but_for_their_time(some: Sequence[Attempt], others: Sequence[Attempt]) -> bool:
    return (
        len(some) == len(others)
        and all(map(_same_but_for_its_time, some, others))
        and len({attempt.marked_ns for attempt in some}) <= 1
    )


def _same_but_for_its_time(one: Attempt, other: Attempt) -> bool:
    return one is other or one == structs.replace(other, marked_ns=one.marked_ns)


def later_marks(attempts: Sequence[Attempt], numbers: Numbers) -> list[Rows]:
    """Rows of attempts whose plan is already stored."""
    marks: list[tuple[SqlValue, ...]] = []
    intents: list[tuple[SqlValue, ...]] = []
    for attempt in attempts:
        key = (
            attempt.intent_id.partition(".")[0],
            attempt.account_id,
            slice_of(attempt.intent_id),
        )
        numbers.attempt += 1
        marks.append(
            (
                numbers.attempt,
                attempt.number,
                attempt.tag,
                attempt.payload_hash,
                attempt.marked_ns,
                attempt.deadline_ms,
                *key,
            )
        )
        if attempt.number > 1:
            # A first attempt of a PLANNED intent shows by itself (see ``loading``), which saves
            # the wave that follows a master order two milliseconds.
            intents.append((attempt.marked_ns, *key))
    batch = [Rows(_LATER_ATTEMPT, marks, expect=len(marks))]
    if intents:
        batch.append(Rows(_LATER_INTENT, intents, expect=len(intents)))
    return batch


def is_stored(connection: Connection, action: MasterAction) -> bool:
    """True if this action, or another of its place in the master's book, has its plan already."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM actions WHERE action_id = ? "
        "OR (master_id = ? AND order_ref = ? AND version = ?)",
        (action.action_id, action.master_id, action.order_ref, action.version),
    )
    return found.first() is not None
