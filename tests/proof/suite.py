"""Proofs that are tests: pytest in a process of its own, and what its tests say they did.

A test tells its counts with ``record_property``; only what a test that passed told is counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.proof.counts import VARIABLE
from tests.proof.row import ProofBroken, Row

_ROOT = Path(__file__).parents[2]
_TOLD = frozenset({"bodies", "cases", "faults", "inputs", "replies", "wire_replies"})
"""What our tests tell; pytest's plug-ins have properties of their own."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of tests did. ``counted`` adds up, of ``slowest_ms`` the highest is kept."""

    passed: int
    counted: Counter[str]
    slowest_ms: float
    seconds: float

    def row(self, test: str, what: str, note: str, *, count: str = "", faults: str = "") -> Row:
        """As a row of the table: ``count`` and ``faults`` name what the tests counted.

        Whatever these tests find lost, doubled or orphaned makes one of them fail, and then
        there is no row.

        Raises:
            ProofBroken: the tests did not say what they did.
        """
        if (count and not self.counted[count]) or (faults and not self.counted[faults]):
            raise ProofBroken(f"{test}: the tests counted only {dict(self.counted)}")
        number = self.counted[count] if count else self.passed
        hit = self.counted[faults] if faults else 0
        return Row(test, what, number, hit, 0, 0, 0, self.seconds, note)


def run_suite(paths: list[str], counts: str, *, timeout_s: float = 2_400.0) -> Ran:
    """Run these tests with ``COPYTRADE_PROOF`` set to ``counts``.

    Raises:
        ProofBroken: one failed, was skipped, or none ran.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="proof-suite-") as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider",
                f"--basetemp={folder}/tests", f"--junitxml={report}", "-o", "junit_family=xunit1",
                *paths,
            ],
            cwd=_ROOT,
            env={**os.environ, VARIABLE: counts, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )  # fmt: skip
        if done.returncode != 0 or not report.exists():
            raise ProofBroken(f"{' '.join(paths)} failed:\n{done.stdout[-3000:].strip()}")
        return _read(report, time.perf_counter() - started)


def _read(report: Path, seconds: float) -> Ran:
    root = ET.parse(report).getroot()  # noqa: S314 - our own pytest's
    suite = root if root.tag == "testsuite" else root[0]
    skipped, total = int(suite.get("skipped", 0)), int(suite.get("tests", 0))
    if skipped or not total:
        raise ProofBroken(f"{skipped} of {total} tests were skipped")
    counted: Counter[str] = Counter()
    slowest_ms = 0.0
    for told in suite.iter("property"):
        name, value = told.get("name", ""), told.get("value", "0")
        if name == "slowest_ms":
            slowest_ms = max(slowest_ms, float(value))
        elif name in _TOLD:
            counted[name] += int(value)
    return Ran(total, counted, slowest_ms, seconds)


def column(release: bool) -> str:
    """``COPYTRADE_PROOF`` for one of the two columns."""
    return "release" if release else "1"
