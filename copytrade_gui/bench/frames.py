"""How smooth the window stays: 2,000 feed rows, and 10 events a second for each of 500 followers.

Real orders of a real console fill the feed; then changes of these orders are published on the
engine's bus, evenly over the second, as a market in motion would make them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import msgspec
import qasync
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions
from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.ours import Desk
from copytrade_gui.bench.small_stand import told
from copytrade_gui.bench.words import Round
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import FileMemory

FOLLOWERS = 500
ROWS = 2_000
EVENTS_PER_S = 10
_BEAT_MS = 4
_TICK_S = 0.02


def measure(rounds: int) -> dict[str, object]:
    """Watch the window for so many seconds; gaps between the beats of its loop, in ms."""
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with (
        tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder,
        asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner,
    ):
        return runner.run(_measure(rounds, Path(folder)))


async def _measure(seconds: int, folder: Path) -> dict[str, object]:
    paper = SimulatorOptions(accounts=FOLLOWERS + 1, latency_ms=20, jitter_ms=0)
    options = OpenOptions(data_dir=folder, paper=paper, plain_sizing=True, limits=NO_LIMITS)
    async with EngineThread(options) as engine:
        window = MainWindow(engine.console(), settings=FileMemory(folder / "window.ini"))
        window.resize(1600, 1000)
        window.show()
        await window.start()
        views = await engine.call(_orders(engine.opened))
        await asyncio.sleep(2.0)
        beats: list[int] = []
        beat = QTimer()
        beat.setTimerType(Qt.TimerType.PreciseTimer)
        beat.timeout.connect(lambda: beats.append(time.perf_counter_ns()))
        beat.start(_BEAT_MS)
        published = await engine.call(_stir(engine.opened, views, seconds))
        beat.stop()
        await window.stop()
    gaps = [(after - before) / 1e6 for before, after in itertools.pairwise(beats)]
    return {
        "bench": "ui",
        "seconds": seconds,
        "events_per_s": round(published / seconds),
        "orders_in_feed": len(views),
        "gaps_over_50_ms": sum(gap > 50 for gap in gaps),
        "gaps_over_100_ms": sum(gap > 100 for gap in gaps),
        **told("gap", gaps),
        "machine": machine(),
    }


async def _orders(opened: Opened) -> Sequence[OrderView]:
    with Desk(opened) as desk:
        await desk.log_in()
        instrument = (await opened.console.market.search("RELIANCE-EQ", 1))[0]
        quote = await opened.console.market.quote(instrument.key)
        last = 1300 if quote is None else quote.last
        for number in range(ROWS // FOLLOWERS):
            buy = number % 2 == 0
            order = Round(
                number=number,
                side="BUY" if buy else "SELL",
                price=str(round(float(last) * (1.004 if buy else 0.996))),
                exchange=instrument.key.exchange.value,
                instrument_id=instrument.key.instrument_id,
                quantity=10,
            )
            await desk.burst(order, await desk.draft(order))
    return [order.view() for order in opened.engine.book]


async def _stir(opened: Opened, views: Sequence[OrderView], seconds: int) -> int:
    """Publish changes as the engine does, on its loop; returns how many."""
    published = 0
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        due = int(passed * EVENTS_PER_S * FOLLOWERS)
        while published < due:
            view = views[published % len(views)]
            moved = msgspec.structs.replace(view, changed_ns=time.time_ns(), reason=f"n{published}")
            opened.engine.bus.publish(OrderChanged(moved, view.state))
            published += 1
        await asyncio.sleep(_TICK_S)
    return published
