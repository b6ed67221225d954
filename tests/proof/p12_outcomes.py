"""P12: the table of outcomes, every row of docs/safety.md 5 and every code there is or could be."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P12"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(
        ["tests/brokers/iifl/test_outcome.py", "tests/brokers/iifl/test_mapping.py"],
        column(release),
    )
    return ran.row(
        TEST, "outcome table and status texts", "1,000 codes on a place and on a change among them"
    )
