"""An account that is removed, or is another client's from now on, keeps nothing open at the broker.

The simulator says who is connected to its feed, and who calls.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.link import Follower
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.sessions import Sessions
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.engine.test_exits import F1
from tests.engine.test_links import M, draft_of
from tests.proof.rig import Console, world
from tests.services.test_sessions import keep_secrets, login_page, sessions


async def all_in(console: Console) -> tuple[Followers, Sessions]:
    secrets = PaperSecrets()
    await keep_secrets(console, secrets)
    logins = sessions(console, secrets, paper_login=lambda account: login_page(console, account))
    await logins.login_all_paper()
    await console.world.clock.sleep(10)
    followers = Followers(console.engine, console.store.accounts, secrets, reopen=logins.reopen)
    return followers, logins


def at_feed(console: Console) -> set[object]:
    return {row["client_id"] for one in console.world.broker.feed.servers for row in one.rows()}


def calls(console: Console, number: int) -> int:
    return sum(console.world.broker.accounts[number].calls.values())


@pytest.mark.parametrize("back", [False, True], ids=["gone", "put back"])
def test_a_removed_account_keeps_no_connection_and_is_read_no_more(back: bool) -> None:
    async def script(console: Console) -> None:
        made = console.world
        followers, logins = await all_in(console)
        clients = [one.client_id for one in made.accounts]
        assert at_feed(console) == set(clients)
        lane = console.engine.lanes[F1]
        was = Follower(lane.account, lane.links[M].link)
        await followers.remove(M, [F1])
        if back:
            await followers.restore([was])
        await made.clock.sleep(5)
        assert at_feed(console) == {clients[0], clients[2]}
        before, others = calls(console, 1), calls(console, 2)
        upkeep = asyncio.create_task(logins.upkeep.keep())
        await made.clock.sleep(300)
        upkeep.cancel()
        assert calls(console, 1) == before
        assert calls(console, 2) > others
        if back:
            assert console.engine.lanes[F1].status.session is SessionState.LOGGED_OUT
            await logins.login_all_paper()
            await made.clock.sleep(5)
            assert at_feed(console) == set(clients)
        await logins.close()

    with world(2) as made:
        made.line.feed = True
        made.live(script)


def test_an_account_that_is_another_client_keeps_no_connection_of_the_one_before() -> None:
    async def script(console: Console) -> None:
        made = console.world
        followers, logins = await all_in(console)
        other = draft_of(console, F1)
        await followers.edit(M, F1, replace(other, client_id="90000001"))
        await made.clock.sleep(5)
        assert made.accounts[1].client_id not in at_feed(console)
        await logins.close()

    with world(2) as made:
        made.line.feed = True
        made.live(script)
