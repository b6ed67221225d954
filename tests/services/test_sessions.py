"""Logins: what is pasted becomes a session of today, or a sentence and nothing else."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.services.account_store import APP_SECRET, TOKEN
from copytrade_gui.services.sessions import Sessions
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import Console, world

M = AccountId("M")


def sessions(console: Console, secrets: PaperSecrets) -> Sessions:
    return Sessions(console.engine, console.broker, secrets, console.world.clock, None)


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
            await sessions(console, PaperSecrets()).login_url(AccountId("X"))

    with world(1) as made:
        made.live(script)
