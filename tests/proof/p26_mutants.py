"""P26: every rule of the order core broken on purpose; the tests and quick proofs must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.proof import mutants, mutants_stops
from tests.proof.counts import VARIABLE
from tests.proof.mutants import Mutant
from tests.proof.row import ProofBroken, Row

TEST = "P26"
_ROOT = Path(__file__).parents[2]
_COPIED = ("copytrade_gui", "tests", "resources", "pyproject.toml")
_CHECKS = (
    "tests/domain",
    "tests/engine",
    "tests/recovery",
    "tests/brokers/test_outcome.py",
    "tests/proof/test_quick.py",
)
_LEFT_OUT = "not p9 and not every_proof"
_ENOUGH = 0.8
_ENOUGH_BEFORE_RELEASE = 0.9
_HANG_S = 180.0
_MUTANTS = (*mutants.MUTANTS, *mutants_stops.MUTANTS)


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
        if copy.notices():
            raise ProofBroken(f"the checks fail without any mutant:\n{copy.said[-2000:]}")
        survivors = [mutant.rule for mutant in mine if not copy.catches(mutant)]
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


class _Copy:
    """The program and its tests in a folder of their own, where rules can be broken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changes = 0
        self.said = ""
        for name in _COPIED:
            source = _ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)

    def catches(self, mutant: Mutant) -> bool:
        """Break the rule, run the checks, mend it. True if a check failed or hung.

        A mutant that the program has outgrown is not caught: the list must be mended then.
        """
        file = self._folder / mutant.file
        sound = file.read_text("utf-8")
        if sound.count(mutant.old) != 1:
            print(f"mutant '{mutant.rule}' fits {sound.count(mutant.old)} places", file=sys.stderr)
            return False
        self._write(file, sound.replace(mutant.old, mutant.new))
        try:
            return self.notices()
        finally:
            self._write(file, sound)

    def _write(self, file: Path, content: str) -> None:
        file.write_text(content, "utf-8")
        # Compiled code is found again by time and size: no two versions share a time.
        self._changes += 1
        moment = 1_000_000_000 + self._changes
        os.utime(file, (moment, moment))

    def notices(self) -> bool:
        """Run the checks; True if one failed, or none came to an end."""
        try:
            done = subprocess.run(
                [
                    sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider",
                    f"--basetemp={self._folder / 'made'}", "-k", _LEFT_OUT, *_CHECKS,
                ],
                cwd=self._folder,
                env={**os.environ, VARIABLE: "", "QT_QPA_PLATFORM": "offscreen"},
                capture_output=True,
                text=True,
                timeout=_HANG_S,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return True
        self.said = done.stdout
        if done.returncode not in (0, 1):
            # 2 and more: pytest itself was stopped; an import that fails counts as noticed.
            return done.returncode == 2 or "ImportError" in done.stdout
        return done.returncode == 1
