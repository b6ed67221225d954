"""The fan-out bench: all contenders at one broker, round by round, and what came of it."""

from __future__ import annotations

import asyncio
import os
import platform
import ssl
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from copytrade_gui.bench.figures import (
    FIGURES,
    Spread,
    Summary,
    Target,
    detection,
    ratios,
    summary,
    targets,
)
from copytrade_gui.bench.stand import CONTENDERS, BenchError, Stand, stand
from copytrade_gui.bench.words import Burst, Round

WARM_UPS = 1
_PAUSE_S = 0.3
_GOLDEN = 0.382
_PACKAGES = (
    "httpx",
    "httpcore",
    "aiofastnet",
    "httptools",
    "msgspec",
    "sqlalchemy",
    "aiosqlite",
    "PySide6-Essentials",
    "qasync",
    "pyqtgraph",
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line chose."""

    followers: Sequence[int] = (500,)
    latency_ms: float = 60.0
    tls: bool = True
    rounds: int = 5
    contenders: Sequence[str] = CONTENDERS


@dataclass(frozen=True, slots=True)
class BrokerSide:
    """What the simulated broker counted at one number of followers.

    ``cpu_ms`` is its own processor time for one burst of the floor's orders; None without a floor.
    """

    refused_for_rate: int
    calls_over_limit: int
    cpu_ms: Spread | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole run: summaries by followers and contender; ratios and targets at the most."""

    options: Options
    machine: Mapping[str, object]
    summaries: Mapping[int, Mapping[str, Summary]]
    ratios: Mapping[str, float]
    targets: Sequence[Target]
    broker: Mapping[int, BrokerSide]
    bursts: Mapping[int, Mapping[str, Sequence[Burst]]]

    @property
    def whole(self) -> bool:
        """True when every order of every contender was acknowledged."""
        return all(
            each.acked == each.orders
            for group in self.summaries.values()
            for each in group.values()
        )

    def as_json(self) -> dict[str, object]:
        """One JSON object."""
        return {
            "options": asdict(self.options),
            "machine": dict(self.machine),
            "ratios": {name: round(value, 3) for name, value in self.ratios.items()},
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
            "whole": self.whole,
            "followers": {
                str(count): {
                    name: {**asdict(each), "rounds_ms": _by_round(self.bursts[count][name])}
                    for name, each in group.items()
                }
                for count, group in self.summaries.items()
            },
            "detection": {
                str(count): _rounded(detection(group)) for count, group in self.bursts.items()
            },
            "broker": {str(count): asdict(said) for count, said in self.broker.items()},
        }


def _rounded(
    found: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> dict[str, dict[str, dict[str, float]]]:
    return {
        name: {
            figure: {share: round(value, 2) for share, value in shares.items()}
            for figure, shares in each.items()
        }
        for name, each in found.items()
    }


def _by_round(bursts: Sequence[Burst]) -> dict[str, list[float]]:
    """What a median hides: the figures of each round in turn, in ms."""
    return {
        name: [round(FIGURES[f"{name}_ms"](burst), 2) for burst in bursts]
        for name in ("commit", "last_byte", "last_ack")
    }


def measure(options: Options) -> Outcome:
    """Run everything.

    Raises:
        BenchError, BrokerFailureError: one sentence.
    """
    return asyncio.run(_measure(options))


async def _measure(options: Options) -> Outcome:
    summaries: dict[int, dict[str, Summary]] = {}
    broker: dict[int, BrokerSide] = {}
    kept: dict[int, dict[str, list[Burst]]] = {}
    for followers in sorted(set(options.followers)):
        with tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder:
            async with stand(
                followers,
                latency_ms=options.latency_ms,
                tls=options.tls,
                names=options.contenders,
                folder=Path(folder),
            ) as here:
                kept[followers], cpu_ms = await _rounds(here, options, followers)
                broker[followers] = BrokerSide(
                    **await here.refusals(), cpu_ms=Spread.of(cpu_ms) if cpu_ms else None
                )
                summaries[followers] = {
                    contender.name: summary(kept[followers][contender.name], contender.ready)
                    for contender in here.contenders
                    if contender.ready is not None
                }
    most = max(summaries)
    refused = sum(each.refused_for_rate for each in summaries[most].values())
    return Outcome(
        options=options,
        machine=machine(),
        summaries=summaries,
        ratios=ratios(summaries[most]),
        targets=targets(summaries[most], refused),
        broker=broker,
        bursts=kept,
    )


async def _rounds(
    here: Stand, options: Options, followers: int
) -> tuple[dict[str, list[Burst]], list[float]]:
    """The bursts of each contender, and what the floor's cost the broker, in ms of its processor.

    The floor asks for nothing but the orders themselves, so its bursts show what they cost.
    """
    broker_cpu_ms = []
    bursts: dict[str, list[Burst]] = {contender.name: [] for contender in here.contenders}
    for number in range(options.rounds + WARM_UPS):
        buy = number % 2 == 0
        price = round(await here.price() * (1.004 if buy else 0.996))
        order = Round(
            number=number,
            side="BUY" if buy else "SELL",
            price=str(price),
            exchange=here.exchange,
            instrument_id=here.instrument_id,
            quantity=10,
            phase=number * _GOLDEN % 1.0,
        )
        # Each round starts with another contender, so that none always follows the same one.
        turn = number % len(here.contenders)
        for contender in [*here.contenders[turn:], *here.contenders[:turn]]:
            await asyncio.sleep(_PAUSE_S)
            burst, cpu_ms = await here.burst(contender, order)
            if not burst.replies_ms:
                raise BenchError(f"{contender.name}: no order was answered: {burst.problem}")
            if burst.problem:
                _say(f"{contender.name}, {followers} followers, round {number}: {burst.problem}")
            if number >= WARM_UPS:
                bursts[contender.name].append(burst)
                if contender.name == "floor":
                    broker_cpu_ms.append(cpu_ms)
        _say(f"{followers} followers: round {number + 1} of {options.rounds + WARM_UPS}")
    return bursts, broker_cpu_ms


def _say(sentence: str) -> None:
    sys.stderr.write(f"bench: {sentence}\n")
    sys.stderr.flush()


def machine() -> dict[str, object]:
    """Where and with what this was measured."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "none"
    return {
        "at": datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "packages": packages,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
