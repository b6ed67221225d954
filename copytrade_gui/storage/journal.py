"""The engine's memory on SQLite: commits that orders wait for, and facts stored in groups behind.

Facts are numbered and tied together when their group is stored, in the order in which they were
appended. A group the database cannot take goes to the emergency journal, the engine is told to
halt, and the journal keeps trying; what waits is put into the database at the next start at latest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date

from sqlalchemy import Connection

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.events import AccountHalted, Event
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.records import Attempt, Plan
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import (
    Clock,
    FaultPoint,
    JournalFailureError,
    OpenWork,
    Timer,
    nothing_else,
)
from copytrade_gui.storage.beforehand import Beforehand
from copytrade_gui.storage.chain import Fact
from copytrade_gui.storage.commits import Numbers, PlanCommit, is_stored, later_marks
from copytrade_gui.storage.database import Database
from copytrade_gui.storage.emergency import EmergencyJournal
from copytrade_gui.storage.engines import FailureKind, SqliteFailedError
from copytrade_gui.storage.idle import IdleCheckpoints
from copytrade_gui.storage.loading import load
from copytrade_gui.storage.records import Moment, command_fact, fact_from, worth_keeping
from copytrade_gui.storage.reserve import Reserve
from copytrade_gui.storage.rows import Rows
from copytrade_gui.storage.sealing import store_seal
from copytrade_gui.storage.trail import STATE, Trail, state_row
from copytrade_gui.storage.uncancelled import to_its_end

log = logging.getLogger(__name__)

GROUP_SECONDS = 0.020
GROUP_ROWS = 25
LARGEST_GROUP = 250
RETRY_SECONDS = 1.0
BEFORE_COMMIT = "journal_before_commit"
AFTER_COMMIT = "journal_after_commit"
BEFORE_GROUP = "journal_before_group"
AFTER_GROUP = "journal_after_group"


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
        clock: Clock,
        numbers: Numbers,
        trail: Trail,
        *,
        reserve: Reserve,
        fault_point: FaultPoint = _nobody,
        on_progress: Callable[[int, bytes], None] | None = None,
        gone: Callable[[], str | None] | None = None,
    ) -> None:
        self.on_failure: Callable[[str], None] = _nobody
        self.clock_offset_ms: int | None = None
        """Broker's clock minus ours; whoever measures it sets it, and every fact carries it.

        Whole seconds, as far as the broker's clock can be read: 0 is less than a second."""
        self._database = database
        self._clock = clock
        self._numbers = numbers
        self._trail = trail
        self._reserve = reserve
        self._fault_point = fault_point
        self._on_progress = on_progress
        self._gone = gone
        self._queue: list[tuple[Event | Fact, Moment]] = []
        self._beforehand = Beforehand(database, clock)
        self._checkpoints = IdleCheckpoints(database, clock, self._moved)
        self._kept: dict[str, object] = {}
        self._storing = asyncio.Lock()
        self._group_task: asyncio.Task[None] | None = None
        self._group_timer: Timer | None = None
        self._retry_timer: Timer | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        database: Database,
        clock: Clock,
        emergency: EmergencyJournal,
        reserve: Reserve,
        *,
        fault_point: FaultPoint = _nobody,
        on_progress: Callable[[int, bytes], None] | None = None,
        gone: Callable[[], str | None] | None = None,
    ) -> SqliteJournal:
        """Put what waits in the emergency journal into the database, then go on from its end.

        ``gone`` says why nothing may be sent: what is written would be lost.

        Raises:
            JournalFailureError: the database does not take what waits.
        """
        trail = await database.read(lambda connection: Trail(connection, emergency))
        try:
            replayed = await trail.replay(database)
        except (SqliteFailedError, OSError) as error:
            raise JournalFailureError(str(error)) from error
        if replayed:
            log.warning("%d facts came back from the emergency journal", replayed)
        numbers = await database.read(Numbers)
        return cls(
            database,
            clock,
            numbers,
            trail,
            reserve=reserve,
            fault_point=fault_point,
            on_progress=on_progress,
            gone=gone,
        )

    @property
    def healthy(self) -> bool:
        """False while facts wait outside the database."""
        return not self._trail.waiting

    # ------------------------------------------------------------ commits

    async def commit_plan(
        self, plan: Plan, attempts: Sequence[Attempt], meanwhile: Callable[[], bool] = nothing_else
    ) -> bool:
        """Store action, plan, intents and first attempts; see ``ports.Journal``."""
        self._must_be_there()
        self._fault_point(BEFORE_COMMIT)
        try:
            if not await self._beforehand.commit(plan, attempts, meanwhile):
                commit = PlanCommit(plan, attempts, self._numbers)
                await self._database.write_rows(commit.batch, meanwhile)
                commit.stored()
        except SqliteFailedError as error:
            if error.kind is FailureKind.CONSTRAINT and await self._database.read(
                lambda connection: is_stored(connection, plan.action)
            ):
                return False
            raise self._refused(error) from error
        self._wrote()
        self._fault_point(AFTER_COMMIT)
        return True

    def rehearse_plan(self, plan: Plan, attempts: Sequence[Attempt]) -> None:
        """Lay out what ``commit_plan`` will most likely be called with; see ``ports.Journal``."""
        if not self._closed:
            self._beforehand.expect(PlanCommit(plan, attempts, self._numbers))

    async def commit_attempts(
        self, attempts: Sequence[Attempt], meanwhile: Callable[[], bool] = nothing_else
    ) -> None:
        """Mark attempts SENDING; see ``ports.Journal``."""
        if not attempts:
            return
        self._must_be_there()
        await self._settle_facts(needed=any(attempt.number > 1 for attempt in attempts))
        self._fault_point(BEFORE_COMMIT)
        try:
            await self._database.write_rows(later_marks(attempts, self._numbers), meanwhile)
        except SqliteFailedError as error:
            raise self._refused(error) from error
        self._wrote()
        self._fault_point(AFTER_COMMIT)

    async def commit_trading_state(self, change: StateChange) -> None:
        """Store a trading state. A stop may rest in the emergency journal, a start may not."""
        if change.state is TradingState.ACTIVE:
            self._must_be_there()
        try:
            # Those that wait came first; stored after this one they would be the newest at start.
            states = [*self._trail.states, change]
            await self._database.write_rows([Rows(STATE, [state_row(one) for one in states])])
        except SqliteFailedError as error:
            failure = self._refused(error)
            if change.state is TradingState.ACTIVE:
                raise failure from error
            was_healthy = self.healthy
            try:
                self._trail.keep_state(change)
            except OSError as second:
                raise JournalFailureError(f"{failure} {second}") from error
            if was_healthy:
                self.on_failure(str(failure))
            self._retry_later()
            return
        self._wrote()

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
            now = self._now()
            fact = command_fact(
                command, actor=actor, verb=verb, subject=subject, reason=reason, at=now
            )
            self._enqueue(fact, now)
            self._wrote()
        return fresh

    async def seal_day(self, seal: DaySeal) -> DaySeal:
        """Seal a day; see ``ports.Journal``."""
        self._stop_group_timer()
        async with self._storing:  # nothing comes between the newest fact and its seal
            await self._store_queue()
            try:
                return await store_seal(
                    self._trail, self._database, self._reserve, seal, self._now()
                )
            except JournalFailureError as failure:
                self.on_failure(str(failure))
                self._retry_later()
                raise

    async def load(self, day: date) -> OpenWork:
        """Read what is not ended, and everything of ``day``; raises JournalFailureError."""
        await self.flush()
        try:
            return await self._database.read(lambda connection: load(connection, day))
        except SqliteFailedError as error:
            raise JournalFailureError(str(error)) from error
        except ValueError as error:
            raise JournalFailureError(
                f"Database {self._database.path} holds a record that cannot be read ({error}). "
                "Restart to restore the newest copy."
            ) from error

    # ------------------------------------------------------------ facts

    def append(self, event: Event) -> None:
        """Queue a fact; see ``ports.Journal``."""
        if self._closed:
            log.error("a fact came after the journal closed: %s", type(event).__name__)
        elif worth_keeping(event, self._kept):
            self._enqueue(event, self._now(), at_once=isinstance(event, AccountHalted))

    async def flush(self) -> None:
        """Wait until every fact is in the database or the emergency journal (or both refused)."""
        self._stop_group_timer()
        async with self._storing:
            await self._store_queue()

    async def close(self) -> None:
        """Store everything, make a last checkpoint; the database stays open for its owner."""
        await self.flush()
        self._closed = True
        for timer in (self._group_timer, self._retry_timer):
            if timer is not None:
                timer.cancel()
        if self._group_task is not None:
            await asyncio.wait([self._group_task])
        await self._checkpoints.close()
        await self._beforehand.close()
        self._tell_progress()
        self._trail.close()

    def _now(self) -> Moment:
        return Moment(self._clock.wall_ns(), self._clock.mono_ns(), self.clock_offset_ms)

    def _enqueue(self, news: Event | Fact, at: Moment, *, at_once: bool = False) -> None:
        self._queue.append((news, at))
        if self._group_task is not None:
            return  # it takes everything that is there when it comes round
        if at_once or len(self._queue) >= GROUP_ROWS:
            self._stop_group_timer()
            self._start_group()
        elif self._group_timer is None:
            self._group_timer = self._clock.call_later(GROUP_SECONDS, self._group_due)

    def _stop_group_timer(self) -> None:
        if self._group_timer is not None:
            self._group_timer.cancel()
            self._group_timer = None

    def _group_due(self) -> None:
        self._group_timer = None
        if self._group_task is None and (self._queue or self._trail.waiting):
            self._start_group()

    def _start_group(self) -> None:
        self._group_task = asyncio.get_running_loop().create_task(
            self._store_group(), name="journal group"
        )
        self._group_task.add_done_callback(self._group_ended)

    async def _store_group(self) -> None:
        async with self._storing:
            await self._store_all()

    def _group_ended(self, task: asyncio.Task[None]) -> None:
        self._group_task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("a group of facts was not stored", exc_info=error)
            self.on_failure(f"The journal failed: {error}. Restart the console.")

    async def _store_queue(self) -> None:
        await to_its_end(self._store_all())  # facts that were taken are not lost with the caller

    async def _store_all(self) -> None:
        while self._queue or self._trail.waiting:
            self._fault_point(BEFORE_GROUP)
            taken = self._queue[:LARGEST_GROUP]
            facts = [news if isinstance(news, Fact) else fact_from(news, at) for news, at in taken]
            was_healthy = self.healthy
            # From here on the facts are in the trail's hands, stored or waiting.
            del self._queue[: len(taken)]
            failure = await self._trail.store(self._database, facts, self._reserve)
            self._fault_point(AFTER_GROUP)
            if failure is None:
                self._wrote()
                continue
            if was_healthy:
                log.error("a group of facts was not stored as usual: %s", failure)
                self.on_failure(failure)
            if self._trail.waiting:
                self._retry_later()
                if not self._queue:
                    return

    async def _settle_facts(self, *, needed: bool) -> None:
        # The end of an attempt may still be queued, and only after it may the next one be stored.
        if needed and (self._queue or self._group_task is not None):
            await self.flush()
        if self._trail.waiting:
            raise JournalFailureError(
                "Earlier facts could not be stored in the database, so nothing new is sent. "
                "Free some disk space, then resume."
            )

    def _must_be_there(self) -> None:
        if self._gone is not None and (problem := self._gone()):
            raise JournalFailureError(problem)

    def _refused(self, error: SqliteFailedError) -> JournalFailureError:
        log.error("a commit failed: %s", error)
        if error.kind in (FailureKind.FULL, FailureKind.IO):
            self._reserve.drop()
        return JournalFailureError(str(error))

    # ------------------------------------------------------------ upkeep

    def _retry_later(self) -> None:
        if self._retry_timer is None and not self._closed:
            self._retry_timer = self._clock.call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retry_timer = None
        self._group_due()

    def _wrote(self) -> None:
        self._beforehand.again()
        self._checkpoints.wrote()

    def _moved(self) -> None:
        self._beforehand.again()  # an open transaction keeps the log from starting anew
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._trail.number, self._trail.head)
