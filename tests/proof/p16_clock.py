"""P16: clocks that jump, zones with daylight saving, midnight, leap days, a machine that slept."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, judge, settled
from tests.proof.rig import MORNING_NS, Console, ProgramStopped, World, world
from tests.proof.row import ProofBroken, Row
from tests.proof.virtual import VirtualClock, VirtualTime

TEST = "P16"
HOUR_NS = 3_600_000_000_000
_SETTLE_S = 2_400.0
_SUSPENDED_NS = 300_000_000_000
_INTO_THE_BURST_S = 0.05
_LEAD_S = 5 + _INTO_THE_BURST_S
"""From the start of a run to the middle of its first burst."""


class JumpyClock(VirtualClock):
    """The program's clocks, which may be wrong; the broker's are right."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__(time)
        self.wall_off_ns = 0
        self.mono_off_ns = 0
        self.wall_ns = lambda: time.wall_ns() + self.wall_off_ns
        self.mono_ns = lambda: time.mono_ns() + self.mono_off_ns


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to time in the middle of a burst. ``zone`` is the machine's own time zone."""

    jump: Callable[[World, JumpyClock], None]
    moment_ns: int = MORNING_NS + int(_LEAD_S * 1e9)
    zone: str = "Asia/Kolkata"


def _nothing(_world: World, _clock: JumpyClock) -> None:
    """Time goes on as it does; the moment itself is the trouble."""


def _wall(by_ns: int) -> Callable[[World, JumpyClock], None]:
    def jump(_world: World, clock: JumpyClock) -> None:
        clock.wall_off_ns += by_ns

    return jump


def _suspend(*, monotonic_stands: bool) -> Callable[[World, JumpyClock], None]:
    def jump(made: World, clock: JumpyClock) -> None:
        made.time.now_ns += _SUSPENDED_NS
        if monotonic_stands:
            clock.mono_off_ns -= _SUSPENDED_NS

    return jump


def _utc(*moment: int) -> int:
    year, month, day, hour, minute = moment
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1_000_000_000


def _midnight(year: int, month: int, day: int) -> int:
    """The end of an Indian day."""
    end = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1) - timedelta(hours=5.5)
    return int(end.timestamp()) * 1_000_000_000


TURNS: dict[str, Turn] = {
    "an hour forward": Turn(_wall(HOUR_NS)),
    "an hour back": Turn(_wall(-HOUR_NS)),
    "summer time begins": Turn(_nothing, _utc(2027, 3, 28, 1, 0), "Europe/London"),
    "summer time ends": Turn(_nothing, _utc(2026, 11, 1, 6, 0), "America/New_York"),
    "midnight": Turn(_nothing, _midnight(2026, 11, 24)),
    "into a leap day": Turn(_nothing, _midnight(2028, 2, 28)),
    "out of a leap day": Turn(_nothing, _midnight(2028, 2, 29)),
    "end of the year": Turn(_nothing, _midnight(2026, 12, 31)),
    "suspended, monotonic clock too": Turn(_suspend(monotonic_stands=True)),
    "suspended, monotonic clock goes on": Turn(_suspend(monotonic_stands=False)),
}
MISFORTUNES: dict[str, Fault | None] = {
    "none": None,
    "replies lost": Fault(action="drop_reply", call="place"),
    "requests lost": Fault(action="drop_reply", call="place", placed=False),
    "accepted late": Fault(action="accept_late", seconds=40.0),
    "shown late": Fault(action="show_late", seconds=90.0),
    "429": Fault(action="too_many", call="place", count=3),
    "401": Fault(action="dead_session", call="place", count=3),
}
STOPS: tuple[str | None, ...] = (None, faultpoints.AFTER_PLAN_COMMIT, faultpoints.AFTER_WRITE)


def prove(release: bool) -> Row:
    """Every turn of time with every misfortune, with and without a stop of the program."""
    del release
    started = time.perf_counter()
    verdicts = [
        turn_of(turn, misfortune, stop)
        for turn in TURNS
        for misfortune in MISFORTUNES
        for stop in STOPS
    ]
    return Row(
        TEST,
        "turns of time x misfortune x stop",
        len(verdicts),
        len(verdicts),
        sum(len(verdict.lost) for verdict in verdicts),
        sum(len(verdict.duplicate) for verdict in verdicts),
        sum(len(verdict.orphan) for verdict in verdicts),
        time.perf_counter() - started,
        f"{len(TURNS)} turns in the middle of a burst: {', '.join(TURNS)}",
    )


def turn_of(name: str, misfortune: str, stop: str | None, followers: int = 5) -> Verdict:
    """One run; raises ProofBroken unless everything settled and the ledger agrees."""
    turn, fault = TURNS[name], MISFORTUNES[misfortune]
    run = f"{name} x {misfortune} x {stop or 'no stop'}"
    starts_ns = turn.moment_ns - int(_LEAD_S * 1e9)
    with _zone(turn.zone), world(followers, starts_ns=starts_ns) as made:
        clock = made.clock = JumpyClock(made.time)
        if fault is not None:
            # One account stays well, so that a run is never all doubt.
            struck = [account.client_id for account in made.accounts[1:]]
            seconds = fault.seconds
            if fault.action == "accept_late" and _over_midnight(turn):
                # At midnight this broker drops what it had not taken yet, whatever it had said.
                seconds = _INTO_THE_BURST_S / 2
            struck_fault = msgspec.structs.replace(fault, accounts=struck, seconds=seconds)
            made.broker.add_fault(struck_fault)
        day = _Day(made, turn, clock)
        bomb = _Bomb(stop)
        made.live(day.trade, fault=bomb)
        if stop is not None and not bomb.gone_off:
            raise ProofBroken(f"{run}: the program never passed the point")
        made.broker.clear_faults()
        verdict = made.live(day.settle)
        if verdict is None:
            raise ProofBroken(f"{run}: the last life ended early")
    verdict.must_be_clean(run)
    return verdict


class _Bomb:
    """Stops the program when it passes a point for the first time; None never does."""

    def __init__(self, point: str | None) -> None:
        self.point = point
        self.gone_off = False

    def __call__(self, name: str) -> None:
        if name == self.point and not self.gone_off:
            self.gone_off = True
            raise ProgramStopped(name)


class _Day:
    """Two bursts, the turn of time in the middle of the first."""

    def __init__(self, made: World, turn: Turn, clock: JumpyClock) -> None:
        self._world = made
        self._turn = turn
        self._clock = clock
        self._plans = 0

    async def trade(self, console: Console) -> None:
        made, engine = self._world, console.engine
        console.log_all_in()
        await made.clock.sleep(5)
        asyncio.get_running_loop().call_later(_INTO_THE_BURST_S, self._turn.jump, made, self._clock)
        for number, fan_out in enumerate((FanOut.WITH_MASTER, FanOut.ON_MASTER_WORKING)):
            engine.gate.notice_time()  # as the console does every second
            if engine.gate.state is not TradingState.ACTIVE:
                await engine.resume("operator", "looked")
            if number:
                console.log_in_again()
            terms = made.terms(which=number)
            placed = await engine.submit(made.master, terms, fan_out, CommandId(f"press{number}"))
            self._plans += not placed.known
            await made.clock.sleep(4)

    async def settle(self, console: Console) -> Verdict:
        console.log_all_in()
        await self._world.clock.sleep(5)
        await console.engine.resume("operator", "looked")
        if not _over_midnight(self._turn):
            return await settled(console, self._plans)
        # An order that worked when its day ended is in no book any more and stays as it was seen.
        await console.quiet(_SETTLE_S)
        for lane in list(console.engine.lanes):
            await console.engine.read_books(lane.account_id)
        return await judge(console, self._plans)


def _over_midnight(turn: Turn) -> bool:
    return turn.moment_ns != MORNING_NS + int(_LEAD_S * 1e9) and turn.zone == "Asia/Kolkata"


@contextmanager
def _zone(name: str) -> Iterator[None]:
    """The machine's own time zone while this is open; nothing of ours may depend on it."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
