"""The bench's stand: one simulated broker, and every contender as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from copytrade_gui.app.paper import (
    SimulatedAccount,
    SimulatorLine,
    SimulatorOptions,
    own_program,
    read_accounts,
    simulator,
)
from copytrade_gui.bench.cores import on_the_brokers_core
from copytrade_gui.bench.request import trusting
from copytrade_gui.bench.words import (
    Burst,
    Failed,
    Feed,
    Go,
    Person,
    Poised,
    Ready,
    Rested,
    Round,
    Setup,
)

CONTENDERS = (
    "floor", "ours", "after_master", "open", "after_master_open", "after_burst", "window",
    "usual", "each",
)  # fmt: skip
DETECTING = ("floor", "push", "poll", "watched", "shown")
"""Contenders for an order that the master places elsewhere; the last one has its window open."""
_HEARS_THE_FEED = frozenset({"push", "shown"})
_CONSOLES = frozenset({*CONTENDERS, *DETECTING}) - {"floor", "usual", "each", "watched"}
_START_S = 180.0
_BURST_S = 120.0
_LINE = 4 * 1024 * 1024
_SYMBOL = "RELIANCE-EQ"


Answer = TypeVar("Answer")


class BenchError(Exception):
    """The bench cannot go on; one sentence."""


class Contender:
    """One contender's process, spoken to line by line."""

    def __init__(self, name: str, child: asyncio.subprocess.Process) -> None:
        self.name = name
        self.ready: Ready | None = None
        self._child = child

    async def begin(self, setup: Setup) -> Ready:
        """Hand it the broker and its accounts; it answers when it is warm."""
        self.ready = await self.ask(setup, Ready, _START_S)
        return self.ready

    async def poise(self, order: Round) -> None:
        """Have everything made that a burst needs; back when the call itself comes next."""
        await self.ask(order, Poised, _BURST_S)

    async def go(self, order: Round) -> Burst:
        """The burst it is poised for."""
        return await self.ask(Go(order.number), Burst, _BURST_S)

    async def rest(self) -> None:
        """Back when what the burst left to do is done."""
        await self.hear(Rested, _BURST_S)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep it from computing (not on Windows): its polls load whoever has his turn."""
        if os.name != "posix":
            yield
            return
        with contextlib.suppress(ProcessLookupError):  # it ended; its next turn tells
            self._child.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGCONT)

    def say(self, message: msgspec.Struct) -> None:
        """Tell it something that it does not answer."""
        if self._child.stdin is None:
            raise AssertionError("a contender was started without pipes")
        self._child.stdin.write(msgspec.json.encode(message) + b"\n")

    async def ask(self, message: msgspec.Struct, kind: type[Answer], seconds: float) -> Answer:
        """Tell it something and wait for its answer."""
        self.say(message)
        return await self.hear(kind, seconds)

    async def hear(self, kind: type[Answer], seconds: float) -> Answer:
        """Its next line."""
        if self._child.stdout is None:
            raise AssertionError("a contender was started without pipes")
        try:
            async with asyncio.timeout(seconds):
                line = await self._child.stdout.readline()
        except TimeoutError:
            raise BenchError(f"{self.name} did not answer within {seconds:g} s") from None
        if not line:
            raise BenchError(f"{self.name} ended; its last words are above")
        if b'"failed"' in line[:12]:
            raise BenchError(f"{self.name}: {msgspec.json.decode(line, type=Failed).failed}")
        return msgspec.json.decode(line, type=kind)

    async def end(self) -> None:
        """Close its input and wait until it is gone."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            async with asyncio.timeout(30):
                await self._child.wait()
        except TimeoutError:
            self._child.kill()
            await self._child.wait()


@dataclass(frozen=True, slots=True)
class Stand:
    """Warm contenders at one broker, the floor first."""

    contenders: Sequence[Contender]
    exchange: str
    instrument_id: str
    desk: httpx.AsyncClient
    line: SimulatorLine
    asks: SimulatedAccount
    """As whom the price is asked; no contender's, whose session would end by that."""

    async def price(self) -> float:
        """The last price now, in rupees: in minutes it walks past any limit. Raises BenchError."""
        return await price_of(self.desk, self.line, self.asks, self.exchange, self.instrument_id)

    async def refusals(self) -> dict[str, int]:
        """What the broker counted: orders, refusals for rate."""
        reply = await self.desk.get(f"{self.line.control_url}/requests")
        counted = reply.json()
        return {
            "refused_for_rate": counted["refused_for_rate"],
            "calls_over_limit": counted["calls_over_limit"],
        }

    async def burst(self, contender: Contender, order: Round) -> tuple[Burst, float]:
        """One burst, during which the other contenders are stopped; back when all is at rest.

        With it the broker's own processor time in ms, from the call to the last reply.
        """
        await contender.poise(order)
        with ExitStack() as stopped:
            for other in self.contenders:
                if other is not contender:
                    stopped.enter_context(other.stopped())
            before_ms = await self._broker_cpu_ms()
            burst = await contender.go(order)
            spent_ms = await self._broker_cpu_ms() - before_ms
        await contender.rest()
        return burst, spent_ms

    async def _broker_cpu_ms(self) -> float:
        reply = await self.desk.get(f"{self.line.control_url}/clock")
        return float(reply.json()["cpu_ns"]) / 1e6


@asynccontextmanager
async def stand(
    followers: int, *, latency_ms: float, tls: bool, names: Sequence[str], folder: Path
) -> AsyncIterator[Stand]:
    """Start the broker with accounts of their own for every contender, then the contenders.

    Raises:
        BenchError, BrokerFailureError: one of them did not start.
    """
    size = followers + 1
    options = SimulatorOptions(
        accounts=size * len(names) + 1, latency_ms=latency_ms, jitter_ms=0, tls=tls
    )
    async with AsyncExitStack() as stack:
        with on_the_brokers_core():
            line = await stack.enter_async_context(simulator(options))
        accounts = read_accounts(line)
        desk = await stack.enter_async_context(desk_client(line))
        exchange, instrument_id = await find_instrument(desk, line)
        contenders = []
        for number, name in enumerate(names):
            mine = accounts[number * size : (number + 1) * size]
            contender = Contender(name, await start(name))
            stack.push_async_callback(contender.end)
            await contender.begin(await _setup(line, mine, name, desk, folder))
            contenders.append(contender)
        yield Stand(contenders, exchange, instrument_id, desk, line, accounts[-1])


async def start(name: str) -> asyncio.subprocess.Process:
    """Start a contender's process."""
    return await asyncio.create_subprocess_exec(
        *own_program(),
        "bench",
        "contender",
        name,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_LINE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


async def _setup(
    line: SimulatorLine,
    mine: Sequence[SimulatedAccount],
    name: str,
    desk: httpx.AsyncClient,
    folder: Path,
) -> Setup:
    file = folder / f"accounts-{name}.json"
    roles = ["master", *["follower"] * (len(mine) - 1)]
    own = [
        msgspec.structs.replace(account, role=role)
        for account, role in zip(mine, roles, strict=True)
    ]
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(own))
    people = [
        Person(account.client_id, await _token(desk, line, account))
        for account in (() if name in _CONSOLES else mine)
    ]
    return Setup(
        base_url=line.base_url,
        login_url=line.login_url,
        control_url=line.control_url,
        ca_file=line.ca_file,
        accounts_file=str(file),
        people=people,
        feed=_feed(line) if name in _HEARS_THE_FEED else None,
    )


def _feed(line: SimulatorLine) -> Feed | None:
    feed = line.feed
    return None if feed is None else Feed(feed.host, feed.port, feed.ca_file)


def desk_client(line: SimulatorLine) -> httpx.AsyncClient:
    """A client for the broker's control path and its public calls."""
    verify = trusting(line.ca_file) or True
    return httpx.AsyncClient(verify=verify, timeout=20.0, trust_env=False)


async def _token(desk: httpx.AsyncClient, line: SimulatorLine, account: SimulatedAccount) -> str:
    reply = await desk.post(f"{line.control_url}/sessions", json={"client_id": account.client_id})
    return str(reply.json()["token"])


async def find_instrument(desk: httpx.AsyncClient, line: SimulatorLine) -> tuple[str, str]:
    """Exchange and id of what the benches trade. Raises BenchError."""
    reply = await desk.get(f"{line.base_url}/contractfiles/NSEEQ.csv")
    head, *rows = reply.text.splitlines()
    names = [name.strip() for name in head.split(",")]
    for row in rows:
        cells = row.split(",")
        if _SYMBOL in cells:
            return "NSEEQ", cells[names.index("Instrument ID")]
    raise BenchError(f"the contract file lacks {_SYMBOL}")


async def price_of(
    desk: httpx.AsyncClient,
    line: SimulatorLine,
    account: SimulatedAccount,
    exchange: str,
    instrument_id: str,
) -> float:
    """Its last price in rupees, asked as one of the accounts. Raises BenchError."""
    token = await _token(desk, line, account)
    reply = await desk.post(
        f"{line.base_url}/marketdata/marketquotes",
        json=[{"exchange": exchange, "instrumentId": instrument_id}],
        headers={"Authorization": f"Bearer {token}"},
    )
    with contextlib.suppress(KeyError, IndexError, TypeError, ValueError):
        return float(json.loads(reply.text)["result"][0]["ltp"])
    raise BenchError(f"no price of {_SYMBOL}: {reply.text[:200]}")
