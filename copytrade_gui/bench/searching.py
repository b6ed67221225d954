"""How long the list of instruments takes to answer while one types."""

from __future__ import annotations

import asyncio
import time

from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.small_stand import paper_console, told

_WORDS = ("RELIANCE-EQ", "NIFTY 25000 CE", "BANKNIFTY FUT", "GOLD", "TCS", "ZZZZ")


def measure(rounds: int) -> dict[str, object]:
    """Type each text so many times, letter by letter; figures in ms a letter."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> dict[str, object]:
    taken: list[float] = []
    found = 0
    async with paper_console(1) as opened:
        for _ in range(rounds):
            for text in _WORDS:
                for length in range(1, len(text) + 1):
                    started = time.perf_counter_ns()
                    found += len(await opened.console.market.search(text[:length], 30))
                    taken.append((time.perf_counter_ns() - started) / 1e6)
    return {
        "bench": "search",
        "letters": len(taken),
        "rows_found": found,
        **told("letter", taken),
        "machine": machine(),
    }
