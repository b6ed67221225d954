"""P22: a vault that was tampered with opens nothing, and a keyring that hangs is given up."""

from __future__ import annotations

from tests.proof.row import Row
from tests.proof.suite import column, run_suite

TEST = "P22"


def prove(release: bool) -> Row:
    """All of it, in either column."""
    ran = run_suite(["tests/storage/test_p22_secrets.py"], column(release))
    what = "vault: wrong key, flipped bits, swapped records, weak headers, no or hung keyring"
    return ran.row(TEST, what, "all refused or asked")
