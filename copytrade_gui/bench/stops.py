"""The stops bench: how long a KILL and a restart take with thousands of resting orders.

The judge is the simulated broker's own ledger: a KILL has ended when it shows no order open.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions, read_accounts, simulator
from copytrade_gui.bench.cores import on_the_brokers_core
from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.figures import Target
from copytrade_gui.bench.stand import BenchError, Contender, desk_client, find_instrument, price_of
from copytrade_gui.bench.stand import start as start_child
from copytrade_gui.bench.words import Kill, MayTrade, Rest, Rested, Resting, RestSetup, Shown

_LIMIT_S = 240.0
_POLL_S = 0.05
_BELOW = 0.96
"""Of the last price: a buy order that rests."""
_MOST_CANCELS = 1.1
_MOST_GROWTH = 2.3
_KILL_S = 8.0
_READY_S = 15.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line chose; ``orders`` are spread evenly over the accounts."""

    orders: Sequence[int] = (2_000, 5_000, 10_000)
    accounts: int = 500
    latency_ms: float = 60.0
    tls: Sequence[bool] = (False, True)
    restart: bool = True


@dataclass(frozen=True, slots=True)
class Killed:
    """One KILL. Seconds from the press until the ledger shows no order open."""

    tls: bool
    orders: int
    seconds: float
    cancels_per_order: float
    refused_for_rate: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """One start on a folder with resting orders. Seconds from the start of the process."""

    tls: bool
    orders: int
    window_s: float
    ready_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run."""

    options: Options
    machine: Mapping[str, object]
    kills: Sequence[Killed]
    restarts: Sequence[Restarted]
    targets: Sequence[Target]

    def as_json(self) -> dict[str, object]:
        """One JSON object."""
        return {
            "options": asdict(self.options),
            "machine": dict(self.machine),
            "kills": [asdict(kill) for kill in self.kills],
            "restarts": [asdict(restart) for restart in self.restarts],
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
        }

    def table(self) -> str:
        """For the terminal."""
        lines = [f"{'KILL of':<24}{'seconds':>10}{'cancels an order':>20}"]
        lines += [
            f"{f'{kill.orders:,} orders' + (', TLS' if kill.tls else ''):<24}"
            f"{kill.seconds:>10.2f}{kill.cancels_per_order:>20.3f}"
            for kill in self.kills
        ]
        lines += [f"{'restart with':<24}{'window s':>10}{'ready s':>20}"] if self.restarts else []
        lines += [
            f"{f'{each.orders:,} orders' + (', TLS' if each.tls else ''):<24}"
            f"{each.window_s:>10.2f}{each.ready_s:>20.2f}"
            for each in self.restarts
        ]
        return "\n".join(lines)


def measure(options: Options) -> Outcome:
    """Run everything.

    Raises:
        BenchError, BrokerFailureError: one sentence.
    """
    return asyncio.run(_measure(options))


async def _measure(options: Options) -> Outcome:
    kills: list[Killed] = []
    restarts: list[Restarted] = []
    for tls in options.tls:
        for orders in options.orders:
            async with _resting(options, orders, tls=tls) as here:
                kills.append(await here.kill())
                _say(f"KILL of {orders:,}{', TLS' if tls else ''}: {kills[-1].seconds:.2f} s")
    if options.restart:
        most, tls = max(options.orders), options.tls[0]
        async with _resting(options, most, tls=tls) as here:
            restarts.append(await here.start_again())
            _say(f"restart with {most:,}: {restarts[-1].ready_s:.2f} s")
    return Outcome(options, machine(), kills, restarts, targets(kills, restarts))


def targets(kills: Sequence[Killed], restarts: Sequence[Restarted]) -> list[Target]:
    """What was promised of these sizes, with what was measured."""
    found = [
        Target(
            "cancels_per_order",
            "cancel requests an order, at most",
            max(kill.cancels_per_order for kill in kills),
            _MOST_CANCELS,
        )
    ]
    for tls in dict.fromkeys(kill.tls for kill in kills):
        of = {kill.orders: kill.seconds for kill in kills if kill.tls is tls}
        way = "TLS" if tls else "plain"
        if 5_000 in of:
            found.append(
                Target(f"kill_5000_{way}", f"KILL of 5,000, {way}", of[5_000], _KILL_S, unit="s")
            )
        if {5_000, 10_000} <= of.keys():
            growth = of[10_000] / of[5_000]
            found.append(
                Target(f"growth_{way}", f"KILL of 10,000 / of 5,000, {way}", growth, _MOST_GROWTH)
            )
    found += [
        Target("restart_ready", f"ready with {each.orders:,}", each.ready_s, _READY_S, unit="s")
        for each in restarts
        if each.orders == 10_000
    ]
    return found


@dataclass(frozen=True, slots=True)
class _Stand:
    """A broker with resting orders, and the console that placed them."""

    console: Contender
    setup: RestSetup
    desk: httpx.AsyncClient
    orders: int
    tls: bool

    async def kill(self) -> Killed:
        """Press KILL and wait until the ledger shows nothing open."""
        began = time.monotonic()
        pressed = asyncio.create_task(self.console.ask(Kill("now"), Rested, _LIMIT_S))
        try:
            still, seconds = self.orders, 0.0
            while still and seconds < _LIMIT_S:
                await asyncio.sleep(_POLL_S)
                still = await self.open_at_broker()
                seconds = time.monotonic() - began
        finally:
            await pressed
        if still:
            raise BenchError(f"{still} of {self.orders} orders are open {_LIMIT_S:g} s after KILL")
        counted = (await self.desk.get(f"{self.setup.control_url}/requests")).json()
        cancels = sum(calls.get("cancel", 0) for calls in counted["accounts"].values())
        return Killed(
            self.tls, self.orders, seconds, cancels / self.orders, counted["refused_for_rate"]
        )

    async def start_again(self) -> Restarted:
        """End the console, start another one with a window on its folder."""
        await self.console.end()
        began = time.monotonic()
        window = Contender("the window", await start_child("restarted"))
        try:
            shown = await window.ask(self.setup, Shown, _LIMIT_S)
            window_s = time.monotonic() - began
            ready = await window.hear(MayTrade, _LIMIT_S)
            ready_s = time.monotonic() - began
        finally:
            await window.end()
        for count in (shown.shown, ready.may_trade):
            if count != self.orders:
                raise BenchError(f"{count} of {self.orders} orders were open after the restart")
        return Restarted(self.tls, self.orders, window_s, ready_s)

    async def open_at_broker(self) -> int:
        """Orders that its ledger shows open."""
        reply = await self.desk.get(f"{self.setup.control_url}/summary")
        return int(reply.json()["open"])


@asynccontextmanager
async def _resting(options: Options, orders: int, *, tls: bool) -> AsyncIterator[_Stand]:
    """A broker and a console whose orders rest there.

    Raises:
        BenchError, BrokerFailureError: one of them did not come so far.
    """
    plans = orders // options.accounts
    asked = SimulatorOptions(
        accounts=options.accounts, latency_ms=options.latency_ms, jitter_ms=0, tls=tls
    )
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="copytrade-bench-"))
        with on_the_brokers_core():
            line = await stack.enter_async_context(simulator(asked))
        desk = await stack.enter_async_context(desk_client(line))
        exchange, instrument_id = await find_instrument(desk, line)
        price = await price_of(desk, line, read_accounts(line)[0], exchange, instrument_id)
        console = Contender("the console", await start_child("resting"))
        stack.push_async_callback(console.end)
        setup = _setup(line, Path(folder) / "data")
        console.say(setup)
        wanted = Rest(plans, str(round(price * _BELOW)), exchange, instrument_id)
        rested = await console.ask(wanted, Resting, _LIMIT_S)
        stand = _Stand(console, setup, desk, plans * options.accounts, tls)
        if rested.resting != stand.orders or await stand.open_at_broker() != stand.orders:
            raise BenchError(f"{rested.resting} of {stand.orders} orders rest at the broker")
        yield stand


def _setup(line: SimulatorLine, folder: Path) -> RestSetup:
    return RestSetup(
        base_url=line.base_url,
        login_url=line.login_url,
        control_url=line.control_url,
        ca_file=line.ca_file,
        accounts_file=line.accounts_file,
        folder=str(folder),
    )


def _say(sentence: str) -> None:
    sys.stderr.write(f"bench: {sentence}\n")
    sys.stderr.flush()
