"""A random hour of a trader with a bad broker, a bad network and a program that dies.

Everything follows from one seed: which faults, when, what the operator does, where the program
stops. Faults end at a known moment; then the books settle and the ledger judges.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

import msgspec

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import FaultPoint
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.wire import Wire
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, ProgramStopped, World
from tests.proof.row import ProofBroken


@dataclass
class Outcome:
    """What one seed came to. ``journal`` is a hash over every stored event, ``wire`` over sends."""

    verdict: Verdict
    faults: int
    crashes: int
    plans: int
    journal: str
    wire: str


@dataclass
class Director:
    """Plays one seed."""

    world: World
    actions: int = 12
    dice: random.Random = field(init=False)
    plans: int = 0
    acted: int = 0
    presses: list[CommandId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"schedule/{self.world.seed}")  # noqa: S311 - a test's dice

    def play(self) -> Outcome:
        """Lives of the program until the schedule is over, then the judgement."""
        world = self.world
        for fault in random_faults(self.dice):
            world.broker.add_fault(fault)
        world.line.not_sent = self.dice.choice((0.0, 0.0, 0.03))
        world.line.swallowed = self.dice.choice((0.0, 0.0, 0.03))
        while self.acted < self.actions:
            world.live(self._trade, fault=self._bomb())
        faults = world.line.faults + sum(
            row["hits"] for row in world.broker.desk.faults.rows() if isinstance(row["hits"], int)
        )
        world.broker.clear_faults()
        world.line.not_sent = world.line.swallowed = 0.0
        result = world.live(self._settle)
        if result is None:
            raise ProofBroken("the last life of the program ended early")
        verdict, journal = result
        wire = hashlib.blake2b(repr(world.wire).encode(), digest_size=16).hexdigest()
        return Outcome(verdict, faults + world.crashes, world.crashes, self.plans, journal, wire)

    # ------------------------------------------------------------ lives

    def _bomb(self) -> FaultPoint:
        if self.dice.random() < 0.4:
            return faultpoints.pass_by
        point = self.dice.choice(faultpoints.ALL)
        left = self.dice.randint(1, 8)

        def bomb(name: str) -> None:
            nonlocal left
            if name == point:
                left -= 1
                if left == 0:
                    raise ProgramStopped(name)

        return bomb

    async def _trade(self, console: Console) -> None:
        console.log_all_in()
        await self._resume(console)
        while self.acted < self.actions:
            self.acted += 1
            await self._act(console)
            await self.world.clock.sleep(self.dice.choice((0.05, 0.5, 3, 15, 60, 240)))
            if self.dice.random() < 0.8:
                console.log_in_again()

    async def _resume(self, console: Console) -> None:
        await self.world.clock.sleep(5)
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "looked at the report")

    async def _act(self, console: Console) -> None:
        dice, engine = self.dice, console.engine
        what = dice.random()
        if what < 0.62:
            await self._submit(console)
        elif what < 0.72:
            plans = list(engine.book.plans)
            if plans:
                engine.cancel_plan(dice.choice(plans), "operator")
        elif what < 0.78:
            orders = list(engine.book)
            engine.cancel([o.intent.intent_id for o in dice.sample(orders, len(orders) // 4)], "op")
        elif what < 0.90:
            state = dice.choice((TradingState.PAUSE, TradingState.HALT, TradingState.KILL))
            await engine.stop_trading(state, "operator", "drill")
            await self.world.clock.sleep(dice.choice((0.1, 2, 30)))
            await engine.resume("operator", "drill over")
        elif what < 0.95:
            self.world.broker.expire_sessions(dice.choice(self.world.accounts).client_id)
        else:
            await self._resume(console)

    async def _submit(self, console: Console) -> None:
        dice = self.dice
        console.see_price()
        if self.presses and dice.random() < 0.1:
            command = dice.choice(self.presses)  # the same button again
        else:
            command = CommandId(f"press-{self.world.seed}-{self.acted}")
            self.presses.append(command)
        terms = self.world.terms(
            side=dice.choice((Side.BUY, Side.SELL)),
            quantity=dice.choice((1, 5, 10, 40)),
            order_type=dice.choice((OrderType.LIMIT, OrderType.LIMIT, *OrderType)),
            away=dice.choice((-4, 0, 3, 40)),
            which=dice.randrange(2),
        )
        fan_out = dice.choice((FanOut.WITH_MASTER, FanOut.ON_MASTER_WORKING))
        try:
            placed = await console.engine.submit(self.world.master, terms, fan_out, command)
        except DeniedError:
            return
        self.plans += not placed.known

    async def _settle(self, console: Console) -> tuple[Verdict, str]:
        console.log_all_in()
        await self._resume(console)
        verdict = await settled(console, self.plans)
        for order in console.engine.book:
            if order.diverged is not None and order.diverged.changes:
                raise ProofBroken(f"{order.intent.intent_id} was called DIVERGED by mistake")
        events = await console.store.history.events(1_000_000)
        journal = hashlib.blake2b(repr(events).encode(), digest_size=16).hexdigest()
        return verdict, journal


def random_faults(dice: random.Random) -> list[Fault]:
    """Some of the misfortunes of docs/safety.md 9 and 16.2, each for a while."""
    chosen = dice.sample(MISFORTUNES, dice.randint(2, 6))
    made: list[Fault] = []
    for fault in chosen:
        begins = dice.choice((0.0, 0.0, 30.0, 200.0))
        lasts = dice.choice((20.0, 120.0, 1_000.0))
        chance = dice.choice((0.02, 0.1, 0.3, 1.0))
        made.append(
            msgspec.structs.replace(
                fault, probability=chance, from_s=begins, until_s=begins + lasts
            )
        )
    return made


MISFORTUNES: tuple[Fault, ...] = (
    Fault(action="drop_reply", call="place"),
    Fault(action="drop_reply", call="place", how="silence"),
    Fault(action="drop_reply", call="place", placed=False),
    Fault(action="drop_reply", call="cancel", how="reset"),
    Fault(action="drop_reply", call="orders"),
    Fault(action="answer", call="place", http_status=503, form="html"),
    Fault(action="answer", call="place", http_status=200, form="empty"),
    Fault(action="answer", call="place", http_status=200, form="broken"),
    Fault(action="answer", call="place", http_status=200, form="truncated"),
    Fault(action="answer", call="place", http_status=500, form="html", placed=False),
    Fault(action="answer", call="orders", http_status=502, form="html"),
    Fault(action="timed_out", call="place"),
    Fault(action="timed_out", call="place", placed=False),
    Fault(action="code", call="place", code="EC003", placed=True),
    Fault(action="code", call="place", code="EC003"),
    Fault(action="code", call="place", code="EC912", placed=True),
    Fault(action="code", call="place", code="EC904"),
    Fault(action="too_many", call="place"),
    Fault(action="too_many", call="place", retry_after=3.0),
    Fault(action="too_many", call="orders"),
    Fault(action="dead_session", call="place"),
    Fault(action="dead_session", call="place", form="EC044"),
    Fault(action="expire_session", call="place"),
    Fault(action="expire_session", call="orders"),
    Fault(action="accept_late", seconds=8.0),
    Fault(action="accept_late", seconds=90.0),
    Fault(action="show_late", seconds=30.0),
    Fault(action="show_late", seconds=150.0),
    Fault(action="show_late", seconds=600.0),
    Fault(action="reject", text="RMS:Margin exceeds"),
    Fault(action="duplicate_order"),
    Fault(action="tag", form="NA"),
    Fault(action="tag", form="truncate"),
    Fault(action="tag", form="lower"),
    Fault(action="parts", copies=4),
    Fault(action="fill_after_cancel"),
    Fault(action="book_empty"),
    Fault(action="book_short", rows=2),
    Fault(action="book_stale", seconds=40.0),
    Fault(action="book_duplicate", rows=2),
    Fault(action="book_shuffle"),
    Fault(action="book_garble", rows=1),
    Fault(action="book_failed"),
    Fault(action="book_tag", form="NA"),
    Fault(action="delay", call="*", ms=900.0, sigma=1.0),
    Fault(action="delay", call="place", ms=6_000.0, sigma=0.3),
    Fault(action="wire", call="place", wire=Wire(kind="endless")),
    Fault(action="wire", call="orders", wire=Wire(kind="cut", at=40)),
)
