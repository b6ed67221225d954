"""P5 window: kill -9 of the console with its window in bursts to 500 followers, then its report.

The window is the user's own, offscreen; what the report says is read from the dialog that is shown.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from copytrade_gui.app.paper import SimulatorLine
from tests.proof.killed_console import Note
from tests.proof.p05_kill import Desk, sent_at_most_once
from tests.proof.real_broker import RealBroker, real_broker
from tests.proof.row import ProofBroken, Row

TEST = "P5 window"
FOLLOWERS = 500
PICTURES = Path("screenshots")
_KILLS = 3
_MOST_LIVES = 8
_AFTER_PRESS_S = (0.25, 0.45, 0.7, 0.35, 0.55)
_LATENCY_MS = 400.0
_IN_FLIGHT_S = 1.0
_PATIENCE_S = 180.0
_SETTLE_S = 420.0
_OFFSCREEN = {
    "QT_QPA_PLATFORM": "offscreen",
    "QT_LOGGING_RULES": "default.warning=false",  # that it cannot raise windows is known
    "PYTHONUNBUFFERED": "1",
}


class WindowSetup(msgspec.Struct, frozen=True):
    """What one life of the window is to do. ``picture``: where the report is drawn to."""

    line: SimulatorLine
    folder: str
    life: int
    picture: str = ""
    settle: bool = False


class Seen(msgspec.Struct, frozen=True):
    """One line of the hand inside the window: report, pressed, settled, failed."""

    kind: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The figures of a recovery report as it stands on the screen."""

    proven: int
    unknown: int

    @classmethod
    def read(cls, text: str) -> Told:
        """Raises ProofBroken if the report does not say both."""
        proven = re.search(r"^Proven at the broker: (\w+)$", text, re.MULTILINE)
        unknown = re.search(r"^Still unknown[^\n]*: (\w+)$", text, re.MULTILINE)
        if proven is None or unknown is None:
            raise ProofBroken(f"the report does not say what is proven and unknown: {text[:200]}")
        return cls(_number(proven[1]), _number(unknown[1]))


def _number(word: str) -> int:
    return 0 if word == "none" else int(word)


def prove(release: bool) -> Row:
    """Three kills that left orders in doubt; the same for a release."""
    del release
    started = time.perf_counter()
    PICTURES.mkdir(exist_ok=True)
    drill = asyncio.run(_drill())
    return Row(
        TEST,
        f"kill -9 of the window in a burst, {FOLLOWERS} followers",
        drill.kills,
        drill.kills,
        len(drill.verdict.lost),
        len(drill.verdict.duplicate),
        len(drill.verdict.orphan),
        time.perf_counter() - started,
        f"{drill.verdict.doubted:,} of {drill.verdict.intents:,} orders left in doubt; reports on "
        f"screen: {', '.join(f'{t.proven} proven {t.unknown} unknown' for t in drill.told)}; "
        f"nothing sent again; at the end {drill.ended}",
    )


@dataclass
class _Drill:
    """Lives of one window at one broker."""

    broker: RealBroker
    folder: Path
    picture: str
    kills: int = 0
    told: list[Told] = field(default_factory=list)
    verdict: Note = field(default_factory=lambda: Note("none"))
    ended: str = ""

    async def run(self) -> None:
        """Kill it until enough kills left orders in doubt, then let it settle and judge."""
        life = doubting = 0
        while doubting < _KILLS and life < _MOST_LIVES:
            before = len(self.told)
            await self._be_killed(life)
            doubting += any(told.proven + told.unknown for told in self.told[before:])
            life += 1
        await self._settle(life)

    async def _be_killed(self, life: int) -> None:
        """One life: report, resume, burst, SIGKILL; then nothing may leave by itself."""
        sent_before = len(await self.broker.wire())
        process = await self._start(life)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while (seen := await self._see(process)).kind != "pressed":
                    await self._take(seen, sent_before)
            await asyncio.sleep(_AFTER_PRESS_S[life % len(_AFTER_PRESS_S)])
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
        if await process.wait() != -signal.SIGKILL:
            raise ProofBroken(f"life {life} of the window ended by itself")
        self.kills += 1
        await asyncio.sleep(_IN_FLIGHT_S)

    async def _settle(self, life: int) -> None:
        """The last life sends nothing and ends when every order is proven or a person's."""
        sent_before = len(await self.broker.wire())
        process = await self._start(life, settle=True)
        try:
            async with asyncio.timeout(_SETTLE_S):
                while (seen := await self._see(process)).kind != "settled":
                    await self._take(seen, sent_before)
            told = Told.read(seen.words)
            self.ended = f"{told.proven} proven {told.unknown} unknown"
            await asyncio.wait_for(process.wait(), _PATIENCE_S)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
        if len(await self.broker.wire()) != sent_before:
            raise ProofBroken("something left after the last kill although nobody pressed")
        desk = Desk(0, self.broker, self.folder)
        await desk.settle(life)
        if desk.verdict is None:
            raise ProofBroken("the last life gave no verdict")
        self.verdict = desk.verdict
        sent_at_most_once(self.verdict, await self.broker.wire(), await self.broker.tags())

    async def _take(self, seen: Seen, sent_before: int) -> None:
        if seen.kind == "failed":
            raise ProofBroken(f"the hand in the window failed: {seen.words}")
        self.told.append(Told.read(seen.words))
        if len(await self.broker.wire()) != sent_before:
            raise ProofBroken("orders left between the start and the report, nobody pressed")

    async def _start(self, life: int, *, settle: bool = False) -> asyncio.subprocess.Process:
        picture = f"{self.picture}-{life}"
        setup = WindowSetup(self.broker.line, str(self.folder), life, picture, settle)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.proof.killed_window",
            msgspec.json.encode(setup).decode(),
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
            env={**os.environ, **_OFFSCREEN},
        )

    async def _see(self, process: asyncio.subprocess.Process) -> Seen:
        if process.stdout is None:
            raise AssertionError("the window was started without a pipe")
        line = await process.stdout.readline()
        if not line:
            raise ProofBroken("the window ended before it was killed")
        return msgspec.json.decode(line, type=Seen)


async def _drill() -> _Drill:
    with tempfile.TemporaryDirectory(prefix="proof-window-") as folder:
        async with real_broker(FOLLOWERS + 1, latency_ms=_LATENCY_MS) as broker:
            drill = _Drill(broker, Path(folder) / "data", str(PICTURES / "recovery-after-kill"))
            await drill.run()
    return drill
