"""P1: one action to 500 followers, again and again, at a broker that answers in 0.14 s."""

from __future__ import annotations

import time

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.simulator.config import Switches
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P1"


def prove(release: bool) -> Row:
    """20 bursts for each change, 200 for a release."""
    started = time.perf_counter()
    bursts = 200 if release else 20
    verdict = burst(500, bursts)
    return Row(
        TEST,
        "bursts of 500 followers",
        bursts,
        0,
        len(verdict.lost),
        len(verdict.duplicate),
        len(verdict.orphan),
        time.perf_counter() - started,
        f"{verdict.accepted:,} orders accepted, 0 replies of 429, 0 seconds over a limit",
    )


def burst(followers: int, bursts: int) -> Verdict:
    """Bursts three seconds apart; raises ProofBroken at any refusal for the rate."""

    async def script(console: Console) -> Verdict:
        console.log_all_in()
        await console.world.clock.sleep(60)
        for number in range(bursts):
            side = Side.BUY if number % 2 == 0 else Side.SELL
            terms = console.world.terms(side=side, quantity=20, away=-60)  # it fills at once
            fan_out = FanOut.WITH_MASTER if number % 4 < 2 else FanOut.ON_MASTER_WORKING
            await console.engine.submit(
                console.world.master, terms, fan_out, CommandId(f"burst-{number}")
            )
            await console.world.clock.sleep(3)
        return await settled(console, bursts)

    with world(followers, switches=Switches(jitter_ms=140.0)) as made:
        verdict = made.live(script)
        ledger = made.broker.ledger
        if verdict is None:
            raise ProofBroken("the program ended early")
        if ledger.refused_for_rate or ledger.seconds_over_limit:
            raise ProofBroken(
                f"{ledger.refused_for_rate} replies of 429, {ledger.seconds_over_limit} seconds "
                "over a limit"
            )
        if verdict.accepted != bursts * (followers + 1):
            raise ProofBroken(f"{verdict.accepted} of {bursts * (followers + 1)} orders accepted")
    return verdict
