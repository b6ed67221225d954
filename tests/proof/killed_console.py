"""The console that is killed: ``python -m tests.proof.killed_console SETUP`` (SETUP is JSON).

It opens the program as ``demo --headless`` does, at a broker that runs already, and tells on
standard output what it does, a line of JSON each, so that its killer can choose his moment.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import msgspec

from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.ids import AccountId, AttemptId, CommandId, PlanId, Tag, order_tag
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, State, Validity
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from tests.proof.judge import Taken, compare

SYMBOLS = 50
"""Every life trades other shares: an order in doubt blocks its share in its account for minutes."""
_LIFE_S = 60.0
_SETTLE_S = 420.0
_ONE_START_NS = 200_000_000
_MOVING = frozenset(
    {State.PLANNED, State.SENDING, State.UNKNOWN, State.ACKED, State.MODIFY_PENDING,
     State.CANCEL_PENDING}
)  # fmt: skip


class Setup(msgspec.Struct, frozen=True):
    """What one life is to do. ``again`` is a press of an earlier life, pressed once more."""

    line: SimulatorLine
    folder: str
    seed: int
    life: int
    plans: int
    settle: bool = False
    again: str = ""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of what happens: open, pressed, placed, refused, idle, or the verdict."""

    kind: str
    words: str = ""
    doubted: int = 0
    """Orders that a death left in doubt, over all lives, and how many deaths did that."""
    doubting_kills: int = 0
    lost: tuple[str, ...] = ()
    duplicate: tuple[str, ...] = ()
    orphan: tuple[str, ...] = ()
    plan_ids: tuple[str, ...] = ()
    intents: int = 0
    accepted: int = 0
    by_state: dict[str, int] = {}
    tags: dict[str, list[str]] = {}
    """Intent to the tags of its attempts, first attempt first."""


def tell(note: Note) -> None:
    """One line to the killer."""
    sys.stdout.buffer.write(msgspec.json.encode(note) + b"\n")
    sys.stdout.buffer.flush()


class Operator:
    """Somebody who trades without a pause and resumes after every stop."""

    def __init__(self, opened: Opened, setup: Setup) -> None:
        self._opened = opened
        self._setup = setup
        self._dice = random.Random(f"{setup.seed}/{setup.life}")  # noqa: S311 - no secret
        self._trading = opened.console.trading

    async def begin(self) -> None:
        """Log in whoever is not, look at the report, resume."""
        report = await self._trading.recovery()
        tell(Note("open", "" if report is None else report.in_words))
        await self._opened.console.sessions.login_all_paper()
        await self._resume()

    async def trade(self) -> None:
        """Bursts a quarter of a second apart, some cancelled, until killed."""
        plans: list[PlanId] = []
        presses = [f"life{self._setup.life}-{number}" for number in range(4)]
        if self._setup.again:
            presses.insert(0, self._setup.again)
        for command in presses:
            tell(Note("pressed", command))
            plan = await self.press(command)
            if plan is None:
                continue
            plans.append(plan)
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))
            if self._dice.random() < 0.3:
                chosen = self._dice.choice(plans)
                await self._trading.cancel_plan(chosen, CommandId(f"{command}-cancel"))
        tell(Note("idle"))
        await asyncio.sleep(_LIFE_S)

    async def press(self, command: str, share: int | None = None) -> PlanId | None:
        """Press the ticket's button once, for this life's share or another; None if refused."""
        number = self._setup.life if share is None else share
        try:
            placed = await self._trading.submit(
                self._master(), await self._draft(number), CommandId(command)
            )
        except RefusedError as refused:
            tell(Note("refused", refused.sentence))
            await self._resume()
            return None
        tell(Note("placed", placed.plan_id))
        return placed.plan_id

    async def _draft(self, number: int) -> Draft:
        market = self._opened.console.market
        found = await market.search("-EQ", SYMBOLS)
        instrument = found[number % len(found)]
        quote = await market.quote(instrument.key)
        if quote is None:
            raise LookupError(f"no quote of {instrument.symbol}")
        away = self._dice.choice((0, 0, 0, 40)) * instrument.tick
        return Draft(
            instrument=instrument,
            side=Side.BUY,
            quantity=str(self._dice.choice((4, 8, 20))),
            in_lots=False,
            product=Product.INTRADAY,
            order_type=OrderType.LIMIT,
            validity=Validity.DAY,
            price=str(quote.last - away),
            trigger="",
            fan_out=self._dice.choice((FanOut.WITH_MASTER, FanOut.ON_MASTER_WORKING)),
        )

    def _master(self) -> AccountId:
        lanes = self._opened.engine.lanes
        return next(lane.account_id for lane in lanes if lane.account.master)

    async def _resume(self) -> None:
        state = self._opened.engine.gate.state
        if state is not TradingState.ACTIVE:
            word = "RESUME" if state is TradingState.KILL else ""
            await self._trading.resume("Drill: looked at the report.", word)

    async def settle(self) -> Note:
        """Wait until every order is proven or a person's, read all books again, and judge."""
        waited = 0.0
        while self._moving() and waited < _SETTLE_S:
            await self._resume()
            await asyncio.sleep(0.5)
            waited += 0.5
        lanes = list(self._opened.engine.lanes)
        await asyncio.gather(*(self._opened.engine.read_books(one.account_id) for one in lanes))
        return await self._verdict(len(lanes))

    def _moving(self) -> int:
        return sum(order.state in _MOVING for order in self._opened.engine.book)

    async def _verdict(self, each: int) -> Note:
        store, desk = self._opened.store, self._opened.simulator
        if desk is None:
            raise AssertionError("the drill runs on paper")
        await store.journal.flush()
        stored = await store.history.orders(10_000_000)
        accepted = [
            Taken(row.order_id, row.account, Tag(row.tag))
            for row in await desk.ledger()
            if row.origin == "request"
        ]
        key = store.installation.tag_key
        verdict = compare(stored, accepted, key, self._setup.plans, each)
        by_state: dict[str, int] = {}
        for view in stored:
            by_state[view.state] = by_state.get(view.state, 0) + 1
        doubted, kills = await self._doubts()
        return Note(
            "verdict",
            "; ".join(await store.history.verify()),
            doubted,
            kills,
            lost=tuple(verdict.lost),
            duplicate=tuple(verdict.duplicate),
            orphan=tuple(verdict.orphan),
            plan_ids=tuple(dict.fromkeys(view.plan_id for view in stored)),
            intents=verdict.intents,
            accepted=verdict.accepted,
            by_state=by_state,
            tags={
                view.intent_id: [
                    order_tag(key, AttemptId(f"{view.intent_id}.{number}"))
                    for number in range(1, view.attempt_number + 1)
                ]
                for view in stored
            },
        )

    async def _doubts(self) -> tuple[int, int]:
        """Orders that were being sent when a life ended, and in how many lives that was."""
        text = "program stopped while it was sent"
        events = await self._opened.store.history.events(10_000_000, text=text)
        seen: set[str] = set()
        kills = last_ns = 0
        for event in reversed(events):
            if event.intent_id not in seen:
                kills += event.wall_ns - last_ns > _ONE_START_NS
                last_ns = event.wall_ns
                seen.add(event.intent_id)
        return len(seen), kills


async def live(setup: Setup) -> None:
    """One life, to its violent end or to the verdict."""
    options = OpenOptions(
        data_dir=Path(setup.folder),
        paper=SimulatorOptions(accounts=0, attached=setup.line),
        limits=NO_LIMITS,
    )
    async with open_console(options) as opened:
        operator = Operator(opened, setup)
        await operator.begin()
        if setup.settle:
            tell(await operator.settle())
        else:
            await operator.trade()


if __name__ == "__main__":
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    asyncio.run(live(msgspec.json.decode(sys.argv[1].encode(), type=Setup)))
