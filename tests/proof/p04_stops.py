"""P4: the program stops at each named fault point, for each class of outcome; then it recovers."""

from __future__ import annotations

import time

import msgspec

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, ProgramStopped, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P4"
OUTCOMES: dict[str, Fault | None] = {
    "accepted": None,
    "refused": Fault(action="code", call="place", code="EC904"),
    "rejected": Fault(action="reject", text="RMS:Margin exceeds"),
    "EC003 placed": Fault(action="code", call="place", code="EC003", placed=True),
    "EC912 not placed": Fault(action="code", call="place", code="EC912"),
    "503 placed": Fault(action="answer", call="place", http_status=503, form="html"),
    "reply lost": Fault(action="drop_reply", call="place"),
    "request lost": Fault(action="drop_reply", call="place", placed=False),
    "silence": Fault(action="drop_reply", call="place", how="silence"),
    "400 hides a time-out": Fault(action="timed_out", call="place"),
    "429": Fault(action="too_many", call="place", count=4),
    "401": Fault(action="dead_session", call="place", count=4),
    "accepted late": Fault(action="accept_late", seconds=40.0),
}


def parts(release: bool) -> int:
    """Pieces of one seed each, in two halves."""
    return 40 if release else 2


def part(release: bool, number: int) -> Row:
    """Half of all pairs with one seed."""
    del release
    started = time.perf_counter()
    pairs = [(point, outcome) for point in faultpoints.ALL for outcome in OUTCOMES]
    mine = pairs[number % 2 :: 2]
    verdicts = [stop_at(point, outcome, number // 2) for point, outcome in mine]
    return Row(
        TEST,
        "stops at a fault point x outcome class",
        len(verdicts),
        len(verdicts),
        sum(len(verdict.lost) for verdict in verdicts),
        sum(len(verdict.duplicate) for verdict in verdicts),
        sum(len(verdict.orphan) for verdict in verdicts),
        time.perf_counter() - started,
        f"{len(faultpoints.ALL)} points x {len(OUTCOMES)} classes; every stop happened",
    )


class _Bomb:
    """Stops the program when it passes a point for the first time."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.gone_off = False

    def __call__(self, name: str) -> None:
        if name == self.point and not self.gone_off:
            self.gone_off = True
            raise ProgramStopped(name)


def stop_at(point: str, outcome: str, seed: int = 0, followers: int = 6) -> Verdict:
    """One pair; raises ProofBroken unless the stop happened and everything settled."""
    with world(followers, seed, settings=EngineSettings(gate_every=2)) as made:
        day = _Day(made)
        fault = OUTCOMES[outcome]
        others = [account.client_id for account in made.accounts[1:-1]]
        if fault is not None:
            made.broker.add_fault(_for(fault, others))
        # One follower's order never arrives, so that there is an absence to prove in each run.
        absent = [made.accounts[-1].client_id]
        made.broker.add_fault(_for(OUTCOMES["request lost"], absent))
        if point == faultpoints.IN_RECOVERY:
            made.live(day.trade, fault=_Bomb(faultpoints.AFTER_MARK))
        bomb = _Bomb(point)
        made.live(day.trade, fault=bomb)
        if not bomb.gone_off:
            raise ProofBroken(f"{point} x {outcome}: the program never passed the point")
        made.broker.clear_faults()
        verdict = made.live(day.settle)
        if verdict is None:
            raise ProofBroken(f"{point} x {outcome}: the last life ended early")
    verdict.must_be_clean(f"{point} x {outcome}")
    return verdict


def _for(fault: Fault | None, accounts: list[str]) -> Fault:
    if fault is None:
        raise ValueError("no fault")
    return msgspec.structs.replace(fault, accounts=accounts)


class _Day:
    """Plans, a cancel, a proof of absence and a kill: every fault point is on the way."""

    def __init__(self, made: World) -> None:
        self._world = made
        self._plans = 0

    async def trade(self, console: Console) -> None:
        made, engine = self._world, console.engine
        console.log_all_in()
        await made.clock.sleep(5)
        if engine.gate.state is not TradingState.ACTIVE:
            await engine.resume("operator", "looked")
        resting = made.terms(away=40)
        first = await engine.submit(made.master, resting, FanOut.WITH_MASTER, CommandId("resting"))
        self._plans += not first.known
        await made.clock.sleep(2)
        second = await engine.submit(
            made.master, made.terms(which=1), FanOut.ON_MASTER_WORKING, CommandId("market")
        )
        self._plans += not second.known
        await made.clock.sleep(5)
        own = engine.book.of_plan(first.plan.plan_id)[0]
        if not own.state.ended and engine.gate.may_send:
            await engine.modify(own.intent.intent_id, made.terms(away=60))
        await made.clock.sleep(5)
        engine.cancel_plan(first.plan.plan_id, "operator")
        await made.clock.sleep(300)
        await engine.stop_trading(TradingState.KILL, "operator", "drill")
        await made.clock.sleep(30)

    async def settle(self, console: Console) -> Verdict:
        console.log_all_in()
        await self._world.clock.sleep(5)
        await console.engine.resume("operator", "looked")
        return await settled(console, self._plans)
