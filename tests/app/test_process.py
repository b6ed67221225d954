"""What every command asks of the system first, seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from copytrade_gui.app import process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells all of it")

_LOOK = """
import ctypes, json, resource, sys
from copytrade_gui import __main__ as program, command_line
command_line.parser = lambda words: sys.exit(print(json.dumps({
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "letter": print("\u20b9", file=sys.stderr),
})))
program.main([])
"""


def begun(files: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What the program has asked for by the time it reads its command line."""
    limits = "ulimit -Sc unlimited 2>/dev/null; " + (f"ulimit {files}; " if files else "")
    return subprocess.run(
        [
            "bash",
            "-c",
            f"{limits}exec {sys.executable} -c '{_LOOK}'",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_no_core_holds_a_token_and_nobody_looks_into_the_memory() -> None:
    seen = json.loads(begun().stdout)
    assert seen["core"] == [0, 0]
    assert seen["dumpable"] == 0


def test_a_process_of_the_simulator_leaves_no_core_either() -> None:
    command = [sys.executable, "-m", "copytrade_gui", "simulator", "--accounts=1", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        limits = Path(f"/proc/{child.pid}/limits").read_text("ascii")
        child.stdin.close()
        child.wait(20)
    (cores,) = [line.split()[4:6] for line in limits.splitlines() if "core file" in line]
    assert cores == ["0", "0"]


def test_the_usual_limit_of_1024_open_files_is_raised_to_what_is_allowed() -> None:
    assert json.loads(begun("-Sn 1024").stdout)["files"] >= 2_633


def test_a_limit_that_cannot_be_raised_is_told_with_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert json.loads(begun("-n 1024").stdout)["files"] == 1024
    monkeypatch.setattr(process, "files_allowed", lambda: 1024)
    assert process.files_problem(179) is None
    problem = process.files_problem(501)
    assert problem is not None
    assert "501 accounts need 2633 open files and this machine allows 1024" in problem
    assert "ulimit -Hn 2633" in problem


def test_a_letter_that_the_terminal_lacks_is_a_question_mark() -> None:
    for code_page in ("ascii", "cp1252"):
        assert begun(PYTHONIOENCODING=code_page).stderr.strip() == "?"
