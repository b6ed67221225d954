"""The engine's memory: commits that orders wait for, and facts stored in groups behind.

Plans and first marks are committed to the order log, and become facts at once. Facts are numbered
and tied together when their group is stored, in the order in which they were appended. A group the
database cannot take goes to the emergency journal, the engine is told to halt, and the journal
keeps trying; what waits is put into the database at the next start at latest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from sqlalchemy import Connection

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.events import Event
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.records import ENGINE, Amendment, Attempt, Plan
from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.ports import (
    Clock,
    FaultPoint,
    JournalFailureError,
    OpenWork,
)
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import FailureKind, SqliteFailedError, failure_from
from copytrade_gui.storage.database.idle import IdleCheckpoints
from copytrade_gui.storage.files.reserve import Reserve
from copytrade_gui.storage.files.uncancelled import to_its_end
from copytrade_gui.storage.journal.emergency import EmergencyJournal
from copytrade_gui.storage.journal.facts import (
    ORDERS_AMENDED,
    ORDERS_MARKED,
    PLAN_MADE,
    Moment,
    command_fact,
    recorded_fact,
)
from copytrade_gui.storage.journal.groups import FactGroups
from copytrade_gui.storage.journal.leftover import expand_leftover, forget_expanded
from copytrade_gui.storage.journal.loading import load
from copytrade_gui.storage.journal.sealing import store_seal
from copytrade_gui.storage.journal.trail import Trail, store_states
from copytrade_gui.storage.order_log.order_log import OrderLog, RecordKind
from copytrade_gui.storage.order_log.plan_record import amendments_record, plan_record, wave_record

log = logging.getLogger(__name__)

BEFORE_COMMIT = "journal_before_commit"
AFTER_COMMIT = "journal_after_commit"
BEFORE_EXPANSION = "journal_before_expansion"
AFTER_EXPANSION = "journal_after_expansion"


def _nobody(_: str) -> None:
    """Nobody listens, or nobody tests."""


class SqliteJournal:
    """``ports.Journal``. Made by ``open``; every call comes from one loop.

    ``on_failure`` is called with a sentence when a fact could not be stored in the database; the
    engine must halt then. It is called once, and again only after the database had recovered.
    """

    def __init__(
        self,
        database: Database,
        order_log: OrderLog,
        clock: Clock,
        trail: Trail,
        *,
        reserve: Reserve,
        fault_point: FaultPoint = _nobody,
        on_progress: Callable[[int, bytes, int], None] | None = None,
        gone: Callable[[], str | None] | None = None,
    ) -> None:
        self.on_failure: Callable[[str], None] = _nobody
        self._database = database
        self._order_log = order_log
        self._trail = trail
        self._reserve = reserve
        self._fault_point = fault_point
        self._on_progress = on_progress
        self._gone = gone
        self._checkpoints = IdleCheckpoints([database, order_log], clock, self._tell_progress)
        self._facts = FactGroups(
            database,
            clock,
            trail,
            reserve,
            fault_point=fault_point,
            on_stored=self._checkpoints.wrote,
            on_failure=self._failed,
        )

    @property
    def append(self) -> Callable[[Event], None]:
        """Queue a fact; see ``ports.Journal``. Whoever subscribes it is heard where facts queue."""
        return self._facts.append

    @classmethod
    async def open(
        cls,
        database: Database,
        order_log: OrderLog,
        clock: Clock,
        emergency: EmergencyJournal,
        reserve: Reserve,
        *,
        fault_point: FaultPoint = _nobody,
        on_progress: Callable[[int, bytes, int], None] | None = None,
        gone: Callable[[], str | None] | None = None,
    ) -> SqliteJournal:
        """Put what waits outside the database into it, then go on from its end.

        What waits in the emergency journal has its numbers in the trail already, so it comes
        before the plans of the order log that were not expanded.

        ``gone`` says why nothing may be sent: what is written would be lost.

        Raises:
            JournalFailureError: the database does not take what waits.
        """
        trail = await database.read(lambda connection: Trail(connection, emergency))
        try:
            replayed = await trail.replay(database)
            now = Moment(clock.wall_ns(), clock.mono_ns(), None)
            fault_point(BEFORE_EXPANSION)
            expanded = await expand_leftover(order_log, database, trail, now)
            fault_point(AFTER_EXPANSION)
        except (SqliteFailedError, OSError) as error:
            raise JournalFailureError(str(error)) from error
        if replayed:
            log.warning("%d facts came back from the emergency journal", replayed)
        if expanded:
            log.info("%d records of the order log were expanded", expanded)
        return cls(
            database,
            order_log,
            clock,
            trail,
            reserve=reserve,
            fault_point=fault_point,
            on_progress=on_progress,
            gone=gone,
        )

    def clock_is_off_by(self, offset_ms: int) -> None:
        """Broker's clock minus ours, as it was measured: every fact from now on carries it.

        Whole seconds, as far as the broker's clock can be read: 0 is less than a second.
        """
        self._facts.clock_offset_ms = offset_ms

    @property
    def healthy(self) -> bool:
        """False while facts wait outside the database."""
        return not self._trail.waiting

    # ------------------------------------------------------------ commits

    async def commit_plan(self, plan: Plan, attempts: Sequence[Attempt], bodies: str = "") -> bool:
        """Store a plan with its first attempts; see ``ports.Journal``."""
        self._must_be_there()
        self._refuse_while_facts_wait()
        try:
            record = plan_record(plan, attempts, bodies)
        except (OverflowError, UnicodeEncodeError) as error:
            raise self._refused(failure_from(error)) from error
        return await self._log(
            RecordKind.PLAN, record, plan.made_ns, plan.plan_id, plan.signal.actor
        )

    async def commit_attempts(self, attempts: Sequence[Attempt], bodies: str = "") -> None:
        """Mark attempts SENDING; see ``ports.Journal``."""
        self._must_be_there()
        self._refuse_while_facts_wait()
        again = [attempt for attempt in attempts if attempt.number > 1]
        if again:
            await self._commit_again(again, bodies)
        first = [attempt for attempt in attempts if attempt.number == 1] if again else attempts
        if first:
            record = wave_record(first, bodies)
            await self._log(RecordKind.WAVE, record, first[0].marked_ns)

    async def _log(
        self,
        kind: RecordKind,
        record: str,
        made_ns: int,
        plan_id: str = "",
        actor: str = ENGINE,
    ) -> bool:
        """Commit a record to the order log; as soon as it is there it is a fact as well."""
        what = PLAN_MADE if kind is RecordKind.PLAN else ORDERS_MARKED
        stored = partial(self._facts.record, what, record, plan_id, actor)
        self._fault_point(BEFORE_COMMIT)
        try:
            fresh = await self._order_log.commit(
                kind, record, made_ns, plan_id=plan_id, stored=stored
            )
        except SqliteFailedError as error:
            raise self._refused(error) from error
        self._fault_point(AFTER_COMMIT)
        return fresh

    async def commit_amendments(self, amendments: Sequence[Amendment]) -> None:
        """Store changes before they are asked for; see ``ports.Journal``."""
        self._must_be_there()
        self._refuse_while_facts_wait()
        await self._commit_fact(ORDERS_AMENDED, amendments_record(amendments))

    async def _commit_again(self, attempts: Sequence[Attempt], bodies: str) -> None:
        """Mark further tries, in the database: there no order can have two that live."""
        await self._commit_fact(ORDERS_MARKED, wave_record(attempts, bodies))

    async def _commit_fact(self, kind: str, record: str) -> None:
        self._fault_point(BEFORE_COMMIT)
        # The end of the try before may still be queued, and only after it may this one come.
        async with self._facts.stored():
            self._refuse_while_facts_wait()
            fact = recorded_fact(kind, record, self._facts.now())
            try:
                await to_its_end(self._trail.commit(self._database, fact, self._reserve))
            except SqliteFailedError as error:
                if self._trail.waiting:
                    self._facts.retry_later()
                raise self._refused(error) from error
        self._checkpoints.wrote()
        self._fault_point(AFTER_COMMIT)

    async def commit_trading_state(self, change: StateChange) -> None:
        """Store a trading state. A stop may rest in the emergency journal, a start may not, nor
        what lets exits leave again.
        """
        starts = change.state.allows_new_plans
        if starts:
            self._must_be_there()
        try:
            # Those that wait came first; stored after this one they would be the newest at start.
            states = (*self._trail.states, change)
            await self._database.write(lambda connection: store_states(connection, states))
        except SqliteFailedError as error:
            failure = self._refused(error)
            if starts:
                raise failure from error
            was_healthy = self.healthy
            try:
                self._trail.keep_state(change)
            except OSError as second:
                raise JournalFailureError(f"{failure} {second}") from error
            if was_healthy:
                self.on_failure(str(failure))
            self._facts.retry_later()
            return
        self._checkpoints.wrote()

    async def commit_command(
        self, command: CommandId, actor: str, verb: str, subject: str, reason: str, at_ns: int
    ) -> bool:
        """Record a person's act once; see ``ports.Journal``."""

        def insert(connection: Connection) -> bool:
            result = connection.exec_driver_sql(
                "INSERT OR IGNORE INTO commands VALUES (?,?,?,?,?,?)",
                (command, actor, verb, subject, reason, at_ns),
            )
            return result.rowcount == 1

        try:
            fresh = await self._database.write(insert)
        except SqliteFailedError as error:
            raise self._refused(error) from error
        if fresh:
            now = self._facts.now()
            self._facts.put(
                command_fact(
                    command, actor=actor, verb=verb, subject=subject, reason=reason, at=now
                )
            )
            self._checkpoints.wrote()
        return fresh

    async def seal_day(self, seal: DaySeal) -> DaySeal:
        """Seal a day; see ``ports.Journal``."""
        async with self._facts.stored():  # nothing comes between the newest fact and its seal
            try:
                sealed = await store_seal(
                    self._trail, self._database, self._reserve, seal, self._facts.now()
                )
            except JournalFailureError as failure:
                self.on_failure(str(failure))
                self._facts.retry_later()
                raise
            await self._forget_expanded()
            return sealed

    async def _forget_expanded(self) -> None:
        try:
            await forget_expanded(self._order_log, self._database)
        except SqliteFailedError as error:
            log.warning("the order log was not emptied: %s", error)

    async def load(self, day: date) -> OpenWork:
        """Read what is not ended, and everything of ``day``; raises JournalFailureError."""
        await self.flush()
        try:
            return await self._database.read(lambda connection: load(connection, day))
        except SqliteFailedError as error:
            raise JournalFailureError(str(error)) from error
        except (ValueError, RecursionError) as error:
            raise JournalFailureError(
                f"Database {self._database.path} holds a record that cannot be read ({error}). "
                "Restart to restore the newest copy."
            ) from error

    # ------------------------------------------------------------ facts

    async def flush(self) -> None:
        """Wait until every fact is in the database or the emergency journal (or both refused)."""
        await self._facts.flush()

    async def close(self) -> None:
        """Store everything, make a last checkpoint; the database stays open for its owner."""
        await self._facts.close()
        await self._checkpoints.close()
        self._tell_progress()
        self._trail.close()

    def _failed(self, sentence: str) -> None:
        self.on_failure(sentence)  # whoever listens is named after this journal was made

    def _must_be_there(self) -> None:
        if self._gone is not None and (problem := self._gone()):
            raise JournalFailureError(problem)

    def _refuse_while_facts_wait(self) -> None:
        if self._trail.waiting:
            raise JournalFailureError(
                "Earlier facts could not be stored in the database, so nothing new is sent. "
                "Free some disk space, then resume."
            )

    def _refused(self, error: SqliteFailedError) -> JournalFailureError:
        log.error("a commit failed: %s", error)
        if error.kind in (FailureKind.FULL, FailureKind.IO):
            self._reserve.drop()
        return JournalFailureError(str(error))

    # ------------------------------------------------------------ upkeep

    def _tell_progress(self) -> None:
        if self._on_progress is not None:
            self._on_progress(*self._trail.stored, self._order_log.newest)
