"""Logins and logouts, and connections made anew when an account's route is another one."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from copytrade_gui.domain.account import Account, AccountStatus, SessionState, same_client
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.lane import Lane
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
from copytrade_gui.services.session_upkeep import SessionUpkeep
from copytrade_gui.services.verbs import LOGIN_NOT_RETURNED, LoginPage, RefusedError

log = logging.getLogger(__name__)

_AT_ONCE = 24

_ANOTHER_ROUTE = "Its route to the broker was changed. It connects again from there."
_LOG_IN_FROM_THERE = "Its route to the broker was changed. Log it in again from there."
_NOT_OPENED = "Its session could not be opened. Log it in again."

PaperLogin = Callable[[Account], Awaitable[str]]
"""Does at the simulator's login page what a person does in a browser; returns the code."""
AnswerT = TypeVar("AnswerT")


async def _key_store(call: Awaitable[AnswerT]) -> AnswerT:
    """What the key store answers. Raises RefusedError in its words where it fails."""
    try:
        return await call
    except Exception as error:
        raise RefusedError(str(error)) from error


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
        self.upkeep = SessionUpkeep(engine, clock)
        self._sessions: dict[AccountId, BrokerSession] = {}
        self._opening: set[BrokerSession] = set()
        """Those of them that are not attached yet."""
        self._changes: Counter[AccountId] = Counter()
        """How often an account was to connect anew."""
        self._taking_up: asyncio.Task[int] | None = None
        self._reopening: set[asyncio.Task[bool]] = set()
        self._all = asyncio.Lock()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @refusals_logged
    async def login_page(self, account_id: AccountId) -> LoginPage:
        """The broker's login page for this account, with this machine listening for its return."""
        await self._app_secret(account_id)  # nobody logs in for nothing
        back = await self._returns.listen()
        account = self._account(account_id)
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
        if not pasted.strip():
            raise RefusedError(
                "Code is empty. Paste the address the browser ended on.", field="code"
            )
        secret = await self._app_secret(account_id)
        account = self._account(account_id)
        before = self._engine.lanes[account_id].session
        try:
            token = await self._broker.exchange_code(account, secret, pasted.strip())
        except BrokerFailureError as failure:
            lane = self._engine.lanes.get(account_id)
            # Without a network the session of before may still be good, and so is another login's.
            if failure.silence is None and lane is not None and lane.session is before:
                self._engine.detach(account_id, SessionState.LOGGED_OUT, str(failure))
            raise RefusedError(str(failure), field="code", code=failure.code) from failure
        await _key_store(self._secrets.put(account_id, TOKEN, f"{token.made_ns} {token.token}"))
        lane = await self._open(account_id, account.client_id, token)
        return lane.status

    async def login_all_paper(self) -> tuple[AccountStatus, ...]:
        """Log every account in at the simulator through its login page."""
        if (login := self._paper_login) is None:
            raise RefusedError("Only paper accounts log in by themselves. Log in at the broker.")
        await self.taken_up()  # whoever has a session of today needs no other
        async with self._all:  # nor whoever somebody else is logging in with all others
            waiting = [
                lane.account_id
                for lane in self._engine.lanes
                if lane.status.session not in (SessionState.READY, SessionState.OFFLINE)
            ]
            await asyncio.gather(*(self._login_paper(login, account) for account in waiting))
        return tuple(lane.status for lane in self._engine.lanes)

    async def _login_paper(self, login: PaperLogin, account_id: AccountId) -> None:
        async with self._slots:
            try:
                await self._app_secret(account_id)
                code = await login(self._account(account_id))
            except (BrokerFailureError, RefusedError) as failure:
                log.warning("paper login of %s failed: %s", account_id, failure)
                lane = self._engine.lanes.get(account_id)
                if lane is not None and not lane.logged_in:
                    self._engine.detach(account_id, SessionState.LOGGED_OUT, str(failure))
                return
            try:
                await self.finish_login(account_id, code)
            except RefusedError as refused:  # or it has another session by now
                log.warning("paper login of %s failed: %s", account_id, refused)
                if self._waits(account_id, SessionState.LOGGED_OUT):
                    self._engine.detach(account_id, SessionState.LOGGED_OUT, str(refused))

    def take_up(self) -> None:
        """Begin to take up today's sessions that were stored before a restart.

        Five hundred take seconds, in which the window is there already and a stop works.
        """
        self._taking_up = asyncio.create_task(self._restore_all(), name="take up stored sessions")

    async def taken_up(self) -> int:
        """Wait for what ``take_up`` began; returns how many sessions were good."""
        return 0 if self._taking_up is None else await asyncio.shield(self._taking_up)

    async def _restore_all(self) -> int:
        names = [lane.account_id for lane in self._engine.lanes]
        return sum(
            await asyncio.gather(*(self._restore(one, SessionState.LOGGED_OUT) for one in names))
        )

    async def _restore(self, account_id: AccountId, stands: SessionState, why: str = "") -> bool:
        """Take up its stored session of today if it still ``stands`` so and has no other.

        ``why`` is said of it if that fails, before what it failed by.
        """
        try:
            async with self._slots:
                good = await self._take_up(account_id, stands)
        except RefusedError as refused:
            log.warning("the session of %s was not taken up: %s", account_id, refused)
            good, why = False, f"{why} {refused}".strip()
        if not good and why and self._waits(account_id, stands):
            self._engine.detach(account_id, SessionState.LOGGED_OUT, why)
        return good

    async def _take_up(self, account_id: AccountId, stands: SessionState) -> bool:
        client_id = self._account(account_id).client_id
        stored = await _key_store(self._secrets.get(account_id, TOKEN))
        made, _, token = (stored or "").partition(" ")
        today = ist(self._clock.wall_ns()).date()
        if not token or not made.isdigit() or ist(int(made)).date() != today:
            return False
        if not self._waits(account_id, stands):
            return False  # logged in or out meanwhile
        await self._open(account_id, client_id, SessionToken(token, int(made)))
        return True

    def _waits(self, account_id: AccountId, stands: SessionState) -> bool:
        lane = self._engine.lanes.get(account_id)
        return (
            lane is not None and lane.status.session is stands and account_id not in self._sessions
        )

    def reopen(self, account_ids: Collection[AccountId]) -> None:
        """Close what these have open: their route, client, or what they send along is another one.
        Nothing leaves by it any more. Who is here and was logged in connects anew; of who was
        removed nothing stays open.
        """
        for name in account_ids:
            self._changes[name] += 1
            lane, session = self._engine.lanes.get(name), self._sessions.get(name)
            if session is None or session in self._opening:
                continue  # a login that is under way sees the change before it is attached
            del self._sessions[name]
            if lane is not None and lane.session is session:
                self._engine.detach(name, SessionState.LOGGING_IN, _ANOTHER_ROUTE)
            task = asyncio.create_task(self._reopen(name, session), name=f"new route of {name}")
            self._reopening.add(task)
            task.add_done_callback(self._reopening.discard)

    async def _reopen(self, account_id: AccountId, before: BrokerSession) -> bool:
        try:
            await before.aclose()
        except Exception:
            log.exception("the session of before of %s was not closed", account_id)
        if self._engine.lanes.get(account_id) is None:
            return False
        return await self._restore(account_id, SessionState.LOGGING_IN, _LOG_IN_FROM_THERE)

    async def logout(self, account_id: AccountId) -> None:
        """End one session. It ends here and at the broker even if it cannot be forgotten."""
        session = self._sessions.pop(account_id, None)
        self._engine.detach(account_id, SessionState.LOGGED_OUT)
        try:
            await _key_store(self._secrets.remove(account_id, TOKEN))
        finally:
            if session is not None:
                try:
                    await session.logout()
                except BrokerFailureError as failure:
                    log.info("logout of %s: %s", account_id, failure)
                await session.aclose()

    async def _open(self, account_id: AccountId, client_id: str, token: SessionToken) -> Lane:
        """Open a session of this client by its account as it stands when it is attached."""
        while True:
            lane, change = await self._still(account_id, client_id), self._changes[account_id]
            try:
                session = await self._opened(lane.account, token)
            except BaseException as failure:
                self._ended(account_id, failure)
                if isinstance(failure, Exception):
                    raise RefusedError(str(failure)) from failure
                raise
            lane = await self._still(account_id, client_id)
            if change == self._changes[account_id]:
                break
        self._engine.attach(account_id, session)
        if lane.account.master:  # until it was read no order can be told from an exit
            await self._engine.exits.masters.read(lane)
        await self.upkeep.read(account_id)
        return lane

    async def _still(self, account_id: AccountId, client_id: str) -> Lane:
        """The account if it is this client's yet. Else nothing of the login is kept."""
        lane = self._engine.lanes.get(account_id)
        if lane is None or not same_client(lane.account.client_id, client_id):
            await self.logout(account_id)
            raise RefusedError("The account was changed while it was logged in. Log it in again.")
        return lane

    async def _opened(self, account: Account, token: SessionToken) -> BrokerSession:
        """A new session in place of the one the account has, with its channel open."""
        old = self._sessions.pop(account.account_id, None)
        if old is not None:
            await old.aclose()
        session = self._broker.session(account, token)
        self._sessions[account.account_id] = session
        self._opening.add(session)
        try:
            await session.open_channel()
        except BaseException:
            if self._sessions.get(account.account_id) is session:
                del self._sessions[account.account_id]
            await session.aclose()
            raise
        finally:
            self._opening.discard(session)
        if self._sessions.get(account.account_id) is not session:
            await session.aclose()
            raise RefusedError(f"{account.name} was logged in or out again meanwhile.")
        return session

    def _ended(self, account_id: AccountId, failure: BaseException) -> None:
        """No new session came, and the one of before, if it had any, is closed."""
        lane = self._engine.lanes.get(account_id)
        if lane is None or account_id in self._sessions:
            return
        if lane.session is not None or lane.status.session is SessionState.LOGGING_IN:
            why = f"{_NOT_OPENED} {failure}".strip()
            self._engine.detach(account_id, SessionState.LOGGED_OUT, why)

    async def _app_secret(self, account_id: AccountId) -> str:
        name = self._account(account_id).name
        secret = await _key_store(self._secrets.get(account_id, APP_SECRET))
        if not secret:
            raise RefusedError(
                f"{name} has no app secret. Edit the account and enter it.",
                field="app_secret",
            )
        return secret

    def _account(self, account_id: AccountId) -> Account:
        lane = self._engine.lanes.get(account_id)
        if lane is None:
            raise RefusedError(f"Account {account_id} is not known. Refresh the list.")
        return lane.account

    async def close(self) -> None:
        """Close every connection; sessions stay valid at the broker."""
        tasks = [*self._reopening, *([] if self._taking_up is None else [self._taking_up])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(session.aclose() for session in self._sessions.values()))
        self._sessions.clear()
