"""The doctor says what would stop trading, and its exit code says so too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from copytrade_gui import headless
from copytrade_gui.app.doctor import Finding, examine
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "copytrade_gui", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_sound_machine(tmp_path: Path) -> None:
    result = doctor("--data-dir", str(tmp_path), "--json")
    answer = json.loads(result.stdout)
    assert result.returncode == 0, result.stdout
    assert answer["ok"] is True
    states = {check["name"]: check["state"] for check in answer["checks"]}
    assert states["window"] == states["python"] == states["data folder"] == "ok"
    assert {"database", "keyring", "clock", "contract files"} <= states.keys()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    result = doctor("--data-dir", str(place))
    assert result.returncode == 1
    assert "bad" in result.stdout
    assert place.read_text() == "not a folder"


@pytest.mark.expected_log("was damaged")
async def test_a_damaged_database_is_named_and_kept(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, "default")
    folder.database.write_bytes(b"SQLite format 3\0" + b"\0" * 20)
    before = folder.database.read_bytes()
    findings = {finding.name: finding for finding in await examine(tmp_path, "default")}
    assert findings["database"].state in {"bad", "warn"}
    assert findings["database"].sentence
    kept = [path.read_bytes() for path in folder.root.rglob("*") if path.is_file()]
    assert before in kept


async def test_a_running_console_is_no_problem(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, "default")
    async with open_store(folder, SystemClock()):
        findings = {finding.name: finding for finding in await examine(tmp_path, "default")}
    assert findings["database"].state == "ok"
    assert "running" in findings["database"].sentence


async def test_every_file_that_is_edited_is_looked_at(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, "default")
    for path in (folder.calendar, folder.freeze, folder.ban, folder.charges):
        path.write_text("x = 1e99999999999999999999")
    bad = {one.name: one for one in await examine(tmp_path, "default") if "line 1" in one.sentence}
    assert bad.keys() == {"calendar", "freeze", "ban list", "charges"}
    assert {one.state for one in bad.values()} == {"warn"}


def test_no_name_runs_into_its_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = [Finding("a name that is long", "ok", "Fine."), Finding("short", "ok", "Fine.")]
    headless.doctor(tmp_path, "default", window=found, as_json=False)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.index("Fine.") == second.index("Fine.")
    assert "long  Fine." in first


def test_a_demo_that_cannot_write_says_so_in_one_sentence(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    for how in (["--headless"], []):
        result = subprocess.run(
            [sys.executable, "-m", "copytrade_gui", "demo", *how, "--data-dir", str(place)],
            capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        )  # fmt: skip
        assert result.returncode == 1
        assert "is a file. Choose a folder with --data-dir." in result.stderr
        assert "Traceback" not in result.stderr
    assert place.read_text() == "not a folder"
