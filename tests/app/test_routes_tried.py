"""Routes at a running paper broker: changed while logged in, tried, and told by the doctor.

The simulator says from where each call came.
"""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from copytrade_gui import headless
from copytrade_gui.app.doctor import examine
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from tests.brokers.connect_proxy import connect_proxy


async def peers(opened: Opened, account: Account) -> set[str]:
    assert opened.simulator is not None
    answer = await opened.simulator.control("GET", "/peers", None)
    said = msgspec.json.decode(answer, type=dict[str, dict[str, list[str]]])
    return {peer for those in said[account.client_id].values() for peer in those}


async def comes_from(opened: Opened, account: Account, address: str) -> None:
    for _ in range(500):
        if address in await peers(opened, account):
            break
        await asyncio.sleep(0.02)
    assert address in await peers(opened, account)
    assert opened.engine.lanes[account.account_id].status.session is SessionState.READY


def without_secrets(folder: Path) -> bytes:
    """All files of a data folder but the one of paper secrets."""
    files = [one for one in folder.rglob("*") if one.is_file()]
    return b"".join(one.read_bytes() for one in files if one.name != "paper-secrets.json")


async def test_a_changed_route_connects_anew_and_the_rest_of_the_day_goes_that_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = SimulatorOptions(accounts=3, masters=1, latency_ms=0, jitter_ms=0)
    options = OpenOptions(tmp_path, paper=paper, contracts_first=False)
    async with connect_proxy(login="me:c4nary") as proxy, open_console(options) as opened:
        followers, routes = opened.console.followers, opened.console.routes
        await opened.console.sessions.login_all_paper()
        master, one, other = await followers.accounts()
        assert await peers(opened, one) == {"127.0.0.1"}
        by_source = FollowerDraft(
            route="source", route_address="127.0.0.3", registered_addresses="127.0.0.3"
        )
        by_proxy = FollowerDraft(
            route="proxy", route_address=proxy.address, proxy_login="me:c4nary"
        )
        await followers.edit(master.account_id, one.account_id, by_source)
        await followers.edit(master.account_id, other.account_id, by_proxy)
        for account, address in ((one, "127.0.0.3"), (other, "127.0.0.9")):
            await comes_from(opened, account, address)
        report = await routes.test_route(one.account_id, {})
        assert report.good
        assert "The broker saw 127.0.0.3. It is one of the registered addresses." in report.sentence
        report = await routes.test_route(one.account_id, {"registered_addresses": "127.0.0.4"})
        assert not report.good
        assert "leave from 127.0.0.3, which is not one" in report.sentence
        report = await routes.test_route(other.account_id, {})
        assert report.good, "by the stored login"
        assert "The broker saw 127.0.0.9." in report.sentence
        report = await routes.test_route(other.account_id, {"proxy_login": "me:wrong"})
        assert not report.good
        assert "does not take the proxy login (407)" in report.sentence
        with pytest.raises(RefusedError, match="none of this machine's addresses") as refused:
            await routes.test_route(None, {"route": "source", "route_address": "203.0.113.7"})
        assert refused.value.field == "route_address"
        await followers.edit(
            master.account_id, one.account_id, FollowerDraft(registered_addresses="127.0.0.4")
        )
        lane = opened.engine.lanes[one.account_id]
        assert lane.facts.code == "address"
    findings = {finding.name: finding for finding in await examine(tmp_path, "paper")}
    assert findings["routes"].state == "warn"
    assert one.name in findings["routes"].sentence
    assert b"c4nary" not in without_secrets(tmp_path)
    code = await asyncio.to_thread(headless.try_routes, tmp_path, "default", True, [], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (code, told["ok"]) == (1, False)
    assert "No paper broker runs" in told["refused"]
