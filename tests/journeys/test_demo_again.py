"""The demo in a folder it was run in before, at a terminal of few letters, and its picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "copytrade_gui", "demo", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_a_second_demo_in_one_folder_works_as_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        run = demo("--headless", "--json", "--followers", "3", "--data-dir", str(tmp_path / "d"))
        assert run.returncode == 0, run.stderr
        answer = json.loads(run.stdout)
        assert (answer["acked"], answer["lost"], answer["duplicates"]) == (3, 0, 0)


def test_a_demo_in_a_folder_that_waits_for_a_person_says_so_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    assert demo("--headless", "--followers", "1", "--data-dir", str(folder)).returncode == 0
    (folder / "profiles" / "paper" / "KILL").write_text("stopped")
    run = demo("--headless", "--followers", "1", "--data-dir", str(folder))
    assert run.returncode == 1
    assert run.stderr.startswith("copytrade-gui: Trading was killed")
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_terminal_of_few_letters_ends_no_demo() -> None:
    run = demo("--headless", "--followers", "1", PYTHONIOENCODING="ascii")
    assert run.returncode == 0, run.stderr
    assert "1 of 1 acknowledged" in run.stdout


@pytest.mark.parametrize(
    ("picture", "words"),
    [("shot", "must end in .png or .jpg"), ("file/shot.png", "cannot be saved")],
)
def test_a_picture_that_cannot_be_saved_is_told_before_the_demo(
    tmp_path: Path, picture: str, words: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    run = demo("--followers", "1", "--screenshot", str(tmp_path / picture))
    assert run.returncode != 0
    assert words in run.stderr
    assert "Traceback" not in run.stderr
    assert "acknowledged" not in run.stdout


def test_a_picture_is_where_the_demo_says(tmp_path: Path) -> None:
    picture = tmp_path / "new" / "shot.png"
    run = demo("--followers", "1", "--screenshot", str(picture))
    assert run.returncode == 0, run.stderr
    assert f"screenshot: {picture}" in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
