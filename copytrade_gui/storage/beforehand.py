"""The plan that will most likely be stored next, laid out while the operator reads his ticket.

Most of a commit's time goes into putting its rows in. Once they lie in an open transaction only
the moment of the press has to be added, and the disk be waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from copytrade_gui.domain.records import Attempt, Plan
from copytrade_gui.ports import Clock, Timer
from copytrade_gui.storage.commits import PlanCommit
from copytrade_gui.storage.database import Database

QUIET_SECONDS = 0.1
"""Laid out once nothing was stored for so long: whatever is stored rolls it back."""


class Beforehand:
    """Keeps one plan's commit laid out. Used on the journal's loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._commit: PlanCommit | None = None
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None

    def expect(self, commit: PlanCommit) -> None:
        """Lay this one out, and not the one before."""
        self._commit = commit
        self.again()

    def again(self) -> None:
        """Something else was stored, or may be soon."""
        self._stop_timer()
        if self._commit is not None:
            self._timer = self._clock.call_later(QUIET_SECONDS, self._due)

    async def commit(
        self, plan: Plan, attempts: Sequence[Attempt], meanwhile: Callable[[], bool]
    ) -> bool:
        """Store a plan as it was laid out. False: it was not, or it differs; nothing is stored.

        Raises:
            SqliteFailedError: it could not be stored.
        """
        commit, self._commit = self._commit, None
        self._stop_timer()
        if commit is None or not commit.fits(plan, attempts):
            return False
        rest = commit.times_of(plan, attempts)
        stored = await self._database.commit_laid_out(commit.batch, rest, meanwhile)
        if stored:
            commit.stored()
        return stored

    async def close(self) -> None:
        """Expect nothing any more."""
        self._commit = None
        self._stop_timer()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        if self._commit is None:
            return
        if self._task is not None:
            self.again()
            return
        self._task = asyncio.get_running_loop().create_task(
            self._lay_out(self._commit), name="lay out a plan"
        )

    async def _lay_out(self, commit: PlanCommit) -> None:
        try:
            await self._database.lay_out(commit.batch)
        finally:
            self._task = None
