"""IIFL as our ``Broker``: logins, sessions, contract files, and the broker's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

import msgspec

from copytrade_gui.brokers.http.channel import (
    CallFactory,
    ChannelFactory,
    ChannelNeeds,
    OrderCalls,
)
from copytrade_gui.brokers.http.egress import Egress
from copytrade_gui.brokers.http.http_call import HttpCall, HttpReply
from copytrade_gui.brokers.http.route import STRAIGHT, Login, Way
from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.auth import (
    check_sum,
    client_in,
    is_token,
    login_page,
    read_login_return,
)
from copytrade_gui.brokers.iifl.capabilities import IIFL
from copytrade_gui.brokers.iifl.contract_files import ContractFiles
from copytrade_gui.brokers.iifl.envelope import UnreadableError, decode_rows, open_envelope
from copytrade_gui.brokers.iifl.errors import clean, is_code
from copytrade_gui.brokers.iifl.feed import Feed, FeedNeeds
from copytrade_gui.brokers.iifl.order_body import OrderEncoder
from copytrade_gui.brokers.iifl.outcome import classify
from copytrade_gui.brokers.iifl.scalar import text
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.brokers.iifl.session_call import PLAIN_HEADERS, SessionCall, session_headers
from copytrade_gui.domain.account import Account, client_key, same_client
from copytrade_gui.domain.calendar import contract_day
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.ports import (
    BrokerFailureError,
    Clock,
    ClockOffset,
    DayContracts,
    RouteSeen,
    SessionToken,
)

_LOGIN_S = 15.0
_CLOCK_S = 5.0
_HALF_SECOND_MS = 500.0

WayOf = Callable[[Account, Login | None], Way]
"""The way of an account's connections; a login takes the place of its proxy's stored one."""


class IiflBroker:
    """``Broker`` at IIFL. Everything that touches the network comes from the factories."""

    def __init__(
        self,
        *,
        login_url: str,
        clock: Clock,
        http_call_factory: CallFactory,
        channel_factory: ChannelFactory,
        cache_dir: Path,
        session_call_factory: CallFactory | None = None,
        way: WayOf = lambda _account, _login: STRAIGHT,
        sees: str = "",
        feed: FeedNeeds | None = None,
    ) -> None:
        """``sees`` is the header in which the broker tells whom it sees; empty: it does not.

        ``session_call_factory`` makes the calls of sessions, ``http_call_factory`` those that need
        none (logins, contract files, the clock), and sessions' too where there is no other.
        """
        self._login_url = login_url
        self._clock = clock
        self._http_call_factory = http_call_factory
        self._session_call_factory = session_call_factory or http_call_factory
        self._channel_factory = channel_factory
        self._way, self._sees = way, sees
        self._encoder = OrderEncoder()
        self._order_calls = OrderCalls(
            place_path=shapes.ORDERS,
            idle_path=shapes.PROFILE,
            prepare=self._encoder.prepare,
            judge=classify,
        )
        self._own_call: HttpCall | None = None
        self._feed = feed
        self._sessions: dict[IiflSession, None] = {}  # in order, so that a run replays alike
        self.contract_files = ContractFiles(cache_dir, self._http_call)

    @property
    def capabilities(self) -> Capabilities:
        """What it takes, and how often it may be asked."""
        return IIFL

    # ------------------------------------------------------------ login

    def login_url(self, account: Account, back_to: str = "") -> str:
        """The broker's own login page for this account's app."""
        return login_page(self._login_url, account.app_key, back_to)

    async def exchange_code(self, account: Account, app_secret: str, code: str) -> SessionToken:
        """Trade a login code for the day's session.

        ``code`` may be the bare code or the whole address the browser was sent back to.

        Raises:
            BrokerFailureError: with one sentence that says what to do.
        """
        returned = read_login_return(code)
        if returned is None:
            raise BrokerFailureError(
                "Login code is not in what was pasted. Paste the whole address of the page "
                "the broker sent you back to.",
                code="login_code",
            )
        if returned.client_id and not same_client(returned.client_id, account.client_id):
            raise _another_client(account)
        # The broker makes the checksum of its own spelling of the id.
        client_id = returned.client_id or account.client_id
        total = check_sum(client_id, returned.auth_code, app_secret)
        async with self._call_of(self._way(account, None)) as http_call:
            reply = await SessionCall(http_call, PLAIN_HEADERS).ask(
                "POST",
                shapes.SESSION,
                "login answer",
                body=msgspec.json.encode(shapes.SessionBody(checkSum=total)),
                timeout_s=_LOGIN_S,
            )
        token = _token_in(reply, account.name)
        named = client_in(token)
        if named and not same_client(named, account.client_id):
            raise _another_client(account)
        return SessionToken(token, self._clock.wall_ns())

    # ------------------------------------------------------------ sessions

    def session(self, account: Account, token: SessionToken) -> IiflSession:
        """Make a session object; no network.

        Raises:
            BrokerFailureError: the stored token cannot be one.
        """
        if not is_token(token.token):
            raise BrokerFailureError(
                f"The stored session of {account.name} is damaged. Log the account in again.",
                session_dead=True,
            )
        way = self._way(account, None)
        http_call, egress = self._session_call_factory(way), Egress()
        headers = session_headers(token.token)
        calls, algo_id = self._order_calls, account.declared.algo_id
        if algo_id:
            calls = replace(calls, prepare=partial(self._encoder.prepare, algo_id=algo_id))
        channel = self._channel_factory(
            ChannelNeeds(account.account_id, headers, http_call, calls, way, egress.seen)
        )
        session = IiflSession(
            account.account_id,
            caller=SessionCall(http_call, headers, egress),
            channel=channel,
            clock=self._clock,
            lot_size=self.contract_files.lot_size,
            load_lots=self._load_lots,
            closed=lambda session: self._sessions.pop(session, None),
            feed=partial(self._feed_of, account, token.token, way),
        )
        self._sessions[session] = None
        return session

    def _feed_of(self, account: Account, token: str, way: Way, session: IiflSession) -> Feed | None:
        if self._feed is None:
            return None

        def find_key(order: BrokerOrderId, number: str, symbol: str) -> InstrumentKey | None:
            return session.key_in_book(order) or self.contract_files.named(number, symbol)

        return Feed(
            account.account_id,
            client_key(client_in(token) or account.client_id),
            token,
            needs=self._feed,
            find_key=find_key,
            lot_size=self.contract_files.lot_size,
            way=way,
        )

    # ------------------------------------------------------------ contract files and clock

    async def contracts(self, exchange: Exchange, today: date) -> DayContracts:
        """The day's contract file, from the cache if it is today's (IST), else the last good one.

        Raises:
            BrokerFailureError: the broker gave no usable file, and there is no older one.
        """
        return await self.contract_files.newest(exchange, today)

    async def _load_lots(self, exchange: Exchange) -> None:
        await self.contract_files.newest(exchange, contract_day(self._clock.wall_ns()))

    async def clock_offset(self) -> ClockOffset:
        """Broker's clock minus ours, from a ``Date`` header, which has whole seconds.

        Its second began at most one second before it was written, and it was written during the
        call: the offset is the middle of what that leaves open.
        """
        before = self._clock.wall_ns()
        caller = SessionCall(self._http_call(), PLAIN_HEADERS)
        reply = await caller.ask("GET", "/", "broker's clock", timeout_s=_CLOCK_S)
        after = self._clock.wall_ns()
        try:
            theirs = parsedate_to_datetime(reply.headers.get("date", ""))
        except (ValueError, IndexError, TypeError) as error:
            raise BrokerFailureError(
                "The broker's reply carries no date, so the clock cannot be compared."
            ) from error
        middle_ms, half_call_ms = (before + after) / 2e6, (after - before) / 2e6
        return ClockOffset(
            ms=theirs.timestamp() * 1000 + _HALF_SECOND_MS - middle_ms,
            grain_ms=_HALF_SECOND_MS + half_call_ms,
        )

    # ------------------------------------------------------------ ways in

    async def try_route(self, account: Account, proxy_login: str | None = None) -> RouteSeen:
        """Ask for the broker's start page, which needs no session, by the account's route.

        Raises:
            BrokerFailureError: the route, TLS, or the broker failed.
        """
        login = None if proxy_login is None else partial(_said, proxy_login)
        began_ns = self._clock.mono_ns()
        way = self._way(account, login)
        # Always a connection of its own: one that stands already would prove another moment.
        http_call = self._http_call_factory(way)
        try:
            reply = await SessionCall(http_call, PLAIN_HEADERS).ask(
                "GET", "/", "broker's start page", timeout_s=_CLOCK_S
            )
        finally:
            await http_call.aclose()
        took_ms = (self._clock.mono_ns() - began_ns) / 1e6
        return RouteSeen(reply.left_from, reply.headers.get(self._sees, ""), took_ms)

    def _http_call(self) -> HttpCall:
        """The broker's own HTTP call, for what needs no session."""
        if self._own_call is None:
            self._own_call = self._http_call_factory(STRAIGHT)
        return self._own_call

    @asynccontextmanager
    async def _call_of(self, way: Way) -> AsyncIterator[HttpCall]:
        """The broker checks the registered address at login too."""
        if way is STRAIGHT:
            yield self._http_call()
            return
        http_call = self._http_call_factory(way)
        try:
            yield http_call
        finally:
            await http_call.aclose()

    async def aclose(self) -> None:
        """Close every session and HTTP call that is still open."""
        for session in list(self._sessions):
            await session.aclose()
        if self._own_call is not None:
            own, self._own_call = self._own_call, None
            await own.aclose()


async def _said(login: str) -> str:
    return login


def _another_client(account: Account) -> BrokerFailureError:
    return BrokerFailureError(
        f"Login was made for another client than {account.name}'s. "
        "Log out on the broker's page and log in with this account's client id.",
        code="login_client",
    )


def _token_in(reply: HttpReply, name: str) -> str:
    """Take the session out of the reply; the sentence never quotes more than its message field."""
    if reply.status == 429:
        raise BrokerFailureError(
            "The broker refuses more logins just now (429). Wait a minute and try again.",
            code="429",
        )
    try:
        opened = open_envelope(reply.body)
        rows, _ = decode_rows(opened.rows[:1], shapes.SessionRow)
    except UnreadableError:
        raise _unreadable(reply, name) from None
    row = rows[0] if rows else None
    token = text(row.user_session) if row is not None else ""
    if reply.status == 200 and is_token(token):
        return token
    if reply.status >= 500:
        raise _unreadable(reply, name)
    inner = text(row.status) if row is not None else ""
    code = next((said for said in (inner, opened.code) if is_code(said)), str(reply.status))
    said = clean(text(row.message) if row is not None else "") or clean(opened.message)
    remedy = _REMEDIES.get(code, "Check the app key and app secret, and log in for a new code")
    raise BrokerFailureError(
        f"The broker refused the login of {name}: {said or 'no reason given'} ({code}). {remedy}.",
        code=code,
    )


def _unreadable(reply: HttpReply, name: str) -> BrokerFailureError:
    return BrokerFailureError(
        f"The broker's login answer for {name} cannot be read (HTTP {reply.status}). "
        "Try again in a minute; if it stays so, the broker may be down.",
        code=str(reply.status),
    )


_REMEDIES = {
    "EC002": "Check the client id",
    "EC004": "Ask the broker to unblock the user",
    "EC014": "Ask the broker to unblock the account",
    "EC053": "Enter the app key of this account",
    "EC054": "Check the app key of this account",
    "EC055": "Open the login page and authorise the app, then use the new code",
    "EC081": "The account was frozen by its owner; ask the broker",
}
