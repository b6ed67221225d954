"""``copytrade-gui followers`` does to a folder that no console holds what the window would."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.app.stop_words import command_line
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.ports import AuditEvent
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.storage.files.folder import PAPER_PROFILE, open_folder
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.store import open_store

MASTER = Account(AccountId("M-1"), "Owner", "MX1", "key", master=True)
ASHA = Account(AccountId("F-KX1"), "Asha", "KX1", "keyA", active=False)
LINK = Link(MASTER.account_id, ASHA.account_id, SizingRule(Strategy.RATIO, Decimal("0.5"), 500))
Run = Callable[..., tuple[int, dict[str, Any]]]


def stored(place: Path) -> tuple[Account, ...]:
    return asyncio.run(_stored(place))[0]


def links(place: Path) -> tuple[Link, ...]:
    return asyncio.run(_stored(place))[1]


async def _stored(place: Path) -> tuple[tuple[Account, ...], tuple[Link, ...]]:
    async with open_store(open_folder(place, PAPER_PROFILE), SystemClock()) as store:
        return await store.accounts.all(), await store.accounts.links()


def trail(place: Path, kind: str) -> tuple[AuditEvent, ...]:
    async def read() -> tuple[AuditEvent, ...]:
        async with open_store(open_folder(place, PAPER_PROFILE), SystemClock()) as store:
            return await store.history.events(100, kind=kind)

    return asyncio.run(read())


def keep(place: Path, *held: Account | Link, profile: str = PAPER_PROFILE) -> None:
    async def write() -> None:
        async with open_store(open_folder(place, profile), SystemClock()) as store:
            await store.accounts.put(
                [one for one in held if isinstance(one, Account)],
                [one for one in held if isinstance(one, Link)],
            )

    asyncio.run(write())


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb on a file; returns the exit code and the JSON object."""

    def call(verb: str, file: Path, *more: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        place = ["--data-dir", str(tmp_path / "data"), "--paper", "--json"]
        code = main(["followers", verb, str(file), *place, *more])
        said = capsys.readouterr()
        assert not said.err
        answer = json.loads(said.out)
        assert answer["ok"] is (code == 0)
        return code, answer

    return call


def test_checked_imported_and_written_out_again(tmp_path: Path, run: Run) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA, LINK)
    file.write_text("client_id;active;name;strategy;parameter;app_secret\n"
                    "kx1;yes;;;;\nKX2;;'=Ravi;fixed;75;s3cret\n")  # fmt: skip
    code, checked = run("check", file)
    assert code == 0
    assert [(row["line"], row["verdict"]) for row in checked["rows"]] == [
        (2, "changed"), (3, "new"),
    ]  # fmt: skip
    assert checked["imported"] is False
    assert stored(place) == (MASTER, ASHA)
    assert run("import", file)[1]["imported"] is True
    _, asha, ravi = sorted(stored(place), key=lambda one: one.client_id == "KX2")
    assert (asha.active, asha.client_id) == (True, "KX1")
    assert (ravi.name, ravi.client_id) == ("=Ravi", "KX2")
    fixed = Link(MASTER.account_id, ravi.account_id, SizingRule(Strategy.FIXED, Decimal(75)))
    assert set(links(place)) == {LINK, fixed}
    (told,) = trail(place, "LinkChanged")  # Asha's own did not change
    assert (told.actor, told.account_id) == (command_line().text, ravi.account_id)
    assert command_line().text.startswith("command line (")
    assert {(one.account_id, one.actor) for one in trail(place, "AccountEdited")} == {
        (ASHA.account_id, command_line().text),
        (ravi.account_id, command_line().text),
    }
    body = json.loads(told.body)
    assert (body["before"], body["after"]["sizing"]["parameter"]) == (None, "75")
    secrets = PaperSecrets(open_folder(place, PAPER_PROFILE).paper_secrets)
    assert asyncio.run(secrets.get(ravi.account_id, APP_SECRET)) == "s3cret"
    out = tmp_path / "out.csv"
    assert run("export", out)[1]["exported"] == 2
    assert out.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in out.read_text("utf-8")
    assert run("check", out)[1]["unchanged"] == 2


def test_one_bad_row_and_nothing_is_imported(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA, LINK)
    file.write_text("client_id,active\nKX1,yes\nKX\x1b[2J9,yes\n")
    code, answer = run("import", file)
    assert code == 1
    assert (answer["imported"], answer["changed"], answer["wrong"]) == (False, 1, 1)
    assert stored(place) == (MASTER, ASHA)
    assert main(["followers", "check", str(file), "--data-dir", str(place), "--paper"]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_good_rows_are_imported_on_request_and_the_wrong_ones_kept_to_mend(
    tmp_path: Path, run: Run
) -> None:
    place, file, wrong = tmp_path / "data", tmp_path / "in.csv", tmp_path / "wrong.csv"
    keep(place, MASTER, ASHA, LINK)
    file.write_text("client_id,active,name,strategy,parameter\nKX1,yes,,,\nKX2,,Ravi,ratio,0\n"
                    "KX3,,Zoya,mirror,\nMX1,,Desk,,\n")  # fmt: skip
    code, answer = run("import", file, "--wrong-rows", str(wrong))
    assert (code, answer["imported"], answer["good_rows"]) == (1, False, False)
    assert stored(place) == (MASTER, ASHA)
    code, answer = run("import", file, "--good-rows", "--wrong-rows", str(wrong))
    assert (code, answer["imported"], answer["good_rows"]) == (1, True, True), "not all is well"
    assert (answer["rows_imported"], answer["wrong"]) == (3, 1)
    assert [row["verdict"] for row in answer["rows"]] == ["changed", "wrong", "new", "changed"]
    assert {one.name for one in stored(place)} == {"Desk", "Asha", "Zoya"}
    words = [one.reason for one in trail(place, "AccountEdited")]
    assert any("name Owner becomes Desk" in one for one in words)
    wrong.write_text(wrong.read_text("utf-8-sig").replace("ratio,0", "ratio,1"))
    code, answer = run("import", wrong)
    assert (code, answer["imported"], answer["new"]) == (0, True, 1)
    assert len(links(place)) == 3


def test_a_template_is_written_and_filled_in_imported(tmp_path: Path, run: Run) -> None:
    place, file = tmp_path / "data", tmp_path / "fill.csv"
    keep(place, MASTER)
    assert run("template", file)[0] == 0
    assert run("import", file, "--good-rows")[1]["imported"] is False
    text = file.read_text("utf-8-sig").replace("EXAMPLE 1", "KX2").replace("EXAMPLE 2", "MX9")
    file.write_text(text)
    code, answer = run("import", file)
    assert (code, answer["new"]) == (0, 2)
    assert {(one.client_id, one.master) for one in stored(place)} == {
        ("MX1", True), ("KX2", False), ("MX9", True),
    }  # fmt: skip
    assert [link.master_id for link in links(place)] == [MASTER.account_id]
    assert run("template", tmp_path)[1]["field"] == "file"


def test_a_folder_that_a_console_holds_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA, LINK)
    file.write_text("client_id,active\nKX1,yes\n")

    async def held() -> int:
        async with open_store(open_folder(place, PAPER_PROFILE), SystemClock()):
            arguments = ["followers", "import", str(file), "--data-dir", str(place), "--paper"]
            return await asyncio.to_thread(main, arguments)

    assert asyncio.run(held()) == 1
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert "Another console" in said.err
    assert stored(place) == (MASTER, ASHA)


def test_a_folder_nobody_started_a_console_in_is_not_made(tmp_path: Path, run: Run) -> None:
    code, answer = run("check", tmp_path / "in.csv")
    assert code == 1
    assert "No console" in str(answer["refused"])
    assert not list(tmp_path.iterdir())


def test_which_master_is_asked_where_there_are_several(tmp_path: Path, run: Run) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    file.write_text("name,client_id,strategy,parameter\nRavi,KX2,ratio,1\n")
    keep(place, ASHA)
    assert run("check", file)[1]["field"] == "master"
    other = Account(AccountId("M-2"), "Other", "mx2", "key", master=True)
    keep(place, MASTER, other)
    code, answer = run("import", file)
    assert (code, answer["rows"][0]["problems"][0]["field"]) == (1, "master")
    assert run("import", file, "--master", "MX9")[1]["field"] == "master"
    assert run("import", file, "--master", "MX2")[0] == 0
    assert [link.master_id for link in links(place)] == ["M-2"]


def test_several_masters_in_one_file_and_a_circle_that_is_named(tmp_path: Path, run: Run) -> None:
    place, file, out = tmp_path / "data", tmp_path / "in.csv", tmp_path / "out.csv"
    other = Account(AccountId("M-2"), "Other", "MX2", "key", master=True)
    keep(place, MASTER, other, ASHA, LINK)
    head = "client_id,name,strategy,parameter,state,group,sides,symbols,from,to,is_master,master\n"
    file.write_text(
        f"{head}KX1,,fixed,75,close only,Family,buy,NIFTY;TCS,9:20,15:00,,MX2\n"
        "KX2,Ravi,mirror,,,,,,,,yes,MX1\nMX2,,ratio,2,,,,,,,,KX2\n"
    )
    code, answer = run("import", file)
    assert (code, answer["new"]) == (0, 3)
    assert len(links(place)) == 4
    assert run("export", out)[1]["exported"] == 4
    assert run("check", out)[1]["unchanged"] == 4
    before = links(place), stored(place)
    file.write_text("client_id,strategy,parameter,master\nMX1,ratio,1,MX2\n")
    for verb in ("check", "import"):
        code, answer = run(verb, file)
        (problem,) = answer["rows"][0]["problems"]
        assert (code, problem["field"]) == (1, "master")
        for words in ("Owner copies Other", "Other copies Ravi", "Ravi copies Owner"):
            assert words in problem["sentence"]
    assert (links(place), stored(place)) == before


def test_files_that_cannot_be_read_or_written(tmp_path: Path, run: Run) -> None:
    keep(tmp_path / "data", MASTER, ASHA, LINK)
    for verb, file in (
        ("check", tmp_path / "none.csv"), ("import", tmp_path), ("export", tmp_path),
        ("export", tmp_path / "none" / "out.csv"), ("check", tmp_path / "a\0b"),
        ("export", tmp_path / "a\0b"), ("check", Path("/dev/zero")),
    ):  # fmt: skip
        code, answer = run(verb, file)
        assert (code, answer["field"]) == (1, "file"), file
        assert str(answer["refused"]).endswith(".")


def test_a_failed_export_leaves_the_older_file(tmp_path: Path, run: Run) -> None:
    keep(tmp_path / "data", MASTER, ASHA, LINK)
    folder = tmp_path / "full"
    folder.mkdir()
    out = folder / "out.csv"
    out.write_text("older")
    blocker = folder / ".out.csv.part"
    blocker.mkdir()
    assert run("export", out)[0] == 1
    assert out.read_text() == "older"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
def test_an_export_onto_a_link_is_written_behind_it(tmp_path: Path, run: Run) -> None:
    keep(tmp_path / "data", MASTER, ASHA, LINK)
    kept, link = tmp_path / "kept.csv", tmp_path / "link.csv"
    link.symlink_to(kept)
    for _ in ("new", "there already"):
        assert run("export", link)[0] == 0
        assert link.is_symlink()
        assert "KX1" in kept.read_text("utf-8-sig")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    link.unlink()
    link.symlink_to(pipe)
    for place in (pipe, link):
        code, answer = run("export", place)
        assert (code, answer["field"]) == (1, "file")
        assert "it is not a file" in answer["refused"]
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_a_live_folder_without_a_key_store_takes_everything_but_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA, LINK, profile="default")
    arguments = ["followers", "import", str(file), "--data-dir", str(place)]
    file.write_text("client_id,active,app_secret\nKX1,yes,c4nary\n")
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "app_secret" in said
    assert "c4nary" not in said
    file.write_text("client_id,active,app_secret\nKX1,yes,\n")
    assert main(arguments) == 0
    assert "Switched on." in capsys.readouterr().out
