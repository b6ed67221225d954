"""The import contracts hold, and each reports the violation it is there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT

# file to spoil, line to add, contract that must break
VIOLATIONS = [
    ("domain/money.py", "import asyncio", "The domain does no I/O"),
    ("domain/money.py", "import copytrade_gui.ports", "Arrows point one way"),
    ("engine/__init__.py", "import copytrade_gui.storage", "Arrows point one way"),
    ("engine/__init__.py", "def f():\n    import copytrade_gui.ui", "Arrows point one way"),
    ("engine/__init__.py", "import httpx", "HTTP and SQL stay in their rooms"),
    ("services/__init__.py", "import sqlalchemy", "HTTP and SQL stay in their rooms"),
    ("services/__init__.py", "import copytrade_gui.brokers", "Only app builds adapters"),
    ("services/__init__.py", "from PySide6 import QtCore", "Qt stays in ui and desktop"),
    ("headless.py", "import qasync", "Qt stays in ui and desktop"),
    ("ui/__init__.py", "import copytrade_gui.engine", "Panels talk to services, not to machinery"),
    ("ui/__init__.py", "import copytrade_gui.app", "Arrows point one way"),
    (
        "simulator/__init__.py",
        "import copytrade_gui.domain",
        "The simulator shares no code with the client it tests",
    ),
    ("bench/floor.py", "import qasync", "Only the bench's windows load Qt"),
    ("headless.py", "import copytrade_gui.bench", "Arrows point one way"),
    ("ledger.py", "", "Arrows point one way"),
    (
        "engine/books/poller.py",
        "import copytrade_gui.engine.sending.wave",
        "The engine's wings stand on each other one way",
    ),
    (
        "brokers/http/pool.py",
        "import copytrade_gui.brokers.iifl.shapes",
        "HTTP knows no broker",
    ),
    (
        "storage/database/tables.py",
        "import copytrade_gui.storage.journal.chain",
        "Storage's wings stand on each other one way",
    ),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    shutil.copytree(
        PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", "resources")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("name", "line", "contract"), VIOLATIONS)
def test_a_violation_is_reported(
    copy_of_the_house: Path, name: str, line: str, contract: str
) -> None:
    spoiled = copy_of_the_house / PACKAGE.name / name
    with spoiled.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint_imports(copy_of_the_house)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout, result.stdout
