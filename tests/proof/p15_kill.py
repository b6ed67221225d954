"""P15: KILL at a random moment, whatever our records know: nothing leaves after it, all ends.

Beside plain bursts: a broker that doubles orders, replies swapped between accounts, a database
that was put back from a copy, and a stop between a wave's marks and its bytes. The ledger judges.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.proof.restored import put_back
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P15"
KINDS = ("burst", "doubled", "swapped", "restored", "after the marks")
_EFFECT_NS = 100_000_000
_SWEEP_S = 90.0
_POINTS = (faultpoints.AFTER_MARK, faultpoints.AFTER_PLAN_COMMIT)


@dataclass
class Killed:
    """What one run left, judged by the ledger; everything in it must be empty."""

    orders: int
    left: list[str] = field(default_factory=list)
    """Orders that reached the broker more than 100 ms after the KILL."""
    still_open: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    """Attempts that our own disk still calls on their way."""
    twice: list[str] = field(default_factory=list)
    """Tags that were asked for twice."""

    def must_be_clean(self, run: str) -> None:
        """Raises ProofBroken with what was found."""
        for name in ("left", "still_open", "unresolved", "twice"):
            found = getattr(self, name)
            if found:
                raise ProofBroken(f"{run}: {name}: {found[0]} (and {len(found) - 1} more)")


def parts(release: bool) -> int:
    """Pieces that run side by side."""
    return 10 if release else 2


def part(release: bool, number: int) -> Row:
    """A share of the runs: 200 for each change, 5,000 before a release."""
    started = time.perf_counter()
    of = parts(release)
    runs = [
        (seed, KINDS[seed % len(KINDS)]) for seed in range(number, 5_000 if release else 200, of)
    ]
    orders = 0
    for seed, kind in runs:
        killed = run(seed, kind)
        killed.must_be_clean(f"seed {seed}, {kind}")
        orders += killed.orders
    note = f"{orders:,} orders; {', '.join(KINDS)}"
    seconds = time.perf_counter() - started
    return Row(TEST, "KILL at random moments", len(runs), len(runs), 0, 0, 0, seconds, note)


def run(seed: int, kind: str, followers: int = 6) -> Killed:
    """One run of a kind."""
    dice = random.Random(f"{seed}/{kind}")  # noqa: S311 - a run must replay
    with world(followers, seed) as made:
        day = _Day(made, dice, kind)
        if kind == "restored":
            made.live(day.before_the_copy_is_put_back)
            put_back(day.copies[0])
        killed = made.live(day.killed, fault=day.see)
        if killed is None:
            raise ProofBroken(f"seed {seed}, {kind}: the program ended early")
        return killed


class _Day:
    """Presses, a KILL among them, and what is left of it."""

    def __init__(self, made: World, dice: random.Random, kind: str) -> None:
        self._world = made
        self._dice = dice
        self._kind = kind
        self._point = dice.choice(_POINTS)
        self._passes = dice.randrange(1, 4)
        self._console: Console | None = None
        self.copies: list[Path] = []

    def see(self, point: str) -> None:
        """A stop pressed while a wave's marks are on the disk, and its bytes are still here."""
        if self._console is None or self._kind != "after the marks" or point != self._point:
            return
        self._passes -= 1
        if self._passes == 0:
            self._console.engine.brake(TradingState.KILL)

    async def before_the_copy_is_put_back(self, console: Console) -> None:
        """A copy of the database, and orders that it does not know."""
        made = self._world
        console.log_all_in()
        await made.clock.sleep(5)
        copy = await console.store.backups.make(
            console.store.database, console.store.order_log, made.time.wall_ns()
        )
        if copy is None:
            raise ProofBroken("no copy of the database was made")
        self.copies.append(copy)
        await self._press(console, "before", self._dice.randrange(1, 5))
        await made.clock.sleep(10)

    async def killed(self, console: Console) -> Killed:
        """Press, kill at some moment, let the sweep work, and judge."""
        made, engine = self._world, console.engine
        console.log_all_in()
        await made.clock.sleep(5)
        if self._kind == "doubled":
            made.broker.add_fault(Fault(action="duplicate_order", probability=0.5))
        if self._kind == "swapped":
            made.line.swapped = 2 * self._dice.randrange(1, 8)
        if self._kind != "restored":
            self._console = console
            await self._press(console, "burst", self._dice.randrange(1, 6))
        await made.clock.sleep(self._dice.choice((0.0, self._dice.uniform(0, 0.3), 8.0)))
        at_ns = made.time.wall_ns()
        await engine.stop_trading(TradingState.KILL, "operator", "drill")
        await made.clock.sleep(_SWEEP_S)
        return await self._judged(console, at_ns)

    async def _press(self, console: Console, name: str, times: int) -> None:
        made = self._world
        for number in range(times):
            try:
                await console.engine.submit(
                    made.master,
                    made.terms(away=60, which=number % 2),
                    self._dice.choice(tuple(FanOut)),
                    CommandId(f"{name} {number}"),
                )
            except DeniedError:  # the stop is in force already
                return
            await made.clock.sleep(self._dice.choice((0.0, 0.05, 1.2)))

    async def _judged(self, console: Console, killed_ns: int) -> Killed:
        made = self._world
        made.broker.advance()
        ledger = made.broker.ledger
        await console.store.journal.flush()
        rows = await console.store.database.read(
            lambda one: one.exec_driver_sql(
                "SELECT tag, state FROM attempts WHERE state = 'SENDING'"
            ).fetchall()
        )
        asked = Counter(line.tag for line in ledger.wire)
        return Killed(
            len(ledger.accepted),
            [line.tag for line in ledger.wire if line.at > killed_ns + _EFFECT_NS],
            [f"{order.order_id} of {order.account}" for order in ledger.accepted if order.live],
            [f"{row[0]} is {row[1]}" for row in rows] + console.bugs,
            [tag for tag, times in asked.items() if times > 1],
        )
