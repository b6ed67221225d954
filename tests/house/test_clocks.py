"""Rules, engine and services take time, chance and the network from a port, never by themselves.

Otherwise their tests would have to wait, and a replay would not be one.
"""

import ast

import pytest

from tests.house.source import PACKAGE, named, python_files

ROOMS = ("domain", "ports", "engine", "services")
# A dotted name, or a module as a whole.
BANNED = (
    "time",
    "random",
    "secrets",
    "httpx",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "uuid.uuid1",
    "uuid.uuid4",
    "asyncio.sleep",
    "os._exit",
    "os.urandom",
)
# Tests of the rules never wait for real time; a bare yield to the loop is none.
WAITS = ("time.sleep", "asyncio.sleep")


def dotted_uses(tree: ast.AST) -> list[tuple[int, str, ast.AST]]:
    """Return every import and every attribute path in it, resolved through the imports."""
    known: dict[str, str] = {}
    uses: list[tuple[int, str, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.partition(".")[0]
                known[name.asname or top] = name.name if name.asname else top
                uses.append((node.lineno, name.name, node))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                known[name.asname or name.name] = f"{node.module}.{name.name}"
                uses.append((node.lineno, f"{node.module}.{name.name}", node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            value: ast.expr = node.value
            while isinstance(value, ast.Attribute):
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name) and value.id in known:
                parts.append(known[value.id])
                uses.append((node.lineno, ".".join(reversed(parts)), node))
    return uses


def violations(source: str, banned: tuple[str, ...] = BANNED) -> list[str]:
    return sorted(
        {
            f"line {line}: {name}"
            for line, name, _ in dotted_uses(ast.parse(source))
            for rule in banned
            if name == rule or name.startswith(rule + ".")
        }
    )


def waits(source: str) -> list[str]:
    """Return the calls that let real time pass, `asyncio.sleep(0)` apart."""
    tree = ast.parse(source)
    names = {id(node): name for _, name, node in dotted_uses(tree)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and names.get(id(node.func)) in WAITS:
            yields_only = [ast.dump(a) for a in node.args] == [ast.dump(ast.Constant(0))]
            if not (yields_only and names[id(node.func)] == "asyncio.sleep"):
                found.append(f"line {node.lineno}: {names[id(node.func)]}")
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "asyncio"}:
            found += [f"line {node.lineno}: from" for name in node.names if name.name == "sleep"]
    return found


RULED = [path for path in python_files() if any(PACKAGE / room in path.parents for room in ROOMS)]
RULED_TESTS = [
    path for path in python_files() if named(path).startswith(("tests/domain/", "tests/engine/"))
]


def test_rooms_take_time_and_chance_from_a_port() -> None:
    found = {
        named(path): lines
        for path in RULED
        if (lines := violations(path.read_text(encoding="utf-8")))
    }
    assert RULED
    assert not found, f"take it from a port: {found}"


def test_tests_of_the_rules_never_wait() -> None:
    found = {
        named(path): lines
        for path in RULED_TESTS
        if (lines := waits(path.read_text(encoding="utf-8")))
    }
    assert not found, f"move the fake clock instead: {found}"


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import time as t\nt.monotonic()",
        "from time import monotonic_ns",
        "from datetime import datetime as dt\ndt.now()",
        "import datetime\ndatetime.datetime.now(tz=None)",
        "from datetime import date\ndate.today()",
        "from uuid import uuid4",
        "import uuid\nuuid.uuid4()",
        "import asyncio\nasync def f():\n    await asyncio.sleep(1)",
        "import os\nos._exit(1)",
        "def f():\n    import httpx",
        "import random",
    ],
)
def test_a_violation_is_reported(source: str) -> None:
    assert violations(source)


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasyncio.Event()",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
        "import uuid\nuuid.UUID(int=1)",
        "class Clock:\n    def time(self): ...\nClock().time()",
    ],
)
def test_what_is_allowed_is_not_reported(source: str) -> None:
    assert not violations(source)


def test_a_wait_in_a_test_is_reported() -> None:
    assert waits("import asyncio\nasyncio.sleep(0.1)")
    assert waits("import time\ntime.sleep(0)")
    assert not waits("import asyncio\nasyncio.sleep(0)")
