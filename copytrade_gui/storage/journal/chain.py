"""The audit trail's rows and the hash that ties each to the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

SEALED = "DaySealed"
"""The kind of a fact that closes a day: it names the fact before it by number and hash."""

GENESIS = bytes(32)
"""The hash before the first event."""


class Fact(NamedTuple):
    """One fact on its way into the audit trail, not yet numbered.

    ``wall_ns`` is UTC, ``mono_ns`` monotonic, ``clock_offset_ms`` the broker's clock minus ours
    when known, in whole seconds because the broker tells no finer time. ``body`` is JSON text. Ids
    are empty where they do not apply.
    """

    wall_ns: int
    mono_ns: int
    clock_offset_ms: int | None
    actor: str
    kind: str
    account_id: str
    plan_id: str
    intent_id: str
    reason: str
    body: str


class EventRow(NamedTuple):
    """One row of ``events``, in column order."""

    number: int
    wall_ns: int
    mono_ns: int
    clock_offset_ms: int | None
    actor: str
    kind: str
    account_id: str
    plan_id: str
    intent_id: str
    reason: str
    body: str
    previous_hash: bytes
    own_hash: bytes


_encoder = msgspec.json.Encoder()


def chained(fact: Fact, number: int, previous: bytes) -> EventRow:
    """Number a fact and tie it to the event before it."""
    return EventRow(number, *fact, previous, _hash(previous, (number, *fact)))


def _hash(previous: bytes, content: tuple[int | str | None, ...]) -> bytes:
    return hashlib.sha256(previous + _encoder.encode(content)).digest()


class ChainCheck:
    """Walks events in order of number and collects what is wrong, in sentences.

    ``number`` and ``head`` are those of the last event.
    """

    def __init__(self, previous: bytes = GENESIS, number: int = 0) -> None:
        self.head = previous
        self.number = number
        self.problems: list[str] = []

    def walk(self, rows: Iterable[EventRow]) -> None:
        """Take in the next rows."""
        for row in rows:
            if row.number != self.number + 1:
                self.problems.append(
                    f"Events {self.number + 1} to {row.number - 1} are missing."
                    if row.number > self.number
                    else f"Event {row.number} stands where {self.number + 1} should."
                )
            elif row.previous_hash != self.head:
                self.problems.append(
                    f"Event {row.number} does not follow event {self.number}: "
                    "one of them was replaced."
                )
            if _hash(row.previous_hash, row[:-2]) != row.own_hash:
                self.problems.append(f"Event {row.number} was changed after it was written.")
            if row.kind == SEALED and not _fits(row):
                self.problems.append(
                    f"The seal in event {row.number} is not of the events before it."
                )
            self.head, self.number = row.own_hash, row.number


class _Seal(msgspec.Struct):
    events: int
    head: str


def _fits(row: EventRow) -> bool:
    try:
        seal = msgspec.json.decode(row.body, type=_Seal)
    except (ValueError, RecursionError):
        return False
    return (seal.events, seal.head) == (row.number - 1, row.previous_hash.hex())
