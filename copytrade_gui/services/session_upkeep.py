"""While accounts are logged in: margins kept young, order channels kept warm, rights read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.rights import Rights
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import BrokerFailureError, BrokerSession, Clock

log = logging.getLogger(__name__)

_MARGIN_EVERY = 60.0
_WARMTH_EVERY = 1.0
_WARNED_BEFORE = timedelta(minutes=10)
"""Of midnight in India, when the broker ends every session (docs/broker.md 4.2)."""


class SessionUpkeep:
    """Reads what orders are checked by. What a replaced session was told is not heeded."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._warned: date | None = None

    async def keep(self) -> None:
        """Refresh margins about once a minute, spread out, and tell which channels are warm.

        Runs until cancelled; never on the send path.
        """
        turn = 0
        while True:
            await self._clock.sleep(_WARMTH_EVERY)
            self._engine.refresh_warmth()
            self._warn_of_their_end()
            due = self._due(turn)
            turn += 1
            untold = (one for one in due if self._engine.lanes[one].status.rights is None)
            await asyncio.gather(
                *(self._refresh_margin(account) for account in due),
                *(self._read_rights(account) for account in untold),
            )

    async def read(self, account_id: AccountId) -> None:
        """Margin and rights of an account that has just logged in."""
        await asyncio.gather(self._refresh_margin(account_id), self._read_rights(account_id))

    def _warn_of_their_end(self) -> None:
        """Once a day, minutes before it is over: so many sessions end with it."""
        moment = ist(self._clock.wall_ns())
        to_midnight = timedelta(days=1) - timedelta(hours=moment.hour, minutes=moment.minute)
        if to_midnight > _WARNED_BEFORE or self._warned == moment.date():
            return
        number = sum(lane.logged_in for lane in self._engine.lanes)
        if not number:
            return
        self._warned = moment.date()
        sessions = "1 session ends" if number == 1 else f"{number} sessions end"
        self._engine.book.alarm(
            "sessions_end",
            f"{sessions} at midnight, as every day. Orders at the broker stay there and are not "
            "seen until the accounts are logged in again.",
            severity=Severity.WARNING,
        )

    def _due(self, turn: int) -> Sequence[AccountId]:
        every = int(_MARGIN_EVERY / _WARMTH_EVERY)
        open_ones = [lane.account_id for lane in self._engine.lanes if lane.logged_in]
        return open_ones[turn % every :: every]

    async def _refresh_margin(self, account_id: AccountId) -> None:
        session = self._session(account_id)
        if session is None:
            return
        try:
            limits = await session.limits()
        except BrokerFailureError as failure:
            self._failed(account_id, session, "margin", failure)
            if failure.silence is not None and self._session(account_id) is session:
                self._engine.offline.unanswered(account_id, failure.silence, str(failure))
            return
        if self._session(account_id) is session:
            funds = Paise(limits.available + limits.utilised)
            self._engine.note_margin(account_id, limits.available, funds)

    async def _read_rights(self, account_id: AccountId) -> None:
        """What it may trade; where its profile cannot be read that is tried again each minute."""
        session = self._session(account_id)
        if session is None:
            return
        try:
            profile = await session.profile()
        except BrokerFailureError as failure:
            self._failed(account_id, session, "profile", failure)
            return
        if self._session(account_id) is session:
            self._engine.note_rights(account_id, Rights(profile.exchanges, profile.products))

    def _failed(
        self, account_id: AccountId, session: BrokerSession, what: str, failure: BrokerFailureError
    ) -> None:
        log.info("no %s of %s: %s", what, account_id, failure)
        if failure.session_dead and self._session(account_id) is session:
            self._engine.detach(account_id, SessionState.EXPIRED, str(failure))

    def _session(self, account_id: AccountId) -> BrokerSession | None:
        lane = self._engine.lanes.get(account_id)
        return None if lane is None else lane.session
