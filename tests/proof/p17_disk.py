"""P17: the disk is full, read-only, broken, locked, torn or flipped at the n-th write."""

from __future__ import annotations

from tests.proof.row import ProofBroken, Row
from tests.proof.suite import run_suite

TEST = "P17"
_EACH = 50


def parts(release: bool) -> int:
    """Fifty values of n in a part: n = 1..50, before a release n = 1..500."""
    return 10 if release else 1


def part(release: bool, number: int) -> Row:
    """Every fault at every n of the part."""
    del release
    ran = run_suite(["tests/storage/test_p17_disk.py"], f"disk={_EACH}@{number * _EACH}")
    if ran.counted["cases"] < 10 * _EACH:
        raise ProofBroken(f"only {ran.counted['cases']} cases ran")
    return ran.row(
        TEST,
        "disk faults at the n-th write",
        "n = 1..50 for each part; what was told as stored is there, nothing twice",
        count="cases",
        faults="faults",
    )
