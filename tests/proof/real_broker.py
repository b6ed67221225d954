"""The simulated broker as a process of its own, which outlives every console that trades at it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import msgspec

from copytrade_gui.app.paper import SimulatorLine, own_program
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ledger import WireOrder
from tests.proof.row import ProofBroken

_START_S = 60.0
_CALL_S = 60.0

T = TypeVar("T")


class Armed(msgspec.Struct):
    """A fault of the simulator and how often it struck."""

    number: int
    hits: int


@dataclass(frozen=True, slots=True)
class RealBroker:
    """Its addresses, and its control path beside the broker's own."""

    line: SimulatorLine

    async def arm(self, faults: list[Fault]) -> None:
        """Let these misfortunes happen from now on."""
        await self._control("POST", "/faults", object, msgspec.json.encode(faults))

    async def disarm(self) -> int:
        """End every misfortune; returns how often they struck."""
        armed = await self._control("GET", "/faults", list[Armed])
        await self._control("DELETE", "/faults", object)
        return sum(fault.hits for fault in armed)

    async def wire(self) -> list[WireOrder]:
        """Every order of every place request, refused ones included."""
        return await self._control("GET", "/wire", list[WireOrder])

    async def tags(self) -> dict[str, int]:
        """How often each tag was asked for."""
        return await self._control("GET", "/tags", dict[str, int])

    async def _control(self, method: str, path: str, kind: type[T], body: bytes | None = None) -> T:
        parts = urlsplit(self.line.control_url)
        address = f"{parts.scheme}://{parts.netloc}{parts.path}{path}"
        headers = {"Content-Type": "application/json"}
        request = Request(address, body, headers, method=method)  # noqa: S310 - our own loopback

        def ask() -> bytes:
            with urlopen(request, timeout=_CALL_S) as reply:  # noqa: S310 - our own loopback
                content: bytes = reply.read()
            return content

        return msgspec.json.decode(await asyncio.to_thread(ask), type=kind)


@asynccontextmanager
async def real_broker(
    accounts: int, *, seed: int = 1, latency_ms: float = 60, jitter_ms: float = 20
) -> AsyncIterator[RealBroker]:
    """Run the simulator until this context ends; no death of a console takes it along."""
    process = await asyncio.create_subprocess_exec(
        *own_program(),
        "simulator",
        f"--accounts={accounts}",
        f"--seed={seed}",
        f"--latency-ms={latency_ms:g}",
        f"--jitter-ms={jitter_ms:g}",
        "--capital=10000000000",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        if process.stdout is None:
            raise AssertionError("the simulator was started without a pipe")
        async with asyncio.timeout(_START_S):
            first = await process.stdout.readline()
        if not first:
            raise ProofBroken("the simulated broker did not start")
        yield RealBroker(msgspec.json.decode(first, type=SimulatorLine))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()
        await asyncio.sleep(0)  # the pipe's transport closes at the next turn
