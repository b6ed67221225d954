"""The console that runs for long: ``python -m tests.proof.soaked_console SETUP SECONDS EVERY``.

It opens the program as ``demo --headless`` does, at a broker that runs already, and trades without
a pause; at its end it tells in one line what it took of memory and files, and the verdict.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from pathlib import Path

import msgspec

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.ports import BrokerFailureError
from tests.proof.killed_console import Note, Operator, Setup

_LOOK_S = 10.0
_ASKED = 5


class Sample(msgspec.Struct, frozen=True):
    """What the process had after so many seconds: memory in KiB, open files, orders it knows."""

    after_s: float
    memory_kib: int
    files: int
    orders: int


class Soaked(msgspec.Struct, frozen=True):
    """One run as it is told at its end."""

    samples: tuple[Sample, ...]
    presses: int
    garbage: int
    """Objects in cycles that nothing needed, and that Python's collector was never to look at."""
    verdict: Note


class Trader(Operator):
    """Somebody who trades all the time, cancels some of it and logs in who was logged out."""

    def __init__(self, opened: Opened, setup: Setup) -> None:
        super().__init__(opened, setup)
        self.samples: list[Sample] = []
        self.presses = 0
        self._began = time.monotonic()

    async def soak(self, seconds: float, every: float) -> None:
        """An action each ``every`` seconds for so long, and a look at the process now and then."""
        look = asyncio.ensure_future(self._look_on())
        try:
            number = 0
            while (left := seconds - (time.monotonic() - self._began)) > 0:
                plan = await self.press(f"soak-{number}", number)
                self.presses += plan is not None
                await asyncio.sleep(min(every / 2, left))
                if plan is not None and self._dice.random() < 0.3:
                    await self._trading.cancel_plan(plan, CommandId(f"soak-{number}-cancel"))
                await self._opened.console.sessions.login_all_paper()
                await asyncio.sleep(min(every / 2, left))
                number += 1
        finally:
            look.cancel()

    async def judged(self) -> Note:
        """The verdict; on a busy machine the ledger of so many orders takes long to be told."""
        for _ in range(_ASKED - 1):
            try:
                return await self.settle()
            except BrokerFailureError:
                await asyncio.sleep(_LOOK_S)
        return await self.settle()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            self.look()

    def garbage(self) -> int:
        """What of all that was taken to live all day is dead, as objects."""
        gc.collect()
        gc.unfreeze()
        return gc.collect()

    def look(self) -> None:
        """Note what the process has by now."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        self.samples.append(
            Sample(
                time.monotonic() - self._began,
                pages * os.sysconf("SC_PAGE_SIZE") // 1024,
                sum(1 for _ in Path("/proc/self/fd").iterdir()),
                self._opened.engine.book.index.count,
            )
        )


async def live(setup: Setup, seconds: float, every: float) -> Soaked:
    """Trade, let everything end without further misfortune, and judge."""
    options = OpenOptions(
        data_dir=Path(setup.folder),
        paper=SimulatorOptions(accounts=0, attached=setup.line),
        limits=NO_LIMITS,
    )
    async with open_console(options) as opened:
        trader = Trader(opened, setup)
        await trader.begin()
        trader.garbage()  # a start's own, once
        await trader.soak(seconds, every)
        trader.look()
        sys.stdout.write("\n")  # from here on no misfortune
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        await opened.console.sessions.login_all_paper()
        verdict = await trader.judged()
        return Soaked(tuple(trader.samples), trader.presses, trader.garbage(), verdict)


if __name__ == "__main__":
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    made = msgspec.json.decode(sys.argv[1].encode(), type=Setup)
    soaked = asyncio.run(live(made, float(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.buffer.write(msgspec.json.encode(soaked) + b"\n")
