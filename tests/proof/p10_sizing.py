"""P10: sizes conserve what was agreed, over sequences of entries, exits and reversals."""

from __future__ import annotations

from tests.proof.row import ProofBroken, Row
from tests.proof.suite import run_suite

TEST = "P10"
_EACH = 20_000


def parts(release: bool) -> int:
    """20,000 stories in a part; fifty parts before a release."""
    return 50 if release else 1


def part(release: bool, number: int) -> Row:
    """Stories from their own numbers."""
    del release
    ran = run_suite(
        ["tests/domain/test_sizing_conservation.py"], f"sizing={_EACH}@{number * _EACH}"
    )
    if ran.counted["cases"] < _EACH:
        raise ProofBroken(f"{ran.counted['cases']} of {_EACH} stories were played")
    return ran.row(
        TEST,
        "followers' stories: sizes, slices, carried rests, exits",
        "last exits close exactly what copies opened; never a lot off",
        count="cases",
    )
