"""P20: the real program trades for long over real sockets, with faults, for 500 followers.

The three zeros are judged by the simulator's ledger; memory and open files by the system.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass

import msgspec

from copytrade_gui.simulator.faults import Fault
from tests.proof.killed_console import Setup
from tests.proof.p05_kill import sent_at_most_once
from tests.proof.real_broker import real_broker
from tests.proof.row import ProofBroken, Row
from tests.proof.soaked_console import Sample, Soaked

TEST = "P20"
_SECONDS, _SECONDS_BEFORE_RELEASE = 600.0, 3_600.0
_EVERY_S = 10.0
_WARM = 0.4
"""A part of the time that nothing is measured in: caches, connections and pools fill."""
_GROWTH = 0.05
_ORDER_KIB = 2.5
"""A day of orders stays in memory with their rows in the broker's books, 1.7 KiB each and, once
they are packed, ten minutes after they ended, 1.1; and a row each in what the trail has of it."""
_GARBAGE = 5.0
"""Dead objects an order that nobody can collect any more: those of closed connections, and no
order's; 50 while each reply left a cycle."""
_SETTLES_S = 900.0
_MISFORTUNES = [
    Fault(action="drop_reply", call="place", probability=0.005),
    Fault(action="drop_reply", call="place", placed=False, probability=0.005),
    Fault(action="answer", call="place", http_status=503, form="html", probability=0.005),
    Fault(action="too_many", call="place", probability=0.005),
    Fault(action="reject", probability=0.02, text="RMS: margin exceeds"),
    Fault(action="parts", probability=0.1, copies=3),
    Fault(action="accept_late", seconds=2.0, probability=0.01),
    Fault(action="show_late", seconds=4.0, probability=0.01),
    Fault(action="delay", call="place", ms=400.0, sigma=0.5, probability=0.05),
    Fault(action="expire_session", call="orders", probability=0.0005),
    Fault(action="book_failed", probability=0.01),
    Fault(action="book_short", rows=1, probability=0.01),
    Fault(action="feed_close", probability=0.0005),
]


@dataclass(frozen=True, slots=True)
class Growth:
    """From the end of the warm-up to the end of trading."""

    first: Sample
    last: Sample

    @property
    def orders(self) -> int:
        return self.last.orders - self.first.orders

    @property
    def beyond_orders(self) -> float:
        """Memory that grew and that no order explains, as a part of what there was."""
        grew = self.last.memory_kib - self.first.memory_kib - self.orders * _ORDER_KIB
        return grew / self.first.memory_kib

    @property
    def kib_an_order(self) -> float:
        """Memory that grew, shared out among the orders that came."""
        return (self.last.memory_kib - self.first.memory_kib) / max(1, self.orders)

    def must_be_small(self, *, memory: bool) -> None:
        """Raises ProofBroken: open files grow; or memory, which an hour tells and no minutes."""
        if memory and self.beyond_orders >= _GROWTH:
            raise ProofBroken(f"memory grows without orders: {self.first} to {self.last}")
        if self.last.files > self.first.files:
            raise ProofBroken(f"open files grow: {self.first} to {self.last}")


def prove(release: bool) -> Row:
    """10 minutes for each change, an hour for a release."""
    started = time.perf_counter()
    seconds = _SECONDS_BEFORE_RELEASE if release else _SECONDS
    soaked, faults = asyncio.run(soak(500, seconds))
    verdict, grown = soaked.verdict, growth(soaked)
    grown.must_be_small(memory=release)
    if soaked.garbage >= _GARBAGE * verdict.intents:
        raise ProofBroken(f"{soaked.garbage} dead objects stay of {verdict.intents} orders")
    if verdict.words:
        raise ProofBroken(f"the audit trail is broken: {verdict.words}")
    note = (
        f"{soaked.presses} actions in {seconds / 60:.0f} min; memory "
        f"{grown.first.memory_kib / 1024:.0f} to {grown.last.memory_kib / 1024:.0f} MiB with "
        f"{grown.orders:,} more orders, {grown.kib_an_order:.1f} KiB each; "
        f"{grown.first.files} open files, then {grown.last.files}"
    )
    return Row(
        TEST, "orders of a soak, 500 followers, real sockets", verdict.intents, faults,
        len(verdict.lost), len(verdict.duplicate), len(verdict.orphan),
        time.perf_counter() - started, note,
    )  # fmt: skip


def growth(soaked: Soaked) -> Growth:
    """What was measured after the warm-up; of the files the most there were right after it."""
    samples = soaked.samples
    warm = [one for one in samples if one.after_s >= samples[-1].after_s * _WARM]
    files = max(one.files for one in warm[: max(1, len(warm) // 2)])
    return Growth(msgspec.structs.replace(warm[0], files=files), samples[-1])


async def soak(followers: int, seconds: float, every: float = _EVERY_S) -> tuple[Soaked, int]:
    """One run; returns what the console told of it, and how many faults struck."""
    with tempfile.TemporaryDirectory(prefix="proof-soak-") as folder:
        async with real_broker(followers + 1) as broker:
            setup = Setup(broker.line, folder, seed=1, life=0, plans=0)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.proof.soaked_console",
                msgspec.json.encode(setup).decode(), f"{seconds}", f"{every}",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 28,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
            if process.stdin is None or process.stdout is None:
                raise AssertionError("the console was started without pipes")
            try:
                async with asyncio.timeout(seconds + _SETTLES_S):
                    await broker.arm(_MISFORTUNES)
                    while (line := await process.stdout.readline()) not in (b"\n", b""):
                        pass  # what is pressed and placed
                    faults = await broker.disarm()
                    process.stdin.write(b"\n")
                    told = b""
                    while line := await process.stdout.readline():
                        told = line
                if await process.wait() != 0 or not told:
                    raise ProofBroken("the console ended by itself")
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            soaked = msgspec.json.decode(told, type=Soaked)
            sent_at_most_once(soaked.verdict, await broker.wire(), await broker.tags())
            return soaked, faults
