"""P2: a market day in virtual time: 500 accounts, 6 h 40 min, an action a minute, faults on."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from copytrade_gui.app.garbage import Collector
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P2"
MINUTES = 400
LEAST_CHILDREN = 170_000
FAULTS = (
    Fault(action="drop_reply", call="place", probability=0.003),
    Fault(action="drop_reply", call="place", placed=False, probability=0.001),
    Fault(action="answer", call="place", http_status=503, form="html", probability=0.002),
    Fault(action="code", call="place", code="EC003", placed=True, probability=0.001),
    Fault(action="timed_out", call="place", probability=0.001),
    Fault(action="too_many", call="place", probability=0.001),
    Fault(action="accept_late", seconds=20.0, probability=0.002),
    Fault(action="show_late", seconds=60.0, probability=0.002),
    Fault(action="expire_session", call="place", probability=0.0005),
    Fault(action="reject", text="RMS:Margin exceeds", probability=0.002),
    Fault(action="parts", copies=3, probability=0.02),
    Fault(action="book_short", call="orders", probability=0.003),
    Fault(action="book_failed", call="orders", probability=0.003),
    Fault(action="delay", call="place", ms=900.0, sigma=0.5, probability=0.02),
)


def parts(release: bool) -> int:
    """A day each."""
    return 10 if release else 1


def part(release: bool, number: int) -> Row:
    """One day with a seed of its own."""
    del release
    started = time.perf_counter()
    verdict, children, faults = market_day(500, MINUTES, number)
    if children < LEAST_CHILDREN:
        raise ProofBroken(f"only {children} child orders were accepted")
    return Row(
        TEST,
        "child orders of a market day, 500 followers",
        children,
        faults,
        len(verdict.lost),
        len(verdict.duplicate),
        len(verdict.orphan),
        time.perf_counter() - started,
        "6 h 40 min of virtual time, an action a minute",
    )


def market_day(followers: int, minutes: int, seed: int) -> tuple[Verdict, int, int]:
    """The day; returns the judgement, accepted child orders and faults that struck."""
    dice = random.Random(f"day/{seed}")  # noqa: S311 - a test's dice

    async def script(console: Console) -> tuple[Verdict, int]:
        made, plans = console.world, 0
        console.log_all_in()
        await made.clock.sleep(60)
        for fault in FAULTS:
            made.broker.add_fault(fault)
        began = made.time.now_ns
        for minute in range(minutes):
            if console.engine.gate.state is not TradingState.ACTIVE:
                await console.engine.resume("operator", "looked at the unknown orders")
            console.log_in_again()
            side = Side.BUY if minute % 2 == 0 else Side.SELL
            fan_out = FanOut.WITH_MASTER if dice.random() < 0.7 else FanOut.ON_MASTER_WORKING
            terms = made.terms(side=side, quantity=20, away=-4, which=minute // 2 % 2)
            try:
                await console.engine.submit(
                    made.master, terms, fan_out, CommandId(f"minute-{minute}")
                )
                plans += 1
            except DeniedError as denied:
                print(f"minute {minute}: {denied}", file=sys.stderr)
            next_ns = began + (minute + 1) * 60_000_000_000
            await made.clock.sleep((next_ns - made.time.now_ns) / 1e9)
        struck = sum(
            row["hits"] for row in made.broker.desk.faults.rows() if isinstance(row["hits"], int)
        )
        made.broker.clear_faults()
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "the day is over")
        return await settled(console, plans), struck

    switches = Switches(latency_ms=60, jitter_ms=80)
    with world(followers, seed, switches=switches) as made, the_programs_collector(made):
        result = made.live(script)
        if result is None:
            raise ProofBroken("the program ended early")
        verdict, struck = result
        master = made.account(made.master).client_id
        children = sum(
            order.origin == "request" and order.account != master
            for order in made.broker.ledger.accepted
        )
    return verdict, children, struck


@contextmanager
def the_programs_collector(made: World) -> Iterator[None]:
    """Python's collector as the program has it: what a wave made is not looked at all day long."""
    made.undisturbed = Collector().held
    try:
        yield
    finally:
        gc.unfreeze()
