"""P14: an account whose session ends, or that is told to wait, makes nobody else wait."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P14"
KINDS = ("none", "expired", "429")
_FOLLOWERS = 60
_SPREAD_S = 0.2
"""The misfortune comes at any moment from so long before the burst until so long after it."""
_MOST_MORE = 0.10


def prove(release: bool) -> Row:
    """Each of 60 followers once with each misfortune; the clock is virtual, so only waiting counts.

    A release asks the same.
    """
    del release
    started = time.perf_counter()
    times, struck = {}, 0
    for kind in KINDS:
        times[kind], hit = burst_times(kind, _FOLLOWERS)
        struck += hit
    p99 = {kind: _p99(found) for kind, found in times.items()}
    for kind in KINDS[1:]:
        if p99[kind] > p99["none"] * (1 + _MOST_MORE):
            raise ProofBroken(f"{kind}: the others' p99 is {p99[kind]:.1f} of {p99['none']:.1f} ms")
    return Row(
        TEST,
        "bursts in which one account's session ends, or it is told to wait",
        len(KINDS) * _FOLLOWERS,
        struck,
        0,
        0,
        0,
        time.perf_counter() - started,
        "the others' p99 from call to answer: "
        + ", ".join(f"{kind} {p99[kind]:.1f} ms" for kind in KINDS),
    )


def burst_times(kind: str, followers: int) -> tuple[list[float], int]:
    """A burst a follower, who is struck in it; ms from call to answer of everybody else's orders.

    With it how many orders were struck: the others of these accounts had left before.

    Raises ProofBroken: an order was lost, doubled or orphaned, or one of the others' got none.
    """
    dice = random.Random(kind)  # noqa: S311 - a replay needs the same numbers
    took: list[float] = []
    hit = 0

    async def script(console: Console) -> None:
        nonlocal hit
        made, engine = console.world, console.engine
        console.log_all_in()
        await made.clock.sleep(60)
        for number in range(followers):
            struck = AccountId(f"F{number + 1:03d}")
            client = made.account(struck).client_id

            def strike(client: str = client) -> None:
                if kind == "expired":
                    made.broker.expire_sessions(client)
                elif kind == "429":
                    made.broker.add_fault(
                        Fault(action="too_many", call="place", accounts=[client], count=1)
                    )

            side = Side.BUY if number % 2 == 0 else Side.SELL
            command = CommandId(f"burst-{number}")
            fan_out = FanOut.WITH_MASTER if number % 4 < 2 else FanOut.ON_MASTER_WORKING
            made.clock.call_later(dice.uniform(0, 2 * _SPREAD_S), strike)
            await made.clock.sleep(_SPREAD_S)
            terms = made.terms(side=side, quantity=20, away=-60)
            placed = await engine.submit(made.master, terms, fan_out, command)
            await made.clock.sleep(20)
            for order in engine.book.of_plan(placed.plan.plan_id):
                if order.intent.account_id == struck:
                    tries = 0 if order.attempt is None else order.attempt.number
                    hit += order.state is not State.FILLED or tries != 1
                    continue
                if order.timing is None:
                    raise ProofBroken(f"{kind}: {order.intent.intent_id} is {order.state}")
                took.append(order.timing.call_to_reply_ms)
            made.broker.clear_faults()
            console.log_in_again()
            await made.clock.sleep(10)
        (await settled(console, followers)).must_be_clean(kind)

    with world(followers, switches=Switches(latency_ms=60, jitter_ms=0)) as made:
        made.live(script)
    if kind != "none" and not hit:
        raise ProofBroken(f"{kind}: nobody's order was struck")
    return took, hit


def _p99(found: Sequence[float]) -> float:
    return sorted(found)[math.ceil(len(found) * 0.99) - 1]
