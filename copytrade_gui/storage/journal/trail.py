"""The growing end of the audit trail, and the facts that wait outside the database."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.storage.database.database import Database, cursor_of
from copytrade_gui.storage.database.engines import FailureKind, SqliteFailedError
from copytrade_gui.storage.files.reserve import Reserve
from copytrade_gui.storage.journal.chain import GENESIS, EventRow, Fact, chained
from copytrade_gui.storage.journal.emergency import EmergencyJournal
from copytrade_gui.storage.journal.projection import store_events

log = logging.getLogger(__name__)

_STATE = (
    "INSERT OR IGNORE INTO trading_state (state, actor, reason, at_ns, all_orders) "
    "VALUES (?,?,?,?,?)"
)


class WaitingEvent(msgspec.Struct, frozen=True, tag="event", tag_field="is"):
    """An event in the emergency journal, with its number and hashes."""

    row: EventRow


class WaitingState(msgspec.Struct, frozen=True, tag="state", tag_field="is"):
    """A stop in the emergency journal."""

    change: StateChange


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(WaitingEvent | WaitingState)


def store_states(connection: Connection, changes: Sequence[StateChange]) -> None:
    """Put trading states into the database, inside the caller's transaction."""
    for change in changes:
        state, owners = change.state.value, int(change.all_orders)
        row = (state, change.actor, change.reason, change.at_ns, owners)
        connection.exec_driver_sql(_STATE, row)


class Trail:
    """Numbers and stores facts; never loses one that ``store`` took."""

    def __init__(self, connection: Connection, emergency: EmergencyJournal) -> None:
        newest = connection.exec_driver_sql(
            "SELECT number, own_hash FROM events ORDER BY number DESC LIMIT 1"
        ).first()
        self.number: int = 0 if newest is None else int(newest[0])
        self.head: bytes = GENESIS if newest is None else bytes(newest[1])
        self.stored: tuple[int, bytes] = self.number, self.head
        """Number and hash of the newest fact that is known to be in the database."""
        self._emergency = emergency
        self._rows: list[EventRow] = []
        self._states: list[StateChange] = []

    @property
    def waiting(self) -> bool:
        """True while facts or stops wait outside the database."""
        return bool(self._rows or self._states)

    @property
    def states(self) -> tuple[StateChange, ...]:
        """Stops that wait outside the database, oldest first."""
        return tuple(self._states)

    async def replay(self, database: Database) -> int:
        """At start: move what the emergency journal holds into the database; returns how many.

        Raises SqliteFailedError, OSError.
        """
        if self._emergency.empty:
            return 0
        found = [_decoder.decode(fact) for fact in self._emergency.facts()]
        rows = [fact.row for fact in found if isinstance(fact, WaitingEvent)]
        self._states = [fact.change for fact in found if isinstance(fact, WaitingState)]
        fresh = [row for row in rows if row.number > self.number]
        await self._write(database, rows)
        if fresh:
            self.number, self.head = fresh[-1].number, fresh[-1].own_hash
        self._emergency.clear()
        self._states = []
        return len(found)

    async def store_at_start(self, database: Database, facts: Sequence[Fact]) -> None:
        """Store facts before anything else is. Raises SqliteFailedError: the start is refused."""
        await self._write(database, self._number(facts))

    async def store(
        self, database: Database, facts: Sequence[Fact], reserve: Reserve
    ) -> str | None:
        """Store facts and everything that waited before them; a sentence if that went wrong.

        After a sentence the facts are in the database, or in the emergency journal and in memory;
        if both refused, in memory only, which the sentence says.
        """
        fresh = self._number(facts)
        rows = self._rows + fresh
        try:
            await self._write(database, rows)
        except SqliteFailedError as error:
            if error.kind in (FailureKind.FULL, FailureKind.IO):
                reserve.drop()
                if await self._second_try(database, rows):
                    self._caught_up()
                    return str(error)
            return self._keep(fresh, error)
        return self._caught_up()

    async def commit(self, database: Database, fact: Fact, reserve: Reserve) -> None:
        """Store a fact that somebody waits for, and nothing else; nothing may be waiting.

        Raises SqliteFailedError. Of kind CONSTRAINT: it contradicts what is stored, and the trail
        is as before. Any other: it may be stored all the same, so it waits outside the database.
        """
        number, head = self.number, self.head
        fresh = self._number([fact])
        try:
            await self._write(database, fresh, strict=True)
        except SqliteFailedError as error:
            if error.kind is FailureKind.CONSTRAINT:
                self.number, self.head = number, head
            else:
                if error.kind in (FailureKind.FULL, FailureKind.IO):
                    reserve.drop()
                self._keep(fresh, error)
            raise

    def keep_state(self, change: StateChange) -> None:
        """Put a stop the database refused into the emergency journal. Raises OSError."""
        self._emergency.append([_encoder.encode(WaitingState(change))])
        self._states.append(change)

    def close(self) -> None:
        """Close the emergency journal; what waits stays in it."""
        self._emergency.close()

    def _number(self, facts: Sequence[Fact]) -> list[EventRow]:
        rows = []
        for fact in facts:
            row = chained(fact, self.number + 1, self.head)
            self.number, self.head = row.number, row.own_hash
            rows.append(row)
        return rows

    async def _second_try(self, database: Database, rows: list[EventRow]) -> bool:
        try:
            await self._write(database, rows)
        except SqliteFailedError as error:
            log.warning("also not after the reserve was dropped: %s", error)
            return False
        return True

    async def _write(
        self, database: Database, rows: Sequence[EventRow], *, strict: bool = False
    ) -> None:
        states = tuple(self._states)

        def write(connection: Connection) -> None:
            with cursor_of(connection) as cursor:
                store_events(cursor, rows, strict=strict)
            store_states(connection, states)

        await database.write(write)
        if rows:
            self.stored = max(self.stored, (rows[-1].number, rows[-1].own_hash))

    def _keep(self, fresh: list[EventRow], error: SqliteFailedError) -> str:
        self._rows += fresh
        try:
            self._emergency.append(_encoder.encode(WaitingEvent(row)) for row in fresh)
        except OSError as second:
            log.critical("facts are in memory only: %s", second)
            return f"{error} The emergency journal failed too ({second}): do not close the console."
        return str(error)

    def _caught_up(self) -> str | None:
        had_waited = self.waiting
        self._rows, self._states = [], []
        if had_waited or not self._emergency.empty:
            try:
                self._emergency.clear()
            except OSError as error:
                # Harmless: what is replayed twice changes nothing.
                log.warning("the emergency journal cannot be emptied: %s", error)
        return None
