"""What the small benches share: an open paper console on the running loop, and how to tell."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.bench.figures import Spread, percentile
from copytrade_gui.domain.checks.limits import NO_LIMITS


@asynccontextmanager
async def paper_console(followers: int) -> AsyncIterator[Opened]:
    """A console in a folder of its own, at a simulator without latency; nobody is logged in."""
    paper = SimulatorOptions(accounts=followers + 1, latency_ms=0, jitter_ms=0)
    with tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder:
        options = OpenOptions(
            data_dir=Path(folder), paper=paper, plain_sizing=True, limits=NO_LIMITS
        )
        async with open_console(options) as opened:
            yield opened


def told(name: str, values: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile, least and most of one figure, in ms."""
    spread = Spread.of(values)
    return {
        f"{name}_median_ms": round(spread.median, 3),
        f"{name}_p99_ms": round(percentile(sorted(values), 99), 3),
        f"{name}_least_ms": round(spread.least, 3),
        f"{name}_most_ms": round(spread.most, 3),
    }
