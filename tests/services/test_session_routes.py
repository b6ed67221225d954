"""Logins whose account is changed, or whose key store fails, while they are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import Route, RouteKind
from copytrade_gui.ports import BrokerFailureError, BrokerSession, SessionToken, Silence
from copytrade_gui.services.account_store import TOKEN
from copytrade_gui.services.sessions import Sessions
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.problems import StorageError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import Console, world
from tests.services.test_sessions import M, code, keep_secrets, login_page, sessions, state

AWAY = Route(RouteKind.SOURCE, "127.0.0.9")
SILENT = "The key store did not answer in 10 s."


class KeyStore(PaperSecrets):
    """A key store that does not answer for some accounts, and tells when it has a session."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: set[AccountId] = set()
        self.answers_after_s = 0.0
        self.tell: Callable[[str], None] = lambda _moment: None

    async def get(self, account: AccountId, name: str) -> str | None:
        self._answer(account)
        found = await super().get(account, name)
        self.tell("read" if name == TOKEN else "secret")
        await asyncio.sleep(self.answers_after_s)
        return found

    async def put(self, account: AccountId, name: str, value: str) -> None:
        self._answer(account)
        await super().put(account, name, value)
        self.tell("kept" if name == TOKEN else "")

    async def remove(self, account: AccountId, name: str) -> None:
        self._answer(account)
        await super().remove(account, name)

    def _answer(self, account: AccountId) -> None:
        if account in self.silent:
            raise StorageError(SILENT)


async def logged_in(console: Console, secrets: KeyStore) -> tuple[Sessions, BrokerSession]:
    await keep_secrets(console, secrets)
    logins = sessions(console, secrets)
    await logins.finish_login(M, code(console))
    session = console.engine.lanes[M].session
    assert session is not None
    return logins, session


def routed_away(console: Console, logins: Sessions) -> None:
    """A person gives the account another route."""
    console.engine.put_account(replace(console.engine.lanes[M].account, route=AWAY))
    logins.reopen([M])


def reason(console: Console) -> str:
    return console.engine.lanes[M].status.session_reason


@pytest.mark.parametrize("moment", ["secret", "exchanged", "kept", "made", "opening", "read"])
@pytest.mark.parametrize("route", [AWAY, None], ids=["route", "proxy login"])
def test_a_session_is_of_what_its_account_says_when_it_is_attached(
    moment: str, route: Route | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it is changed during a login. A proxy's login is no part of the account."""

    async def script(console: Console) -> None:
        secrets, changed = KeyStore(), False
        made: list[tuple[Account, bool, BrokerSession]] = []
        broker, lanes = console.broker, console.engine.lanes
        exchange, make = broker.exchange_code, broker.session

        def tell(now: str) -> None:
            nonlocal changed
            if now == moment and not changed:
                changed = True
                account = lanes[M].account
                console.engine.put_account(replace(account, route=route or account.route))
                logins.reopen([M])

        async def exchanged(account: Account, secret: str, pasted: str) -> SessionToken:
            assert account.route == lanes[M].account.route
            token = await exchange(account, secret, pasted)
            tell("exchanged")
            return token

        async def opening(opens: Callable[[], Awaitable[None]]) -> None:
            await console.world.clock.sleep(0.1)
            tell("opening")
            await console.world.clock.sleep(0.1)
            await opens()

        def session(account: Account, token: SessionToken) -> BrokerSession:
            one = make(account, token)
            made.append((account, changed, one))
            monkeypatch.setattr(one, "open_channel", partial(opening, one.open_channel))
            tell("made")
            return one

        await keep_secrets(console, secrets)
        logins = sessions(console, secrets)
        if moment == "read":  # as at a start
            await logins.finish_login(M, code(console))
            await logins.close()
            console.engine.detach(M, SessionState.LOGGED_OUT)
            logins = sessions(console, secrets)
        secrets.tell = tell
        monkeypatch.setattr(broker, "exchange_code", exchanged)
        monkeypatch.setattr(broker, "session", session)
        if moment == "read":
            logins.take_up()
            assert await logins.taken_up() == 1
        else:
            status = await logins.finish_login(M, code(console))
            assert status.session is SessionState.READY
        await console.world.clock.sleep(5)
        assert state(console) is SessionState.READY
        *before, (account, after, newest) = made
        assert after
        assert account.route == lanes[M].account.route
        assert lanes[M].session is newest
        assert newest.orders.warm
        assert not any(one.orders.warm for _, _, one in before)
        await logins.close()

    with world(1) as made_world:
        made_world.live(script)


@pytest.mark.parametrize("fails", ["key store", "made", "opening", "closing"])
def test_an_account_whose_new_route_cannot_be_opened_is_logged_out_and_says_so(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(console: Console) -> None:
        secrets = KeyStore()
        logins, old = await logged_in(console, secrets)
        make, close = console.broker.session, old.aclose

        async def broken(*_said: object) -> None:
            raise OSError("No file handle is left.")

        def session(account: Account, token: SessionToken) -> BrokerSession:
            if fails == "made":
                raise OSError("No file handle is left.")
            one = make(account, token)
            monkeypatch.setattr(one, "open_channel", broken)
            return one

        if fails == "key store":
            secrets.silent.add(M)
        elif fails == "closing":
            monkeypatch.setattr(old, "aclose", broken)
        else:
            monkeypatch.setattr(console.broker, "session", session)
        routed_away(console, logins)
        assert state(console) is SessionState.LOGGING_IN
        assert console.engine.lanes[M].session is None
        await console.world.clock.sleep(60)
        if fails == "closing":  # what was is out of reach; the new session stands
            assert state(console) is SessionState.READY
            await close()
        else:
            assert state(console) is SessionState.LOGGED_OUT
            assert "Log it in again" in reason(console)
            assert reason(console).endswith(SILENT if fails == "key store" else "handle is left.")
            assert not old.orders.warm
        secrets.silent.clear()
        monkeypatch.setattr(console.broker, "session", make)
        status = await logins.finish_login(M, code(console))
        assert status.session is SessionState.READY
        await logins.close()

    with world(1) as made:
        made.live(script)


def test_a_logout_while_an_account_connects_anew_is_the_last_word() -> None:
    async def script(console: Console) -> None:
        secrets = KeyStore()
        logins, _ = await logged_in(console, secrets)
        secrets.answers_after_s = 0.1
        routed_away(console, logins)
        await console.world.clock.sleep(0.05)  # its session of today is on its way
        await logins.logout(M)
        await console.world.clock.sleep(5)
        assert state(console) is SessionState.LOGGED_OUT
        assert console.engine.lanes[M].session is None
        await logins.close()

    with world(1) as made:
        made.live(script)


def test_a_logout_that_the_key_store_does_not_take_ends_the_session_all_the_same() -> None:
    async def script(console: Console) -> None:
        secrets = KeyStore()
        logins, session = await logged_in(console, secrets)
        secrets.silent.add(M)
        with pytest.raises(RefusedError, match="did not answer"):
            await logins.logout(M)
        assert state(console) is SessionState.LOGGED_OUT
        assert not session.orders.warm
        assert (await session.order_book()).session_dead

    with world(1) as made:
        made.live(script)


def test_a_login_that_cannot_be_opened_leaves_no_account_ready_on_what_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        logins, old = await logged_in(console, KeyStore())

        def session(_account: Account, _token: SessionToken) -> BrokerSession:
            raise OSError("No file handle is left.")

        monkeypatch.setattr(console.broker, "session", session)
        with pytest.raises(RefusedError, match="No file handle"):
            await logins.finish_login(M, code(console))
        assert not old.orders.warm
        assert state(console) is SessionState.LOGGED_OUT
        assert reason(console).endswith("No file handle is left.")
        await logins.close()

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("gone", [True, False], ids=["removed", "another client"])
def test_nothing_is_kept_of_a_login_whose_account_was_another_ones_by_then(
    gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was kept would be taken up at the next start, for whoever has the account."""

    async def script(console: Console) -> None:
        secrets = KeyStore()
        await keep_secrets(console, secrets)
        logins, exchange = sessions(console, secrets), console.broker.exchange_code
        last = console.world.accounts[-1]

        async def exchanged(account: Account, secret: str, pasted: str) -> SessionToken:
            token = await exchange(account, secret, pasted)
            if gone:
                console.engine.drop_account(account.account_id)
            else:
                console.engine.put_account(replace(account, client_id="OTHER9"))
            return token

        monkeypatch.setattr(console.broker, "exchange_code", exchanged)
        pasted = console.world.broker.issue_code(last.client_id)
        with pytest.raises(RefusedError, match="changed while it was logged in"):
            await logins.finish_login(last.account_id, pasted)
        assert await secrets.get(last.account_id, TOKEN) is None
        assert gone or console.engine.lanes[last.account_id].session is None
        await logins.close()

    with world(2) as made:
        made.live(script)


def test_a_code_that_is_refused_leaves_the_login_that_was_good_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        secrets = KeyStore()
        await keep_secrets(console, secrets)
        logins, exchange = sessions(console, secrets), console.broker.exchange_code

        async def refused(_account: Account, _secret: str, _pasted: str) -> SessionToken:
            monkeypatch.setattr(console.broker, "exchange_code", exchange)
            await logins.finish_login(M, code(console))
            raise BrokerFailureError("The code was used before.")

        monkeypatch.setattr(console.broker, "exchange_code", refused)
        with pytest.raises(RefusedError, match="used before"):
            await logins.finish_login(M, code(console))
        assert state(console) is SessionState.READY
        await logins.close()

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("call", ["limits", "profile"])
@pytest.mark.parametrize("failure", ["dead", "silent"])
def test_what_a_replaced_session_is_told_is_not_of_the_one_that_replaced_it(
    call: str, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(console: Console) -> None:
        logins, old = await logged_in(console, KeyStore())
        told = BrokerFailureError("It is over.", session_dead=True)
        if failure == "silent":
            told = BrokerFailureError("The proxy is silent.", silence=Silence.ROUTE)

        async def late() -> None:
            await logins.finish_login(M, code(console))
            raise told

        monkeypatch.setattr(old, call, late)
        await logins.upkeep.read(M)
        assert state(console) is SessionState.READY
        assert console.engine.lanes[M].session not in (None, old)
        await logins.close()

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("paper", [True, False], ids=["paper logins", "taken up"])
def test_a_key_store_that_does_not_answer_for_one_account_holds_up_no_other(paper: bool) -> None:
    async def script(console: Console) -> None:
        secrets = KeyStore()
        await keep_secrets(console, secrets)
        logins = sessions(console, secrets, paper_login=partial(login_page, console))
        if not paper:
            await logins.login_all_paper()
            await logins.close()
            for lane in console.engine.lanes:
                console.engine.detach(lane.account_id, SessionState.LOGGED_OUT)
            logins = sessions(console, secrets)
        secrets.silent.add(M)
        if paper:
            await logins.login_all_paper()
        else:
            logins.take_up()
            assert await logins.taken_up() == len(console.world.accounts) - 1
        first, *others = console.engine.lanes
        assert first.account_id == M
        assert {lane.status.session for lane in others} == {SessionState.READY}
        assert state(console) is SessionState.LOGGED_OUT
        assert reason(console) == SILENT
        await logins.close()

    with world(3) as made:
        made.live(script)
