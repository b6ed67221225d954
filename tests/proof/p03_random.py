"""P3: seeded simulation, all faults, a random schedule, 20 followers."""

from __future__ import annotations

import time

from tests.proof.rig import world
from tests.proof.row import ProofBroken, Row
from tests.proof.schedule import Director, Outcome

TEST = "P3"
_SEEDS = {False: 500, True: 20_000}
_PART = 250


def parts(release: bool) -> int:
    """Pieces of 250 seeds."""
    return _SEEDS[release] // _PART


def part(release: bool, number: int) -> Row:
    """250 seeds; every tenth is played twice and must replay alike."""
    del release
    started = time.perf_counter()
    faults = intents = crashes = 0
    broken: list[str] = []
    outcomes: list[Outcome] = []
    for seed in range(number * _PART, (number + 1) * _PART):
        try:
            outcome = checked(seed)
        except ProofBroken as error:
            broken.append(f"seed {seed}: {error}")
            continue
        outcomes.append(outcome)
        faults += outcome.faults
        intents += outcome.verdict.intents
        crashes += outcome.crashes
    if broken:
        raise ProofBroken(f"{len(broken)} seeds broke a promise; " + "; ".join(broken[:20]))
    return Row(
        TEST,
        "random schedules, 20 followers",
        len(outcomes),
        faults,
        sum(len(outcome.verdict.lost) for outcome in outcomes),
        sum(len(outcome.verdict.duplicate) for outcome in outcomes),
        sum(len(outcome.verdict.orphan) for outcome in outcomes),
        time.perf_counter() - started,
        "every tenth seed replayed alike",
    )


def run(seed: int, followers: int = 20) -> Outcome:
    """One seed; raises ProofBroken when it never settles."""
    with world(followers, seed) as made:
        return Director(made).play()


def checked(seed: int) -> Outcome:
    """One seed, judged, and every tenth replayed; raises ProofBroken."""
    outcome = run(seed)
    outcome.verdict.must_be_clean(f"seed {seed}")
    if seed % 10 == 0 and (again := run(seed)) != outcome:
        raise ProofBroken(f"seed {seed} does not replay alike: {outcome} {again}")
    return outcome
