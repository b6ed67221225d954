"""How much a test does: little in every run, more for the proofs (docs/safety.md 17).

``COPYTRADE_PROOF`` chooses: nothing is the quick count, ``1`` the column "each change",
``release`` the column "release"; ``fuzz_wire=10000`` or ``disk=25@100`` (25 from number 100 on)
sets single counts, and the others stay quick. Any other word is an error, never a small count.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

VARIABLE = "COPYTRADE_PROOF"
_CHOICE = re.compile(r"(\w+)=(\d+)(?:@(\d+))?")


@dataclass(frozen=True, slots=True)
class Count:
    """Cases for each change and before a release."""

    each_change: int
    release: int


COUNTS = {
    "fuzz_wire": Count(10_000, 100_000),
    "fuzz_httpx": Count(500, 2_000),
    "fuzz_asyncio": Count(1_000, 5_000),
    "fuzz_tls": Count(1_000, 5_000),
    "fuzz_parser": Count(20_000, 1_000_000),
    "resend": Count(2_400, 24_000),
    "sizing": Count(20_000, 1_000_000),
    "disk": Count(50, 500),
    "storage_kills": Count(60, 600),
}


def proof_range(quick: int, name: str) -> range:
    """The numbers of the cases to run: ``quick`` of them in an ordinary test run.

    Raises:
        ValueError: ``COPYTRADE_PROOF`` says something that nobody understands.
    """
    count = COUNTS[name]
    said = os.environ.get(VARIABLE, "")
    if said in ("", "1", "release"):
        return range({"": quick, "1": count.each_change}.get(said, count.release))
    chosen = dict(_one_choice(word) for word in said.split(","))
    return chosen.get(name, range(quick))


def proof_count(quick: int, name: str) -> int:
    """How many cases to run."""
    return len(proof_range(quick, name))


def is_quick() -> bool:
    """True in an ordinary test run."""
    return not os.environ.get(VARIABLE)


def _one_choice(word: str) -> tuple[str, range]:
    found = _CHOICE.fullmatch(word)
    if found is None or found[1] not in COUNTS:
        names = ", ".join(COUNTS)
        raise ValueError(
            f"{VARIABLE}: {word!r} is not understood. Say 1, release, or NAME=COUNT[@START] with "
            f"a name of {names}."
        )
    start = int(found[3] or 0)
    return found[1], range(start, start + int(found[2]))
