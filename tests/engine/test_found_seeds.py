"""Seeds of the proofs that once failed, each with what went wrong."""

from __future__ import annotations

from tests.proof.p03_random import run


def test_seed_62_a_look_alike_is_seen_after_a_restart() -> None:
    """The mark of a restored attempt was the time of its last change.

    The broker had lost the tag of an order, the program restarted, and the order looked too old
    to be ours: it was called absent while it was filled.
    """
    run(62).verdict.must_be_clean("seed 62")
