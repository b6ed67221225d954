"""``make quick``: format, lint, types, arrows, and as many near tests as fit into half a minute.

Near is what was changed against ``main`` (on ``main``, against its newest commit): changed tests
first, then tests of a changed file's room that import it, then others that do, then the rest of the
room; in each the shortest first, by what earlier runs took. What did not fit is counted.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, named

TOGETHER_S = 30.0
_AFTER_S = 3.0
"""What the other checks and the end of a run may still take."""
_KNOWN = "quick/seconds"
_TAKEN = ROOT / ".pytest_cache/v" / _KNOWN
MOST_FILES = 25
"""Reading a test file with all that it imports takes a third of a second."""
_BIN = Path(sys.executable).parent
CODE = ("copytrade_gui", "tests", "build_installer.py")


def _git(*words: str) -> list[str]:
    told = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.splitlines()


def changed() -> list[str]:
    """Files that differ from ``main``, or on it from its newest commit; new ones too."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    files = {*_git("diff", "--name-only", base[0]), *_git("ls-files", "-o", "--exclude-standard")}
    return sorted(file for file in files if (ROOT / file).is_file())


def _modules(test: Path) -> set[str]:
    """What a test imports of ours, ``copytrade_gui.x`` and ``tests.x``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def near(files: Iterable[str]) -> dict[str, int]:
    """How near test files are to these files, 0 nearest; those that are far are not in it."""
    files = list(files)
    paths = [ROOT / file for file in files if file.endswith(".py")]
    names = {named(path).removesuffix(".py").replace("/", ".") for path in paths}
    rooms = {path.relative_to(PACKAGE).parts[0] for path in paths if PACKAGE in path.parents}
    found: dict[str, int] = {}
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        name = named(test)
        of_the_room = test.relative_to(ROOT / "tests").parts[0] in rooms
        if name in files:
            found[name] = 0
        elif names & _modules(test):
            found[name] = 1 if of_the_room else 2
        elif of_the_room:
            found[name] = 3
    return found


def first(nearness: dict[str, int]) -> list[str]:
    """As many of these files as may fit, the nearest and then the shortest first."""
    took: Counter[str] = Counter()
    if _TAKEN.is_file():
        for test, seconds in json.loads(_TAKEN.read_text(encoding="utf-8")).items():
            took[test.partition("::")[0]] += seconds
    order = sorted(nearness, key=lambda name: (nearness[name], took[name]))
    return order[:MOST_FILES]


class InTime:
    """Nearest first, shortest first, until the time is up."""

    def __init__(self, nearness: dict[str, int], until: float) -> None:
        self._nearness = nearness
        self._until = until
        self._seconds: dict[str, float] = {}
        self.left_out = 0
        self.ran = 0

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        assert config.cache is not None
        self._seconds = dict(config.cache.get(_KNOWN, {}))
        items.sort(
            key=lambda item: (
                self._nearness.get(item.nodeid.partition("::")[0], 0),
                self._seconds.get(item.nodeid, 0.1),
            )
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if time.monotonic() + self._seconds.get(item.nodeid, 0.0) < self._until:
            self.ran += 1
            return None
        self.left_out += 1
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._seconds[report.nodeid] = round(report.duration, 3)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        assert session.config.cache is not None
        session.config.cache.set(_KNOWN, self._seconds)


def main() -> int:
    """0 if everything that was run is fine."""
    began = time.monotonic()
    checks = {
        words: subprocess.Popen(
            [_BIN / words[0], *words[1:]],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for words in (
            ("ruff", "format", "--check", *CODE),
            ("ruff", "check", *CODE),
            ("mypy",),
            ("lint-imports",),
        )
    }
    nearness = near(changed())
    tests = first(nearness)
    in_time = InTime(nearness, began + TOGETHER_S - _AFTER_S)
    wrong = []
    if tests:
        code = pytest.main(["-q", "-x", "-n", "0", "-p", "no:randomly", *tests], plugins=[in_time])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            wrong.append("tests")
    for words, check in checks.items():
        told, _ = check.communicate()
        if check.returncode:
            print(told.decode())
            wrong.append(" ".join(words[:2]))
    print(
        f"quick: {in_time.ran} tests; {in_time.left_out} more of {len(tests)} files had no time, "
        f"{len(nearness) - len(tests)} files were not looked at; "
        f"{time.monotonic() - began:.0f} s; {'wrong: ' + ', '.join(wrong) if wrong else 'fine'}"
    )
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
