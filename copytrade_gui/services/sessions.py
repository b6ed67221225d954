"""The morning's logins, what accounts may trade, margins kept young, order channels kept warm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date, timedelta

from copytrade_gui.domain.account import Account, AccountStatus, SessionState, same_client
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.rights import Rights
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import (
    Broker,
    BrokerFailureError,
    BrokerSession,
    Clock,
    LoginReturns,
    SecretStore,
    SessionToken,
)
from copytrade_gui.services.account_store import APP_SECRET, TOKEN
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import LOGIN_NOT_RETURNED, LoginPage, RefusedError

log = logging.getLogger(__name__)

_MARGIN_EVERY = 60.0
_WARMTH_EVERY = 1.0
_AT_ONCE = 24
_WARNED_BEFORE = timedelta(minutes=10)
"""Of midnight in India, when the broker ends every session (docs/broker.md 4.2)."""

_ANOTHER_ROUTE = "Its route to the broker was changed. It connects again from there."
_LOG_IN_FROM_THERE = "Its route to the broker was changed. Log it in again from there."

PaperLogin = Callable[[Account], Awaitable[str]]
"""Does at the simulator's login page what a person does in a browser; returns the code."""


class Sessions:
    """Implements ``SessionVerbs``. ``paper_login`` is None outside paper mode."""

    def __init__(
        self,
        engine: Engine,
        broker: Broker,
        secrets: SecretStore,
        clock: Clock,
        paper_login: PaperLogin | None,
        returns: LoginReturns,
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._secrets = secrets
        self._clock = clock
        self._paper_login = paper_login
        self._returns = returns
        self._sessions: dict[AccountId, BrokerSession] = {}
        self._warned: date | None = None
        self._taking_up: asyncio.Task[int] | None = None
        self._reopening: set[asyncio.Task[bool]] = set()
        self._all = asyncio.Lock()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @refusals_logged
    async def login_page(self, account_id: AccountId) -> LoginPage:
        """The broker's login page for this account, with this machine listening for its return."""
        account = self._account(account_id)
        await self._app_secret(account)  # nobody logs in for nothing
        back = await self._returns.listen()
        return LoginPage(
            self._broker.login_url(account, back.address),
            self._broker.login_url(account),
            back.address,
            back.problem,
        )

    @refusals_logged
    async def login_return(self) -> str:
        """Where the browser came back to."""
        try:
            return await self._returns.returned()
        except BrokerFailureError as failure:
            raise RefusedError(str(failure), code=LOGIN_NOT_RETURNED) from failure

    @refusals_logged
    async def finish_login(self, account_id: AccountId, pasted: str) -> AccountStatus:
        """Take the code, or the whole address the browser ended on."""
        account = self._account(account_id)
        if not pasted.strip():
            raise RefusedError(
                "Code is empty. Paste the address the browser ended on.", field="code"
            )
        secret = await self._app_secret(account)
        try:
            token = await self._broker.exchange_code(account, secret, pasted.strip())
        except BrokerFailureError as failure:
            if failure.silence is None:  # without a network the session of before may still be good
                self._engine.detach(account_id, SessionState.LOGGED_OUT, str(failure))
            raise RefusedError(str(failure), field="code", code=failure.code) from failure
        await self._secrets.put(account_id, TOKEN, f"{token.made_ns} {token.token}")
        await self._open(account, token)
        return self._engine.lanes[account_id].status

    async def login_all_paper(self) -> tuple[AccountStatus, ...]:
        """Log every account in at the simulator through its login page."""
        if self._paper_login is None:
            raise RefusedError("Only paper accounts log in by themselves. Log in at the broker.")
        await self.taken_up()  # whoever has a session of today needs no other
        async with self._all:  # nor whoever somebody else is logging in with all others
            waiting = [
                lane.account
                for lane in self._engine.lanes
                if lane.status.session not in (SessionState.READY, SessionState.OFFLINE)
            ]
            await asyncio.gather(*(self._login_paper(account) for account in waiting))
        return tuple(lane.status for lane in self._engine.lanes)

    async def _login_paper(self, account: Account) -> None:
        if self._paper_login is None:
            return
        async with self._slots:
            try:
                await self._app_secret(account)
                code = await self._paper_login(account)
            except (BrokerFailureError, RefusedError) as failure:
                log.warning("paper login of %s failed: %s", account.account_id, failure)
                lane = self._engine.lanes.get(account.account_id)
                if lane is not None and not lane.logged_in:
                    self._engine.detach(account.account_id, SessionState.LOGGED_OUT, str(failure))
                return
            try:
                await self.finish_login(account.account_id, code)
            except RefusedError as refused:  # its account says why, or has another session by now
                log.warning("paper login of %s failed: %s", account.account_id, refused)

    def take_up(self) -> None:
        """Begin to take up today's sessions that were stored before a restart.

        Five hundred take seconds, in which the window is there already and a stop works.
        """
        self._taking_up = asyncio.create_task(self._restore_all(), name="take up stored sessions")

    async def taken_up(self) -> int:
        """Wait for what ``take_up`` began; returns how many sessions were good."""
        return 0 if self._taking_up is None else await asyncio.shield(self._taking_up)

    async def _restore_all(self) -> int:
        taken_up = await asyncio.gather(
            *(self._restore(lane.account) for lane in self._engine.lanes)
        )
        return sum(taken_up)

    async def _restore(self, account: Account) -> bool:
        async with self._slots:
            stored = await self._secrets.get(account.account_id, TOKEN)
            made, _, token = (stored or "").partition(" ")
            today = ist(self._clock.wall_ns()).date()
            if not token or not made.isdigit() or ist(int(made)).date() != today:
                return False
            try:
                await self._open(account, SessionToken(token, int(made)))
            except RefusedError as refused:
                log.info("the session of %s was not taken up: %s", account.account_id, refused)
                return False
            return True

    def reopen(self, account_ids: Collection[AccountId]) -> None:
        """Connect these anew if they are logged in: their route, or what they send along, is
        another one. Nothing leaves by the connections of before any more.
        """
        for name in account_ids:
            lane = self._engine.lanes.get(name)
            if lane is None or name not in self._sessions:
                continue
            self._engine.detach(name, SessionState.LOGGING_IN, _ANOTHER_ROUTE)
            task = asyncio.create_task(self._reopen(lane.account), name=f"new route of {name}")
            self._reopening.add(task)
            task.add_done_callback(self._reopening.discard)

    async def _reopen(self, account: Account) -> bool:
        good = await self._restore(account)
        lane = self._engine.lanes.get(account.account_id)
        if not good and lane is not None and lane.status.session is SessionState.LOGGING_IN:
            self._engine.detach(account.account_id, SessionState.LOGGED_OUT, _LOG_IN_FROM_THERE)
        return good

    async def logout(self, account_id: AccountId) -> None:
        """End one session."""
        session = self._sessions.pop(account_id, None)
        await self._secrets.remove(account_id, TOKEN)
        self._engine.detach(account_id, SessionState.LOGGED_OUT)
        if session is not None:
            try:
                await session.logout()
            except BrokerFailureError as failure:
                log.info("logout of %s: %s", account_id, failure)
            await session.aclose()

    async def _open(self, account: Account, token: SessionToken) -> None:
        old = self._sessions.pop(account.account_id, None)
        if old is not None:
            await old.aclose()
        session = self._broker.session(account, token)
        self._sessions[account.account_id] = session
        await session.open_channel()
        if self._sessions.get(account.account_id) is not session:
            await session.aclose()
            raise RefusedError(f"{account.name} was logged in or out again meanwhile.")
        lane = self._engine.lanes.get(account.account_id)
        if lane is None or not same_client(lane.account.client_id, account.client_id):
            # edited meanwhile
            await self.logout(account.account_id)
            raise RefusedError("The account was changed while it was logged in. Log it in again.")
        self._engine.attach(account.account_id, session)
        if account.master:  # until it was read no order can be told from an exit
            await self._engine.exits.masters.read(lane)
        await asyncio.gather(
            self._refresh_margin(account.account_id), self._read_rights(account.account_id)
        )

    async def _app_secret(self, account: Account) -> str:
        secret = await self._secrets.get(account.account_id, APP_SECRET)
        if not secret:
            raise RefusedError(
                f"{account.name} has no app secret. Edit the account and enter it.",
                field="app_secret",
            )
        return secret

    def _account(self, account_id: AccountId) -> Account:
        lane = self._engine.lanes.get(account_id)
        if lane is None:
            raise RefusedError(f"Account {account_id} is not known. Refresh the list.")
        return lane.account

    # ------------------------------------------------------------ kept young

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
        session = self._sessions.get(account_id)
        if session is None:
            return
        try:
            limits = await session.limits()
        except BrokerFailureError as failure:
            if failure.silence is not None:
                self._engine.offline.unanswered(account_id, failure.silence, str(failure))
            if failure.session_dead:
                self._engine.detach(account_id, SessionState.EXPIRED, str(failure))
            log.info("no margin for %s: %s", account_id, failure)
            return
        funds = Paise(limits.available + limits.utilised)
        self._engine.note_margin(account_id, limits.available, funds)

    async def _read_rights(self, account_id: AccountId) -> None:
        """What it may trade; where its profile cannot be read that is tried again each minute."""
        session = self._sessions.get(account_id)
        if session is None:
            return
        try:
            profile = await session.profile()
        except BrokerFailureError as failure:
            if failure.session_dead:
                self._engine.detach(account_id, SessionState.EXPIRED, str(failure))
            log.info("no profile of %s: %s", account_id, failure)
            return
        self._engine.note_rights(account_id, Rights(profile.exchanges, profile.products))

    async def close(self) -> None:
        """Close every connection; sessions stay valid at the broker."""
        tasks = [*self._reopening, *([] if self._taking_up is None else [self._taking_up])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(session.aclose() for session in self._sessions.values()))
        self._sessions.clear()
