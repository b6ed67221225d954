"""P25: every old schema opens and keeps its totals."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P25"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(["tests/storage/test_p25_old_databases.py"], column(release))
    return ran.row(TEST, "old databases", "every schema has its file and keeps its totals")
