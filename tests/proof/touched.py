"""A plug-in of pytest: which functions of the program each test runs, and only chosen tests.

``--touched-to FILE`` writes what each test ran, as ``Touched`` reads it; ``--chosen FILE`` runs the
tests that the file names, a line each, in its order.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

import pytest

_PROGRAM = "copytrade_gui"


@dataclass(frozen=True, slots=True)
class Touched:
    """One test: its time in seconds and the functions it ran, each ``file::qualified name``."""

    test: str
    seconds: float
    functions: frozenset[str]
    files: frozenset[str]


def read(file: Path) -> list[Touched]:
    """What ``--touched-to`` wrote, a test each."""
    told = json.loads(file.read_text("utf-8"))
    names: list[str] = told["functions"]
    found: list[Touched] = []
    for test, (seconds, numbers) in told["tests"].items():
        functions = frozenset(names[number] for number in numbers)
        files = frozenset(name.partition("::")[0] for name in functions)
        found.append(Touched(test, seconds, functions, files))
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options."""
    parser.addoption("--touched-to", type=Path, help="write here what each test ran")
    parser.addoption("--chosen", type=Path, help="a file with the tests to run, in this order")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, if it was asked for."""
    if (file := config.getoption("--touched-to")) is not None:
        config.pluginmanager.register(_Watch(file, config.rootpath / _PROGRAM))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was chosen, in the order in which it was chosen."""
    if (file := config.getoption("--chosen")) is None:
        return
    chosen = {test: place for place, test in enumerate(file.read_text("utf-8").splitlines())}
    items[:] = sorted(
        (item for item in items if item.nodeid in chosen), key=lambda item: chosen[item.nodeid]
    )


class _Watch:
    """Sees every call of a Python function in every thread that begins after it.

    What a fixture shared by several tests ran counts for the first of them, and what another
    process ran for none.
    """

    def __init__(self, file: Path, program: Path) -> None:
        self._file = file
        self._program = f"{program}/"
        self._root = f"{program.parent}/"
        self._seen: dict[int, CodeType] = {}
        self._numbers: dict[str, int] = {}
        self._tests: dict[str, tuple[float, list[int]]] = {}
        threading.settrace(self._called)
        sys.settrace(self._called)

    def _called(self, frame: FrameType, event: str, argument: object) -> None:
        # Kept whole, so that no other code can get the number of one that was collected.
        code = frame.f_code
        if id(code) not in self._seen:
            self._seen[id(code)] = code

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._seen = {}
        sys.settrace(self._called)  # hypothesis switches off what it did not switch on
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            seconds = time.perf_counter() - began
            self._tests[item.nodeid] = (round(seconds, 3), self._functions())

    def _functions(self) -> list[int]:
        found: set[int] = set()
        for code in tuple(self._seen.values()):
            if code.co_filename.startswith(self._program) and code.co_name != "<module>":
                name = f"{code.co_filename.removeprefix(self._root)}::{code.co_qualname}"
                found.add(self._numbers.setdefault(name, len(self._numbers)))
        return sorted(found)

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        told = {"functions": list(self._numbers), "tests": self._tests}
        self._file.write_text(json.dumps(told), "utf-8")
