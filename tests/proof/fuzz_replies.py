"""Fuzzed replies on real sockets: torn, doubled, early, endless, coded, renegotiating."""

from __future__ import annotations

from tests.proof.row import ProofBroken, Row
from tests.proof.suite import run_suite

TEST = "fuzz"
_EACH = 10_000


def parts(release: bool) -> int:
    """10,000 replies in a part; ten parts before a release."""
    return 10 if release else 1


def part(release: bool, number: int) -> Row:
    """The wire's replies, and smaller numbers on the other channels."""
    del release
    counts = f"fuzz_wire={_EACH}@{number * _EACH},fuzz_httpx=500,fuzz_tls=1000,resend=2400"
    ran = run_suite(
        ["tests/brokers/http/test_wire_fuzz.py", "tests/brokers/http/test_never_resent.py"], counts
    )
    if ran.counted["wire_replies"] < _EACH:
        raise ProofBroken(f"{ran.counted['wire_replies']} of {_EACH} replies were fuzzed")
    return ran.row(
        TEST,
        "fuzzed replies on real sockets",
        "0 uncaught, 0 hangs, 0 wrong verdicts by the scripted broker's own record",
        count="replies",
        faults="replies",
    )
