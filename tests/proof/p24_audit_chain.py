"""P24: a fact that is dropped, changed, swapped or put in between is found and named."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P24"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(
        ["tests/storage/test_p24_audit_chain.py", "tests/storage/test_p24_tampering.py"],
        column(release),
    )
    return ran.row(TEST, "audit chain: drop, change, swap, insert, each column", "each found")
