"""Bad input gives one sentence with the field, changes nothing and leaves one line in the log."""

import dataclasses
import json
import logging
import sqlite3
from collections.abc import Awaitable
from pathlib import Path

import pytest

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.refusals import refusals
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.order import OrderType, Side
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import open_folder
from tests.journeys.journey import Journey, journey

PAPER = SimulatorOptions(accounts=2, latency_ms=0, jitter_ms=0)
HEADER = "name,client_id,app_key,app_secret,strategy,parameter,max_quantity,active\n"


def one_sentence(text: str) -> bool:
    return text.endswith((".", "?")) and "\n" not in text and "Traceback" not in text


async def refused(work: Awaitable[object], log: pytest.LogCaptureFixture) -> RefusedError:
    log.clear()
    with log.at_level(logging.INFO, "copytrade_gui.services"), pytest.raises(RefusedError) as info:
        await work
    lines = [one for one in log.records if one.name.startswith("copytrade_gui.services")]
    assert len(lines) == 1, [one.getMessage() for one in lines]
    assert one_sentence(str(info.value)), str(info.value)
    return info.value


async def untouched(trip: Journey) -> bool:
    return not await trip.at_broker() and not list(trip.opened.engine.book)


async def test_impossible_orders(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with journey(tmp_path, 2) as trip:
        master = trip.masters[0]
        good = await trip.draft("10")
        stop = {"order_type": OrderType.SL, "side": Side.BUY, "price": "100", "trigger": "200"}
        for field, change in {
            "quantity": {"quantity": "0"},
            "price": {"price": "1000.01"},
            "trigger": stop,
            "instrument": {"instrument": None},
        }.items():
            draft = dataclasses.replace(good, **change)  # type: ignore[arg-type]  # by field name
            problem = await refused(trip.place(master, draft, f"bad-{field}"), caplog)
            assert problem.field == field, problem
        assert await untouched(trip)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name;account\nA;1\n", "header"),
        ("name;client_id\nA;1\n", "strategy"),
        (HEADER + '"A,B1,k,s,ratio,1,,yes\n', "file"),
        (HEADER, "file"),
        (HEADER + "A,B1,k,s,ratio,1,,yes\nB,B2,k,s,ratio,minus one,,yes\n", "parameter"),
        (HEADER + "A,B1,k,s,ratio,1,,yes\nB,B1,k,s,ratio,1,,yes\n", "client_id"),
        (HEADER + "A,B1,k,s,ratio,1,,perhaps\n", "active"),
    ],
)
async def test_malformed_followers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, field: str
) -> None:
    path = tmp_path / "followers.csv"
    path.write_text(text, encoding="utf-8")
    async with journey(tmp_path / "data", 2) as trip:
        followers = trip.opened.console.followers
        problem = await refused(followers.import_csv(trip.masters[0].account_id, path), caplog)
        assert problem.field == field, problem
        assert tuple(await followers.accounts()) == trip.accounts


async def test_a_wrong_app_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with journey(tmp_path, 2) as trip:
        account = trip.accounts[-1]
        sessions = trip.opened.console.sessions
        await sessions.logout(account.account_id)
        typed = FollowerDraft(
            account.name, account.client_id, account.app_key, "canary-wrong", "ratio", "1", "", True
        )
        await trip.opened.console.followers.edit(
            trip.masters[0].account_id, account.account_id, typed
        )
        desk = trip.opened.simulator
        assert desk is not None
        code = await desk.login_return(account)
        problem = await refused(sessions.finish_login(account.account_id, code), caplog)
        assert "canary" not in str(problem) + caplog.text
        statuses = {one.account_id: one for one in await trip.opened.console.followers.statuses()}
        assert statuses[account.account_id].session_reason


async def test_a_broker_that_answers_html(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with journey(tmp_path, 2) as trip:
        account = trip.accounts[-1]
        sessions = trip.opened.console.sessions
        desk = trip.opened.simulator
        assert desk is not None
        code = await desk.login_return(account)
        await trip.misfortune(
            {"action": "answer", "call": "session", "form": "html", "http_status": 200}
        )
        problem = await refused(sessions.finish_login(account.account_id, code), caplog)
        assert "<html" not in str(problem).lower()


def lines_of_refused_starts(place: Path) -> list[str]:
    path = open_folder(place, "paper").logs / "refused-starts.log"
    return [json.loads(line)["event"] for line in path.read_text("utf-8").splitlines()]


async def fails_to_open(options: OpenOptions) -> str:
    with pytest.raises(refusals()) as info:
        async with open_console(options):
            pass
    assert one_sentence(str(info.value)), str(info.value)
    return str(info.value)


async def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    async with open_console(OpenOptions(tmp_path, paper=PAPER)):
        pass
    path = open_folder(tmp_path, "paper").database
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    before = path.read_bytes()
    sentence = await fails_to_open(OpenOptions(tmp_path, paper=PAPER))
    assert "newer" in sentence
    assert path.read_bytes() == before
    assert lines_of_refused_starts(tmp_path) == [sentence]


async def test_a_second_console(tmp_path: Path) -> None:
    async with journey(tmp_path, 2) as trip:
        sentence = await fails_to_open(OpenOptions(tmp_path, paper=PAPER))
        assert "another" in sentence.lower() or "second" in sentence.lower()
        assert lines_of_refused_starts(tmp_path) == [sentence]
        await trip.place(trip.masters[0], await trip.draft("10"), "still works")
        await trip.decided(3)


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine", encoding="utf-8")
    await fails_to_open(OpenOptions(place / "below", paper=PAPER))
    assert place.read_text(encoding="utf-8") == "mine"
