"""P5: the real program is killed with SIGKILL while it talks to the real simulator over sockets."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ledger import WireOrder
from tests.proof.killed_console import Note, Setup
from tests.proof.real_broker import RealBroker, real_broker
from tests.proof.row import ProofBroken, Row

TEST = "P5"
FOLLOWERS = 16
KILLS = 150
_DESKS = 3
"""Consoles that are killed side by side, each at a broker of its own: most of a life is waiting."""
_PATIENCE_S = 90.0
_VERDICT_S = 500.0
_MAY_GO_AGAIN = frozenset({"401", "429", "fault:too_many"})
"""What the broker said to a request that may be repeated once two complete reads lack its tag."""
_MISFORTUNES = [
    Fault(action="drop_reply", call="place", probability=0.03),
    Fault(action="drop_reply", call="place", placed=False, probability=0.02),
    Fault(action="drop_reply", call="place", how="reset", probability=0.02),
    Fault(action="answer", call="place", http_status=503, form="html", probability=0.02),
    Fault(action="code", call="place", code="EC003", placed=True, probability=0.01),
    Fault(action="too_many", call="place", probability=0.01),
    Fault(action="accept_late", seconds=2.0, probability=0.03),
    Fault(action="show_late", seconds=4.0, probability=0.05),
    Fault(action="delay", call="place", ms=400.0, sigma=0.5, probability=0.1),
    Fault(action="book_failed", probability=0.02),
    Fault(action="book_short", rows=1, probability=0.02),
]


def parts(release: bool) -> int:
    """150 kills each."""
    return 20 if release else 1


def part(release: bool, number: int) -> Row:
    """150 kills, shared out among the desks."""
    del release
    started = time.perf_counter()
    desks = asyncio.run(_all_desks(number))
    kills = sum(desk.kills for desk in desks)
    doubt = sum(desk.left_in_doubt for desk in desks)
    busy = sum(desk.kills_that_left_doubt for desk in desks)
    if kills != KILLS:
        raise ProofBroken(f"{kills} of {KILLS} kills happened")
    if busy < KILLS // 5:
        raise ProofBroken(f"only {busy} of {KILLS} kills came while orders were on their way")
    return Row(
        TEST,
        "SIGKILL of the real process, real sockets",
        kills,
        kills + sum(desk.faults for desk in desks),
        sum(len(desk.lost) for desk in desks),
        sum(len(desk.duplicate) for desk in desks),
        sum(len(desk.orphan) for desk in desks),
        time.perf_counter() - started,
        f"{busy} kills left {doubt:,} orders in doubt; "
        f"{sum(desk.intents for desk in desks):,} orders, 0 sent twice, all proven or in REVIEW",
    )


@dataclass
class Desk:
    """One console's many lives at one broker."""

    number: int
    broker: RealBroker
    folder: Path
    kills: int = 0
    left_in_doubt: int = 0
    kills_that_left_doubt: int = 0
    faults: int = 0
    intents: int = 0
    told: set[str] = field(default_factory=set)
    last_press: str = ""
    verdict: Note | None = None
    lost: tuple[str, ...] = ()
    duplicate: tuple[str, ...] = ()
    orphan: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._dice = random.Random(f"kill/{self.number}")  # noqa: S311 - no secret

    async def be_killed(self, times: int) -> None:
        """Start the program and kill it, so often."""
        for life in range(times):
            again = self.last_press if self._dice.random() < 0.3 else ""
            process = await self._start(self._setup(life, again))
            try:
                await self._choose_the_moment(process)
            finally:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)
            # What it said before it died counts as told, however late we read it.
            while (note := await _hear(process)) is not None:
                self._note(note)
            if await process.wait() != -signal.SIGKILL:
                raise ProofBroken(f"life {life} of desk {self.number} ended by itself")
            self.kills += 1

    def _setup(self, life: int, again: str = "", *, settle: bool = False) -> Setup:
        return Setup(
            self.broker.line,
            str(self.folder),
            self.number,
            life,
            len(self.told),
            settle=settle,
            again=again,
        )

    async def _start(self, setup: Setup) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.proof.killed_console",
            msgspec.json.encode(setup).decode(),
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    async def _choose_the_moment(self, process: asyncio.subprocess.Process) -> None:
        """Some die while they start and recover, most in or right after one of their bursts."""
        dice = self._dice
        if dice.random() < 0.12:
            await asyncio.sleep(dice.uniform(0.3, 2.0))
            return
        burst = dice.randint(1, 3)
        async with asyncio.timeout(_PATIENCE_S):
            while burst and (note := await _hear(process)) is not None:
                self._note(note)
                burst -= note.kind == "pressed"
        await asyncio.sleep(dice.choice((dice.uniform(0, 0.06), dice.uniform(0, 0.25))))

    def _note(self, note: Note) -> None:
        if note.kind == "placed":
            self.told.add(note.words)
        elif note.kind == "pressed":
            self.last_press = note.words

    async def settle(self, lives: int) -> None:
        """The last life: no more misfortune, every order proven or a person's, then the verdict."""
        self.faults = await self.broker.disarm()
        process = await self._start(self._setup(lives, settle=True))
        verdict: Note | None = None
        async with asyncio.timeout(_VERDICT_S):
            while (note := await _hear(process)) is not None:
                self._note(note)
                verdict = note if note.kind == "verdict" else verdict
        if await process.wait() != 0 or verdict is None:
            raise ProofBroken(f"the last life of desk {self.number} gave no verdict")
        missing = self.told - set(verdict.plan_ids)
        self.verdict = verdict
        self.lost = (*verdict.lost, *(f"plan {plan} was told as placed" for plan in missing))
        self.duplicate, self.orphan = verdict.duplicate, verdict.orphan
        self.intents = verdict.intents
        self.left_in_doubt, self.kills_that_left_doubt = verdict.doubted, verdict.doubting_kills
        if verdict.words:
            raise ProofBroken(f"desk {self.number}: the audit trail is broken: {verdict.words}")
        found = (*self.lost, *self.duplicate, *self.orphan)
        if found:
            raise ProofBroken(f"desk {self.number}: {found[0]} (and {len(found) - 1} more)")
        sent_at_most_once(verdict, await self.broker.wire(), await self.broker.tags())


async def _hear(process: asyncio.subprocess.Process) -> Note | None:
    if process.stdout is None:
        raise AssertionError("the console was started without a pipe")
    line = await process.stdout.readline()
    return msgspec.json.decode(line, type=Note) if line.endswith(b"\n") else None


def sent_at_most_once(verdict: Note, wire: list[WireOrder], tags: dict[str, int]) -> None:
    """Raises ProofBroken if an order left twice without the broker's own no in between."""
    twice = [tag for tag, count in tags.items() if count > 1]
    if twice:
        raise ProofBroken(f"{len(twice)} tags were sent twice, {twice[0]} first")
    intent_of = {tag: intent for intent, made in verdict.tags.items() for tag in made}
    said: dict[str, list[str]] = {}
    for line in wire:
        intent = intent_of.get(line.tag)
        if intent is None:
            raise ProofBroken(f"a request left with tag {line.tag}, which no record knows")
        said.setdefault(intent, []).append(line.outcome)
    for intent, outcomes in said.items():
        if not _MAY_GO_AGAIN.issuperset(outcomes[:-1]):
            counted = dict(Counter(outcomes))
            raise ProofBroken(f"{intent} left {len(outcomes)} times; the broker said {counted}")


async def _all_desks(part_number: int) -> list[Desk]:
    with tempfile.TemporaryDirectory(prefix="proof-kill-") as folder:
        numbers = [part_number * _DESKS + number for number in range(_DESKS)]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_desk(number, Path(folder) / str(number), KILLS // _DESKS))
                for number in numbers
            ]
    return [task.result() for task in tasks]


async def _desk(number: int, folder: Path, kills: int) -> Desk:
    async with real_broker(FOLLOWERS + 1, seed=number + 1) as broker:
        await broker.arm(_MISFORTUNES)
        desk = Desk(number, broker, folder)
        await desk.be_killed(kills)
        await desk.settle(kills)
        return desk
