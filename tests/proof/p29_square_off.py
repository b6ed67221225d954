"""P29: five instruments are left by everybody, with rejections, a crash and one who is logged out.

Whatever the simulator's positions show of copies after a square-off is named by its report, with
a reason; nobody is ever turned round, also who sold his copy by himself.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import FanOut, OrderTerms, Side
from copytrade_gui.domain.square_off import (
    DONE,
    EVERYTHING,
    Leg,
    LegState,
    Scope,
    SquareOffReport,
)
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, ProgramStopped, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P29"
REJECTED = 0.1
_ROUNDS = 12
"""So often what is left is squared off again; of a tenth nothing is left much sooner."""
_SIDES = (Side.BUY, Side.SELL, Side.BUY, Side.BUY, Side.SELL)
"""Three shares, one of them sold short, and a long call before the short one that it covers."""
Place = tuple[str, str]
"""An account's name here, and an instrument's symbol."""


def calls(made: World) -> list[Instrument]:
    """Two calls on one index."""
    found = [
        one
        for one in made.broker.desk.instruments.live
        if (one.exchange, one.kind, one.underlying) == ("NSEFO", "CE", "NIFTY")
        and 5_000_000 > made.broker.last_price(one.exchange, str(one.id)) > 1_000_000
    ]
    return [
        Instrument(
            key=InstrumentKey(Exchange.NSEFO, str(one.id)),
            symbol=one.symbol,
            name=one.symbol,
            underlying="NIFTY",
            kind=InstrumentKind.CALL,
            lot_size=one.lot,
            tick=Decimal(one.tick) / 10_000,
        )
        for one in found[:2]
    ]


@dataclass
class Left:
    """What was seen of it."""

    held: int = 0
    """Positions of copies when it began."""
    crashed_with: int = 0
    """Of them not closed when the program ended."""
    named: list[int] = field(default_factory=list)
    """How many positions each report named as left, by round."""
    faults: int = 0
    verdict: Verdict | None = None


def prove(release: bool) -> Row:
    """One square-off of 500 followers for each change, ten before a release."""
    started, runs = time.perf_counter(), 10 if release else 1
    held = faults = 0
    lost = duplicate = orphan = 0
    notes = []
    for seed in range(runs):
        seen = play(500, seed)
        if seen.verdict is None:
            raise ProofBroken("nothing was judged")
        held, faults = held + seen.held, faults + seen.faults
        lost += len(seen.verdict.lost)
        duplicate += len(seen.verdict.duplicate)
        orphan += len(seen.verdict.orphan)
        notes.append(f"{seen.crashed_with:,} open at the crash, then named as left: {seen.named}")
    note = f"{notes[0]}; nobody turned round, nothing left at the end"
    return Row(
        TEST, "positions squared off, 500 followers", held, faults, lost, duplicate, orphan,
        time.perf_counter() - started, note,
    )  # fmt: skip


def play(followers: int, seed: int) -> Left:
    """Raises ProofBroken: a position is left that no report names, or somebody was turned round."""
    with world(followers, seed) as made:
        made.instruments.append(made._instrument("TCS"))
        made.instruments += calls(made)
        off = _Off(made, random.Random(f"{seed}/square off"))  # noqa: S311 - a run must replay
        if made.live(off.until_the_crash) is not None or off.seen.held == 0:
            raise ProofBroken("the program did not end in the middle")
        made.live(off.after_the_crash)
        return off.seen


class _Off:
    """Who is out of it: the last follower is logged out until the last round."""

    def __init__(self, made: World, dice: random.Random) -> None:
        self._world = made
        self._dice = dice
        self._out = made.accounts[-1].account_id
        self._presses = 0
        self._signs: dict[Place, int] = {}
        """On which side each position was when it began."""
        self.seen = Left()

    # ------------------------------------------------------------ two lives

    async def until_the_crash(self, console: Console) -> bool:
        """Everybody enters; the program ends while it squares off."""
        made, seen = self._world, self.seen
        console.log_all_in()
        await made.clock.sleep(5)
        for which, side in enumerate(_SIDES):
            quantity = 4 * made.instruments[which].lot_size if which > 2 else 40
            terms = made.terms(side=side, quantity=quantity, away=-60, which=which)
            await self._press(console, terms, wait_s=20)
        await self._press(console, made.terms(quantity=8, away=300), wait_s=5)
        console.engine.detach(self._out, SessionState.LOGGED_OUT)
        for account in made.accounts[1:4]:  # who sold a part, and who sold all of it by himself
            place = account.account_id, made.instruments[0].symbol
            units = max(1, self._shown()[place] // self._dice.choice((1, 2)))
            self._sells_himself(account.client_id, units)
        await made.clock.sleep(5)
        shown = self._shown()
        self._signs = {place: 1 if net > 0 else -1 for place, net in shown.items()}
        seen.held = len([1 for who, _ in shown if who != made.master])
        for fault in (
            Fault(action="reject", probability=REJECTED, text="RMS: margin exceeds"),
            Fault(action="parts", probability=0.3, copies=3),
        ):
            made.broker.add_fault(fault)
        console.see_price()
        await console.engine.square_offs.begin(EVERYTHING, CommandId("off"), "operator")
        goal = int(seen.held * self._dice.uniform(0.2, 0.8))
        while len(self._copied()) > seen.held - goal:
            await made.clock.sleep(0.05)
        seen.crashed_with = len(self._copied())
        raise ProgramStopped("power cut")

    async def after_the_crash(self, console: Console) -> None:
        """It tells who is left; that is squared off again until nobody is."""
        made, engine, seen = self._world, console.engine, self.seen
        for account in made.accounts:
            if account.account_id != self._out:
                console.log_in(account.account_id)
        await made.clock.sleep(300)
        report = engine.square_offs.report(CommandId("off"))
        if report is None or not report.broken_off:
            raise ProofBroken("a square-off that was broken off is not told of")
        self._must_tell(report)
        if engine.gate.state is TradingState.RECOVERING:
            await engine.resume("operator", "looked at the books")
        scope = _left_of(report)
        while any(who != self._out for who, _ in self._copied()):
            scope = await self._again(console, scope)
        orders = [one for each in made.broker.accounts for one in each.orders.values()]
        seen.faults = 1 + sum(bool(one.reason) or one.parts > 0 for one in orders)
        made.broker.clear_faults()
        console.log_in(self._out)
        await made.clock.sleep(5)
        await self._again(console, EVERYTHING)
        if left := self._copied():
            raise ProofBroken(f"after the last round {left} are held")
        closings = {str(one.plan_id): len(one.intents)
                    for one in engine.book.plans.values() if one.closes}  # fmt: skip
        seen.verdict = await settled(console, self._presses, closings)

    async def _again(self, console: Console, scope: Scope) -> Scope:
        if len(self.seen.named) > _ROUNDS:
            raise ProofBroken(f"{self._copied()} are held after {_ROUNDS} rounds")
        console.see_price()
        command = CommandId(f"again {len(self.seen.named)}")
        await console.engine.square_offs.begin(scope, command, "operator")
        while (report := console.engine.square_offs.report(command)) is None or not report.over:
            await self._world.clock.sleep(1)
        self._must_tell(report)
        return _left_of(report)

    # ------------------------------------------------------------ the judge

    def _must_tell(self, report: SquareOffReport) -> None:
        """What the broker shows of copies is named with a reason, and what is called closed is."""
        shown = self._copied()
        legs: dict[Place, Leg] = {
            (leg.key.account_id, leg.instrument.symbol): leg for leg in report.legs
        }
        for place in shown:
            leg = legs.get(place)
            if leg is None or not leg.left or leg.state in DONE or not leg.reason:
                raise ProofBroken(f"{place} is held, and the report says {leg}")
        closed = [place for place, leg in legs.items() if leg.state is LegState.CLOSED]
        if wrong := [place for place in closed if place in shown]:
            raise ProofBroken(f"called closed and held: {wrong[0]}")
        self._nobody_was_turned_round()
        self.seen.named.append(len(report.left))

    def _nobody_was_turned_round(self) -> None:
        for place, sign in self._signs.items():
            net = 0
            for units in self._traded(place):
                net += units
                if net * sign < 0:
                    raise ProofBroken(f"{place} was turned round: {net}")

    def _traded(self, place: Place) -> Iterator[int]:
        account, symbol = place
        at_broker = self._world.broker.accounts[self._number(account)]
        for fill in sorted(at_broker.fills, key=lambda one: one.at):
            terms = at_broker.orders[fill.order_id].terms
            if terms.instrument.symbol == symbol:
                yield fill.quantity if terms.buy else -fill.quantity

    def _copied(self) -> dict[Place, int]:
        """Positions of followers that are not flat at the broker: whoever sold, sold copies."""
        master = self._world.master
        return {place: net for place, net in self._shown().items() if place[0] != master}

    def _shown(self) -> dict[Place, int]:
        made = self._world
        made.broker.advance()
        symbols = {one.key.instrument_id: one.symbol for one in made.instruments}
        return {
            (entry.account_id, symbols[str(key[1])]): there.net
            for entry, account in zip(made.accounts, made.broker.accounts, strict=True)
            for key, there in account.positions.items()
            if there.net
        }

    # ------------------------------------------------------------ inside

    def _number(self, account: str) -> int:
        return 0 if account == self._world.master else int(account[1:])

    async def _press(self, console: Console, terms: OrderTerms, wait_s: float) -> None:
        console.see_price()
        self._presses += 1
        command = CommandId(f"press {self._presses}")
        await console.engine.submit(self._world.master, terms, FanOut.WITH_MASTER, command)
        await self._world.clock.sleep(wait_s)

    def _sells_himself(self, client: str, units: int) -> None:
        made = self._world
        share = made.instruments[0]
        low = made.price(share) * Decimal("0.99")
        fields: dict[str, object] = {
            "exchange": share.key.exchange.value, "instrumentId": share.key.instrument_id,
            "quantity": str(units), "transactionType": "SELL", "orderType": "LIMIT",
            "price": str(low - low % share.tick),
        }  # fmt: skip
        made.broker.owner(client).place(fields, channel="App")


def _left_of(report: SquareOffReport) -> Scope:
    left: tuple[Leg, ...] = report.left
    return tuple(leg.chosen for leg in left)
