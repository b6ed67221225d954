"""Bytes that an ended order takes: ``python -m tests.recovery.ended_memory`` prints them."""

from __future__ import annotations

import gc
import linecache
import tracemalloc
from collections import Counter
from fnmatch import fnmatch

from copytrade_gui.domain.order import Side, State
from tests.proof.rig import Console, world
from tests.recovery.test_ended_orders import SOON, pack, place

_FOLLOWERS, _PLANS, _WARM = 20, 16, 4


def bytes_an_order() -> float:
    """Of what our own code allocates; the simulator's ledger and the test's wire are not ours."""
    grown = 0

    async def script(console: Console) -> None:
        nonlocal grown
        console.log_all_in()
        await console.world.clock.sleep(30)
        for number in range(_WARM):
            await place(console, f"warm-{number}", (Side.BUY, Side.SELL)[number % 2])
        await pack(console)
        console.world.wire.clear()
        before = _ours()
        for number in range(_PLANS):
            await place(console, f"kept-{number}", (Side.BUY, Side.SELL)[number % 2])
            if number % 4 == 3:
                await pack(console)
        console.world.wire.clear()  # it keeps every body, which is made in our code
        grown = _ours() - before
        states = Counter(order.state for order in console.engine.book)
        assert states == {State.FILLED: (_PLANS + _WARM) * (_FOLLOWERS + 1)}

    tracemalloc.start(1)
    try:
        with world(_FOLLOWERS, settings=SOON) as made:
            made.live(script)
    finally:
        tracemalloc.stop()
    return grown / (_PLANS * (_FOLLOWERS + 1))


def _ours() -> int:
    gc.collect()
    return sum(
        trace.size
        for trace in tracemalloc.take_snapshot().traces
        if fnmatch(name := trace.traceback[0].filename, "*/copytrade_gui/*")
        and "/simulator/" not in name
        and not _is_table_of_texts(trace)
    )


def _is_table_of_texts(trace: tracemalloc.Trace) -> bool:
    """Python's one table of interned texts: it doubles now and then."""
    place = trace.traceback[0]
    return trace.size > 2**20 and "intern(" in linecache.getline(place.filename, place.lineno)


if __name__ == "__main__":
    print(bytes_an_order())
