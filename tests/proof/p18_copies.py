"""P18: two consoles on one folder, two machines with one account, an old copy put back."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P18"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(["tests/storage/test_p18_copies.py"], column(release))
    return ran.row(TEST, "second instance, second machine, old copy", "each noticed or refused")
