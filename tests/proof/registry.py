"""Finds the proofs: every module ``tests/proof/pNN_name.py`` or ``fuzz_name.py``.

A proof module defines ``TEST = "P1"`` and ``prove(release: bool) -> Row``. One that can be cut
into independent pieces also defines ``parts(release: bool) -> int`` and
``part(release: bool, number: int) -> Row``; pieces run side by side and are resumed one by one.
A proof raises ProofBroken (or anything else) when it fails.
"""

from __future__ import annotations

import importlib
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.proof.row import Row

_NAME = re.compile(r"(p\d\d|fuzz)_\w+\.py")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work: a whole proof, or one part of it. ``number`` counts from 0."""

    module: str
    test: str
    number: int
    of: int

    @property
    def key(self) -> str:
        """Its name in the state file."""
        return f"{self.test}.{self.number + 1}/{self.of}"

    def run(self, release: bool) -> Row:
        """Do the work here; raises what the proof raises."""
        module = importlib.import_module(self.module)
        if self.of == 1 and not hasattr(module, "part"):
            prove: Callable[[bool], Row] = module.prove
            return prove(release)
        part: Callable[[bool, int], Row] = module.part
        return part(release, self.number)


def pieces(release: bool, wanted: set[str]) -> list[Piece]:
    """All pieces of the wanted proofs (all if empty), proofs in the order of their numbers.

    Raises:
        LookupError: a wanted proof does not exist.
    """
    found: list[Piece] = []
    here = Path(__file__).parent
    for path in (*sorted(here.glob("p[0-9][0-9]_*.py")), *sorted(here.glob("fuzz_*.py"))):
        if _NAME.fullmatch(path.name) is None:
            continue
        name = f"tests.proof.{path.stem}"
        module = importlib.import_module(name)
        test: str = module.TEST
        if wanted and test not in wanted:
            continue
        of: int = module.parts(release) if hasattr(module, "parts") else 1
        found.extend(Piece(name, test, number, of) for number in range(of))
    missing = wanted - {piece.test for piece in found}
    if missing:
        raise LookupError(f"No such proof: {', '.join(sorted(missing))}")
    return found


def run_piece(piece: Piece, release: bool) -> tuple[Row | None, str]:
    """Run a piece in this process; its row, or None and what was broken."""
    started = time.perf_counter()
    try:
        return piece.run(release), ""
    except (Exception, SystemExit):  # noqa: BLE001 - carried to the parent, which fails the run
        return None, f"{traceback.format_exc()}(after {time.perf_counter() - started:.1f} s)"
