"""Facts on their way into the database: queued, and stored in small groups in their order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from copytrade_gui.domain.day import DayStep, SheetStep
from copytrade_gui.domain.events import (
    AccountChanged,
    AccountHalted,
    Event,
    HoldingsSeen,
    LampChanged,
    PlanMade,
    RecoveryReported,
    ReviewsChanged,
)
from copytrade_gui.ports import Clock, FaultPoint, Timer
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.files.reserve import Reserve
from copytrade_gui.storage.files.uncancelled import to_its_end
from copytrade_gui.storage.journal.chain import Fact
from copytrade_gui.storage.journal.facts import Moment, fact_from, recorded_fact, status_fact
from copytrade_gui.storage.journal.trail import Trail

log = logging.getLogger(__name__)

GROUP_SECONDS = 0.020
GROUP_ROWS = 25
LARGEST_GROUP = 40
"""Facts of one transaction: about what a disk takes in the time of one commit, so that a stop or a
person's act never waits for more."""
RETRY_SECONDS = 1.0
BEFORE_GROUP = "journal_before_group"
AFTER_GROUP = "journal_after_group"


class FactGroups:
    """Stores what is queued, a group at a time.

    ``on_stored`` is called after each group; ``on_failure`` with a sentence when one could not be
    stored in the database, once, and again only after the database had recovered.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        trail: Trail,
        reserve: Reserve,
        *,
        fault_point: FaultPoint,
        on_stored: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._trail = trail
        self._reserve = reserve
        self._fault_point = fault_point
        self._on_stored = on_stored
        self._on_failure = on_failure
        self.clock_offset_ms: int | None = None
        """Broker's clock minus ours, where it was measured."""
        self._kept: dict[str, object] = {}
        """What the newest fact said of each subject whose facts often repeat it."""
        self._queue: list[Fact | tuple[Event, Moment]] = []
        self._storing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._retry_timer: Timer | None = None
        self._closing = self._closed = False

    def now(self) -> Moment:
        """The moment a fact of now carries."""
        return Moment(self._clock.wall_ns(), self._clock.mono_ns(), self.clock_offset_ms)

    def append(self, event: Event) -> None:
        """Store news in their turn, but for those that repeat; a halt waits for no group."""
        if self._closed:
            log.error("a fact came after the journal closed: %s", type(event).__name__)
        elif _worth_keeping(event, self._kept):
            self._enqueue((event, self.now()), at_once=isinstance(event, AccountHalted))

    def record(self, kind: str, record: str, plan_id: str, actor: str) -> None:
        """Store in its turn what was committed to the order log just now."""
        self.put(recorded_fact(kind, record, self.now(), plan_id, actor))

    def put(self, fact: Fact) -> None:
        """Store a fact in its turn."""
        self._enqueue(fact)

    def _enqueue(self, fact: Fact | tuple[Event, Moment], *, at_once: bool = False) -> None:
        self._queue.append(fact)
        if self._task is not None:
            return  # it takes everything that is there when it comes round
        if at_once or len(self._queue) >= GROUP_ROWS:
            self._stop_timer()
            self._start()
        elif self._timer is None:
            self._timer = self._clock.call_later(GROUP_SECONDS, self._due)

    async def flush(self) -> None:
        """Wait until every fact is in the database or the emergency journal (or both refused)."""
        async with self.stored():
            pass

    @asynccontextmanager
    async def stored(self) -> AsyncIterator[None]:
        """Everything queued is stored, and nothing further is while this is held."""
        self._stop_timer()
        async with self._storing:
            await to_its_end(self._store_all())  # what was taken is not lost with the caller
            yield

    def retry_later(self) -> None:
        """Try again in a while to store what waits outside the database."""
        if self._retry_timer is None and not self._closing:
            self._retry_timer = self._clock.call_later(RETRY_SECONDS, self._retry)

    async def close(self) -> None:
        """Store everything; nothing may be queued after this."""
        await self.flush()
        self._closing = True
        self._stop_timer()
        if self._retry_timer is not None:
            self._retry_timer.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])
        self._closed = True

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        if self._task is None and (self._queue or self._trail.waiting):
            self._start()

    def _retry(self) -> None:
        self._retry_timer = None
        self._due()

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(
            self._store_group(), name="journal group"
        )
        self._task.add_done_callback(self._ended)

    async def _store_group(self) -> None:
        async with self._storing:
            await self._store_all()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("a group of facts was not stored", exc_info=error)
            self._on_failure(f"The journal failed: {error}. Restart the console.")

    async def _store_all(self) -> None:
        while self._queue or self._trail.waiting:
            self._fault_point(BEFORE_GROUP)
            taken = self._queue[:LARGEST_GROUP]
            facts = [one if isinstance(one, Fact) else fact_from(*one) for one in taken]
            was_healthy = not self._trail.waiting
            # From here on the facts are in the trail's hands, stored or waiting.
            del self._queue[: len(taken)]
            failure = await self._trail.store(self._database, facts, self._reserve)
            self._fault_point(AFTER_GROUP)
            if failure is None:
                self._on_stored()
                continue
            if was_healthy:
                log.error("a group of facts was not stored as usual: %s", failure)
                self._on_failure(failure)
            if self._trail.waiting:
                self.retry_later()
                if not self._queue:
                    return


def _worth_keeping(event: Event, kept: dict[str, object]) -> bool:
    """Leave out news that repeat what ``kept`` holds: margins, latencies and steady lamps.

    Of a start's findings only the whole report is kept, not each step towards it.
    """
    now: object
    match event:
        case AccountChanged(status=status):
            key, now = f"account {status.account_id}", status_fact(status)
        case LampChanged():
            key, now = f"lamp {event.name}", event.state
        case HoldingsSeen(account_id=account):
            key, now = f"holdings {account}", event.rows
        case ReviewsChanged(items=items):
            key, now = "reviews", tuple(item.intent_id for item in items)
        case DayStep() | SheetStep():
            return False
        case PlanMade():  # a plan's fact is its record, stored when it was committed
            return False
        case RecoveryReported():
            return event.done
        case _:
            return True
    if kept.get(key) == now:
        return False
    kept[key] = now
    return True
