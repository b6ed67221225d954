"""What the mutants' copy of the program lacks makes P26 end before its first mutant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.house.source import ROOT
from tests.proof.p26_mutants import CHECKS, COPIED

_READ = re.compile(r'\bROOT / "([^"]+)"')


def test_every_file_that_a_check_reads_is_in_the_mutants_copy() -> None:
    read = {name for check in CHECKS for file in _files(ROOT / check) for name in _read_by(file)}
    assert read, "the pattern finds no file any more"
    assert read <= set(COPIED)


def test_a_wheel_can_be_built_in_the_mutants_copy() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= set(COPIED)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))


def _read_by(file: Path) -> list[str]:
    return _READ.findall(file.read_text(encoding="utf-8"))
