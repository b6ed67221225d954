"""``copytrade-gui followers`` does to a folder that no console holds what the window would."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import PAPER_PROFILE
from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.store import open_store

MASTER = Account(AccountId("M-1"), Role.MASTER, "Owner", "MX1", "key")
ASHA = Account(
    AccountId("F-KX1"), Role.FOLLOWER, "Asha", "KX1", "keyA", active=False,
    master_id=AccountId("M-1"), sizing=SizingRule(Strategy.RATIO, Decimal("0.5"), 500),
)  # fmt: skip
Run = Callable[..., tuple[int, dict[str, Any]]]


def stored(place: Path) -> tuple[Account, ...]:
    async def read() -> tuple[Account, ...]:
        async with open_store(open_folder(place, PAPER_PROFILE), SystemClock()) as store:
            return await store.accounts.all()

    return asyncio.run(read())


def keep(place: Path, *accounts: Account, profile: str = PAPER_PROFILE) -> None:
    async def write() -> None:
        async with open_store(open_folder(place, profile), SystemClock()) as store:
            await store.accounts.put(accounts)

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
    keep(place, MASTER, ASHA)
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
    assert (asha.active, asha.sizing, asha.client_id) == (True, ASHA.sizing, "KX1")
    assert (ravi.name, ravi.client_id, ravi.master_id) == ("=Ravi", "KX2", "M-1")
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
    keep(place, MASTER, ASHA)
    file.write_text("client_id,active\nKX1,yes\nKX\x1b[2J9,yes\n")
    code, answer = run("import", file)
    assert code == 1
    assert (answer["imported"], answer["changed"], answer["wrong"]) == (False, 1, 1)
    assert stored(place) == (MASTER, ASHA)
    assert main(["followers", "check", str(file), "--data-dir", str(place), "--paper"]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_a_folder_that_a_console_holds_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA)
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
    keep(place, replace(ASHA, master_id=None, sizing=None))
    assert run("check", file)[1]["field"] == "master"
    other = Account(AccountId("M-2"), Role.MASTER, "Other", "mx2", "key")
    keep(place, MASTER, other)
    assert run("import", file)[1]["field"] == "master"
    assert run("import", file, "--master", "MX9")[1]["field"] == "master"
    assert run("import", file, "--master", "MX2")[0] == 0
    assert {a.master_id for a in stored(place) if a.client_id == "KX2"} == {"M-2"}


def test_files_that_cannot_be_read_or_written(tmp_path: Path, run: Run) -> None:
    keep(tmp_path / "data", MASTER, ASHA)
    for verb, file in (
        ("check", tmp_path / "none.csv"), ("import", tmp_path), ("export", tmp_path),
        ("export", tmp_path / "none" / "out.csv"), ("check", tmp_path / "a\0b"),
        ("export", tmp_path / "a\0b"), ("check", Path("/dev/zero")),
    ):  # fmt: skip
        code, answer = run(verb, file)
        assert (code, answer["field"]) == (1, "file"), file
        assert str(answer["refused"]).endswith(".")


def test_a_failed_export_leaves_the_older_file(tmp_path: Path, run: Run) -> None:
    keep(tmp_path / "data", MASTER, ASHA)
    folder = tmp_path / "full"
    folder.mkdir()
    out = folder / "out.csv"
    out.write_text("older")
    blocker = folder / ".out.csv.part"
    blocker.mkdir()
    assert run("export", out)[0] == 1
    assert out.read_text() == "older"


def test_a_live_folder_without_a_key_store_takes_everything_but_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = tmp_path / "data", tmp_path / "in.csv"
    keep(place, MASTER, ASHA, profile="default")
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
