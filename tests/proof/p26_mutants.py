"""P26: every rule of the order core broken on purpose; the tests and quick proofs must notice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec

from tests.proof import (
    choosing,
    mutants,
    mutants_changes,
    mutants_checks,
    mutants_drift,
    mutants_exits,
    mutants_fills,
    mutants_loss,
    mutants_packed,
    mutants_records,
    mutants_resting,
    mutants_sessions,
    mutants_stops,
    mutants_waits,
    touched,
)
from tests.proof.counts import VARIABLE
from tests.proof.mutants import Mutant
from tests.proof.row import ProofBroken, Row
from tests.proof.touched import Touched

TEST = "P26"
_ROOT = Path(__file__).parents[2]
COPIED = (
    "copytrade_gui",
    "docs",
    "tests",
    "resources",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
)
CHECKS = (
    "tests/domain",
    "tests/engine",
    "tests/recovery",
    "tests/storage",
    "tests/app/test_database_gone.py",
    "tests/app/test_quitting.py",
    "tests/app/test_stop_command.py",
    "tests/brokers/iifl/test_outcome.py",
    "tests/services/test_good_rows.py",
    "tests/services/test_masters_edited.py",
    "tests/services/test_removed_session.py",
    "tests/services/test_session_routes.py",
    "tests/proof/test_quick.py",
)
_LEFT_OUT = "not p9 and not every_proof"
_NOTICED = _ROOT / "tests/proof/noticed.json"
"""By which test each broken rule was noticed the last time; written anew by each run, and kept."""
_ENOUGH = 0.8
_ENOUGH_BEFORE_RELEASE = 0.9
_LONGEST_S = 2_400.0
"""The tests without any mutant end sooner, also while each call is noted."""
_FAILED = re.compile(r"^FAILED (\S+::.+?)(?: - .*)?$", re.MULTILINE)
_HANG = 3
"""Asked tests that take so many times what all of them take without a mutant hang."""
_MUTANTS = (
    *mutants.MUTANTS,
    *mutants_records.MUTANTS,
    *mutants_sessions.MUTANTS,
    *mutants_stops.MUTANTS,
    *mutants_checks.MUTANTS,
    *mutants_drift.MUTANTS,
    *mutants_exits.MUTANTS,
    *mutants_fills.MUTANTS,
    *mutants_resting.MUTANTS,
    *mutants_loss.MUTANTS,
    *mutants_packed.MUTANTS,
    *mutants_changes.MUTANTS,
    *mutants_waits.MUTANTS,
)


def parts(release: bool) -> int:
    """Halves, so that two cores are used."""
    del release
    return 2


def part(release: bool, number: int) -> Row:
    """Half of the mutants, one after another in one copy of the program."""
    started = time.perf_counter()
    mine = _MUTANTS[number::2]
    with tempfile.TemporaryDirectory(prefix="proof-mutants-") as folder:
        copy = _Copy(Path(folder))
        copy.must_pass()
        survivors = [mutant.rule for mutant in mine if not copy.catches(mutant)]
        _keep(copy.noticed_by)
    caught = len(mine) - len(survivors)
    enough = _ENOUGH_BEFORE_RELEASE if release else _ENOUGH
    if caught < enough * len(mine):
        raise ProofBroken(f"{caught} of {len(mine)} mutants were caught; not: {survivors}")
    note = f"{caught} of {len(mine)} caught"
    if survivors:
        note += f", not noticed: {', '.join(survivors)}"
    return Row(
        TEST,
        "rules broken on purpose",
        len(mine),
        len(mine),
        0,
        0,
        0,
        time.perf_counter() - started,
        note,
    )


def _noticed_before() -> dict[str, str]:
    return msgspec.json.decode(_NOTICED.read_bytes(), type=dict[str, str])


def _keep(noticed: dict[str, str]) -> None:
    """Keep what was noticed now; what is kept of a rule that is no more goes."""
    rules = {mutant.rule for mutant in _MUTANTS}
    known = _noticed_before() | noticed
    told = {rule: known[rule] for rule in sorted(known) if rule in rules}
    if told != _noticed_before():
        fresh = _NOTICED.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
        fresh.replace(_NOTICED)


class _Copy:
    """The program and its tests in a folder of their own, where rules can be broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._amendments = 0
        self._touched: list[Touched] = []
        self._noticed: Counter[str] = Counter()
        self._before = _noticed_before()
        self.noticed_by: dict[str, str] = {}
        """The first test that noticed it, by the rule that was broken."""
        self._hangs_after_s = _LONGEST_S
        for name in COPIED:
            source = _ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)

    def must_pass(self) -> None:
        """Run all checks without any mutant: once to note what each runs, once as they are asked.

        Raises:
            ProofBroken: a check failed.
        """
        noted = self._folder / "touched.json"
        self._must_pass("--touched-to", str(noted), "-k", _LEFT_OUT, *CHECKS)
        self._touched = touched.read(noted)
        started = time.perf_counter()
        self._must_pass(*self._choose(choosing.in_order(self._touched)))
        self._hangs_after_s = _HANG * (time.perf_counter() - started)

    def _must_pass(self, *arguments: str) -> None:
        # Noting each call makes some tests take many times what they do.
        done = self._pytest(f"--timeout={_LONGEST_S}", *arguments, timeout_s=_LONGEST_S)
        if done.returncode != 0:
            raise ProofBroken(f"the checks fail without any mutant:\n{done.stdout[-2000:]}")

    def catches(self, mutant: Mutant) -> bool:
        """Break the rule, run the checks that run it, mend it. True if one failed or hung.

        A mutant that the program has outgrown is not caught, nor is one that no check runs: the
        list must be mended then.
        """
        file = self._folder / mutant.file
        sound = file.read_text("utf-8")
        if sound.count(mutant.old) != 1:
            print(f"mutant '{mutant.rule}' fits {sound.count(mutant.old)} places", file=sys.stderr)
            return False
        tests = choosing.chosen(mutant, sound, self._touched, self._noticed)
        if not tests:
            print(f"no check runs the place of mutant '{mutant.rule}'", file=sys.stderr)
            return False
        self._write(file, sound.replace(mutant.old, mutant.new))
        try:
            batches = choosing.in_batches(tests, self._before.get(mutant.rule))
            return any(self._notice(mutant.rule, batch) for batch in batches)
        finally:
            self._write(file, sound)

    def _write(self, file: Path, content: str) -> None:
        file.write_text(content, "utf-8")
        # Compiled code is found again by time and size: no two versions share a time.
        self._amendments += 1
        moment = 1_000_000_000 + self._amendments
        os.utime(file, (moment, moment))

    def _notice(self, rule: str, tests: list[str]) -> bool:
        """Run these checks; True if one failed, or none came to an end."""
        try:
            done = self._pytest(*self._choose(tests), timeout_s=self._hangs_after_s)
        except subprocess.TimeoutExpired:
            return True
        failed: list[str] = _FAILED.findall(done.stdout)
        self._noticed.update(failed)
        for test in failed:
            self.noticed_by.setdefault(rule, test)
        if done.returncode not in (0, 1):
            # 2 and more: pytest itself was stopped; an import that fails counts as noticed.
            return done.returncode == 2 or "ImportError" in done.stdout
        return done.returncode == 1

    def _choose(self, tests: list[str]) -> list[str]:
        file = self._folder / "chosen.txt"
        file.write_text("\n".join(tests), "utf-8")
        return ["--chosen", str(file), *dict.fromkeys(test.partition("::")[0] for test in tests)]

    def _pytest(self, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider",
                "-p", "tests.proof.touched", f"--basetemp={self._folder / 'made'}", *arguments,
            ],
            cwd=self._folder,
            env={
                **os.environ,
                VARIABLE: "",
                "PYTHONPATH": str(self._folder),
                "PYTHONDONTWRITEBYTECODE": "",  # else each mutant compiles every module anew
                "QT_QPA_PLATFORM": "offscreen",
            },
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )  # fmt: skip
