"""P11: whatever the broker's body is, it is read or refused, in bounded time."""

from __future__ import annotations

from tests.proof.row import ProofBroken, Row
from tests.proof.suite import run_suite

TEST = "P11"
_EACH = 20_000
_HANG_MS = 1_000.0


def parts(release: bool) -> int:
    """20,000 inputs of each kind in a part; fifty parts before a release."""
    return 50 if release else 1


def part(release: bool, number: int) -> Row:
    """Bodies and contract rows from their own seeds, and the worst 8 MiB there are."""
    del release
    ran = run_suite(
        ["tests/brokers/iifl/test_parser_fuzz.py"], f"fuzz_parser={_EACH}@{number * _EACH}"
    )
    if ran.slowest_ms > _HANG_MS:
        raise ProofBroken(f"an input took {ran.slowest_ms:.0f} ms")
    if ran.counted["bodies"] < _EACH:
        raise ProofBroken(f"{ran.counted['bodies']} of {_EACH} bodies were read")
    return ran.row(
        TEST,
        "fuzzed bodies and contract rows",
        f"0 uncaught, 0 hangs; slowest input {ran.slowest_ms:.0f} ms of processor time",
        count="inputs",
        faults="inputs",
    )
