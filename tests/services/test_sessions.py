"""Logins: what is pasted becomes a session of today, or a sentence and nothing else."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.events import Alarm
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import BrokerFailureError, WayBack
from copytrade_gui.services.account_store import APP_SECRET, TOKEN
from copytrade_gui.services.sessions import PaperLogin, Sessions
from copytrade_gui.services.verbs import LOGIN_NOT_RETURNED, RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import MORNING_NS, Console, world

M = AccountId("M")


class Browser:
    """A person at the broker's page, who comes back with this."""

    def __init__(self, back: WayBack, came: str | BrokerFailureError = "") -> None:
        self._back = back
        self._came = came
        self.listened = 0

    async def listen(self) -> WayBack:
        self.listened += 1
        return self._back

    async def returned(self) -> str:
        if isinstance(self._came, BrokerFailureError):
            raise self._came
        return self._came

    async def aclose(self) -> None:
        """Nothing listens."""


NOWHERE = Browser(WayBack("", "This machine cannot listen."))


def sessions(
    console: Console,
    secrets: PaperSecrets,
    browser: Browser = NOWHERE,
    paper_login: PaperLogin | None = None,
) -> Sessions:
    clock = console.world.clock
    return Sessions(console.engine, console.broker, secrets, clock, paper_login, browser)


async def keep_secrets(console: Console, secrets: PaperSecrets) -> None:
    for account in console.world.accounts:
        secret = console.world.broker.desk.apps[account.app_key].secret
        await secrets.put(account.account_id, APP_SECRET, secret)


async def login_page(console: Console, account: Account) -> str:
    """What the simulator's page sends a browser back with."""
    return console.world.broker.issue_code(account.client_id)


def code(console: Console) -> str:
    return console.world.broker.issue_code(console.world.account(M).client_id)


def state(console: Console) -> SessionState:
    return console.engine.lanes[M].status.session


def test_a_login_lasts_its_day_over_a_restart_and_not_the_next() -> None:
    secrets = PaperSecrets()

    async def first(console: Console) -> None:
        account = console.world.account(M)
        await secrets.put(M, APP_SECRET, console.world.broker.desk.apps[account.app_key].secret)
        logins = sessions(console, secrets)
        status = await logins.finish_login(M, code(console))
        assert status.session is SessionState.READY
        await logins.close()

    async def again(console: Console) -> None:
        logins = sessions(console, secrets)
        logins.take_up()
        assert await logins.taken_up() == 1
        assert state(console) is SessionState.READY
        await logins.close()
        console.world.time.now_ns += 24 * 3600 * 10**9
        logins = sessions(console, secrets)
        logins.take_up()
        assert await logins.taken_up() == 0
        await logins.close()

    with world(1) as made:
        made.live(first)
        made.live(again)


def test_a_logout_ends_the_session_here_and_at_the_broker() -> None:
    async def script(console: Console) -> None:
        secrets, account = PaperSecrets(), console.world.account(M)
        await secrets.put(M, APP_SECRET, console.world.broker.desk.apps[account.app_key].secret)
        logins = sessions(console, secrets)
        await logins.finish_login(M, code(console))
        session = console.engine.lanes[M].session
        assert session is not None
        await logins.logout(M)
        assert state(console) is SessionState.LOGGED_OUT
        assert await secrets.get(M, TOKEN) is None
        assert (await session.order_book()).session_dead

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize(
    ("pasted", "secret", "field"),
    [(" ", "right", "code"), ("CODE", "", "app_secret"), ("CODE", "wrong", "code")],
)
def test_what_cannot_be_a_login_is_refused_by_its_field(
    pasted: str, secret: str, field: str
) -> None:
    async def script(console: Console) -> None:
        secrets = PaperSecrets()
        await secrets.put(M, APP_SECRET, secret)
        logins = sessions(console, secrets)
        given = pasted.replace("CODE", code(console))
        with pytest.raises(RefusedError) as refused:
            await logins.finish_login(M, given)
        assert refused.value.field == field
        assert state(console) is SessionState.LOGGED_OUT
        assert await secrets.get(M, TOKEN) is None
        await logins.close()

    with world(1) as made:
        made.live(script)


def test_an_account_that_is_not_known_has_no_login_page() -> None:
    async def script(console: Console) -> None:
        with pytest.raises(RefusedError, match="not known"):
            await sessions(console, PaperSecrets()).login_page(AccountId("X"))

    with world(1) as made:
        made.live(script)


# -------------------------------------------------------------------- the way back


def test_the_page_is_told_where_to_come_back_to_and_a_plain_one_is_not() -> None:
    async def script(console: Console) -> None:
        secrets = PaperSecrets()
        await keep_secrets(console, secrets)
        back = "http://127.0.0.1:40001/here"
        logins = sessions(console, secrets, Browser(WayBack(back), code(console)))
        page = await logins.login_page(M)
        assert page.returns_to == back
        assert page.address == f"{page.plain}&redirecturl={back}"
        status = await logins.finish_login(M, await logins.login_return())
        assert status.session is SessionState.READY
        await logins.close()

    with world(1) as made:
        made.live(script)


def test_nobody_is_sent_to_the_page_of_an_account_that_cannot_be_logged_in() -> None:
    async def script(console: Console) -> None:
        browser = Browser(WayBack("http://127.0.0.1:40001/here"))
        with pytest.raises(RefusedError, match="no app secret"):
            await sessions(console, PaperSecrets(), browser).login_page(M)
        assert browser.listened == 0

    with world(1) as made:
        made.live(script)


def test_whoever_does_not_come_back_has_a_code_of_its_own() -> None:
    async def script(console: Console) -> None:
        late = BrokerFailureError("Nobody came back. Begin the login again.")
        logins = sessions(console, PaperSecrets(), Browser(WayBack("x"), late))
        with pytest.raises(RefusedError) as refused:
            await logins.login_return()
        assert refused.value.code == LOGIN_NOT_RETURNED

    with world(1) as made:
        made.live(script)


# -------------------------------------------------------------------- all at once, and the end


def test_who_cannot_be_logged_in_with_all_others_says_why_and_holds_up_nobody() -> None:
    async def script(console: Console) -> None:
        secrets = PaperSecrets()
        await keep_secrets(console, secrets)
        first, second, *others = (one.account_id for one in console.world.accounts)
        await secrets.put(first, APP_SECRET, "")

        async def at_page(account: Account) -> str:
            if account.account_id == second:
                raise BrokerFailureError("The simulated login page refused the login.")
            return await login_page(console, account)

        logins = sessions(console, secrets, paper_login=at_page)
        stands = {one.account_id: one for one in await logins.login_all_paper()}
        assert {stands[one].session for one in others} == {SessionState.READY}
        assert {stands[one].session for one in (first, second)} == {SessionState.LOGGED_OUT}
        assert "no app secret" in stands[first].session_reason
        assert stands[second].session_reason == "The simulated login page refused the login."
        await logins.close()

    with world(3) as made:
        made.live(script)


def test_two_who_log_all_in_at_one_time_are_one() -> None:
    async def script(console: Console) -> None:
        secrets, asked = PaperSecrets(), 0
        await keep_secrets(console, secrets)

        async def at_page(account: Account) -> str:
            nonlocal asked
            asked += 1
            return await login_page(console, account)

        logins = sessions(console, secrets, paper_login=at_page)
        await asyncio.gather(logins.login_all_paper(), logins.login_all_paper())
        assert asked == len(console.world.accounts)
        assert {one.status.session for one in console.engine.lanes} == {SessionState.READY}
        await logins.close()

    with world(3) as made:
        made.live(script)


def test_a_session_that_ends_at_the_broker_needs_a_login_and_disturbs_no_other() -> None:
    async def script(console: Console) -> None:
        secrets = PaperSecrets()
        await keep_secrets(console, secrets)
        logins = sessions(console, secrets, paper_login=partial(login_page, console))
        await logins.login_all_paper()
        keeping = asyncio.create_task(logins.upkeep.keep())
        gone, *others = (one.account_id for one in console.world.accounts)
        lanes = console.engine.lanes
        before = {one: lanes[one].session for one in others}
        console.world.broker.expire_sessions(console.world.account(gone).client_id)
        await console.world.clock.sleep(70)
        assert lanes[gone].status.session is SessionState.EXPIRED
        assert lanes[gone].status.session_reason.endswith("Log the account in again.")
        assert {lanes[one].status.session for one in others} == {SessionState.READY}
        assert {one: lanes[one].session for one in others} == before
        keeping.cancel()
        await asyncio.wait([keeping])
        await logins.close()

    with world(3) as made:
        made.live(script)


def test_sessions_are_told_of_minutes_before_they_end_and_end_with_the_day() -> None:
    to_go_s = 14 * 3600 - 15 * 60  # from ten in the morning to 23:45

    async def script(console: Console) -> None:
        told: list[Alarm] = []
        console.engine.bus.subscribe(
            lambda event: told.append(event) if isinstance(event, Alarm) else None
        )
        secrets = PaperSecrets()
        await keep_secrets(console, secrets)
        logins = sessions(console, secrets, paper_login=partial(login_page, console))
        number = len(await logins.login_all_paper())
        keeping = asyncio.create_task(logins.upkeep.keep())

        def warnings() -> list[str]:
            return [one.sentence for one in told if one.code == "sessions_end"]

        await console.world.clock.sleep(4 * 60)
        assert not warnings()
        await console.world.clock.sleep(5 * 60)
        (sentence,) = warnings()
        assert sentence.startswith(f"{number} sessions end at midnight")
        await console.world.clock.sleep(8 * 60)
        states = {lane.status.session for lane in console.engine.lanes}
        assert states == {SessionState.EXPIRED}
        assert len(warnings()) == 1
        keeping.cancel()
        await asyncio.wait([keeping])
        await logins.close()

    with world(2, starts_ns=MORNING_NS + to_go_s * 10**9) as made:
        made.live(script)
