"""The whole program with its window: tables and chart live, and the window stalled every second.

The stall is Python code that keeps the interpreter busy for 200 ms on the window's thread: the
worst kind, because it does not let the engine's thread run for free as a sleep would. Bursts come
from the engine's side, at moments spread evenly over the stall's second.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import msgspec
import qasync
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.wiring import Opened
from copytrade_gui.bench import process
from copytrade_gui.bench.elsewhere import Elsewhere
from copytrade_gui.bench.ours import Desk, options_of
from copytrade_gui.bench.words import Burst, Failed, Rested, Round, Setup
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import State
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.orders_model import OrdersModel
from copytrade_gui.ui.window_state import FileMemory

STALL_MS = 200
STALL_EVERY_MS = 1000
_BEAT_MS = 4
_LOOK_MS, _SHOWN_WITHIN_S = 10, 30
_AFTER_MS = 400.0
"""The window has drawn all news of a burst this long after its last reply."""


class Pulse:
    """A fast timer on the window's loop: the gaps between its beats are the window's stalls.

    It beats, and stalls the window, between ``start`` and ``stop``: a window that went on stalling
    while others have their turn would take a fifth of a core from them.
    """

    def __init__(self) -> None:
        self.stalls: list[tuple[int, int]] = []
        self._beats: list[int] = []
        self._beat = _timer(_BEAT_MS, lambda: self._beats.append(time.monotonic_ns()))
        self._stall = _timer(STALL_EVERY_MS, self._freeze)

    def start(self) -> None:
        """Forget the last turn and go on. On the window's thread, as ``stop``."""
        self.stalls.clear()
        self._beats.clear()
        self._beat.start()
        self._stall.start()

    def _freeze(self) -> None:
        started = time.monotonic_ns()
        while time.monotonic_ns() - started < STALL_MS * 1_000_000:
            pass
        self.stalls.append((started, time.monotonic_ns()))

    def longest_ms(self, from_ns: int, to_ns: int) -> float:
        """The longest gap between two beats in a span, forced stalls apart."""
        beats = [beat for beat in self._beats if from_ns <= beat <= to_ns]
        longest = 0
        for before, after in itertools.pairwise(beats):
            forced = sum(max(0, min(end, after) - max(start, before)) for start, end in self.stalls)
            longest = max(longest, after - before - forced)
        return max(0.0, longest / 1e6 - _BEAT_MS)

    def in_stall(self, at_ns: int, until_ns: int) -> bool:
        """Whether a span touched a forced stall."""
        return any(start < until_ns and at_ns < end for start, end in self.stalls)

    def stop(self) -> None:
        """No more beats and stalls."""
        self._beat.stop()
        self._stall.stop()


def _timer(every_ms: int, call: Callable[[], object]) -> QTimer:
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(every_ms)
    timer.timeout.connect(call)
    return timer


def run() -> int:
    """Serve bursts until the bench closes our input."""
    return _run(Desk, stalls=True)


def run_shown() -> int:
    """The same with a window that nobody stalls, of orders that the master places elsewhere."""
    return _run(Elsewhere, stalls=False)


def _run(desk_of: Callable[[Opened], Desk], *, stalls: bool) -> int:
    setup = process.hear(Setup)
    if setup is None:
        return 1
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with (
        tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder,
        asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner,
    ):
        runner.run(_serve(setup, Path(folder), desk_of, stalls))
    return 0


async def _serve(
    setup: Setup, folder: Path, desk_of: Callable[[Opened], Desk], stalls: bool
) -> None:
    async with EngineThread(options_of(setup, folder)) as engine:
        window = MainWindow(engine.console(), settings=FileMemory(folder / "window.ini"))
        window.resize(1600, 1000)
        window.show()
        await window.start()
        desk = desk_of(engine.opened)
        with desk:
            process.tell(await engine.call(desk.log_in()))
            looked_at = Pulse() if stalls else window.orders.model
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()
            reader = threading.Thread(
                target=_read,
                args=(loop, engine, desk, looked_at, ended),
                daemon=True,
            )
            reader.start()
            await ended.wait()
        await window.stop()


def _read(
    window: asyncio.AbstractEventLoop,
    engine: EngineThread,
    desk: Desk,
    looked_at: Pulse | OrdersModel,
    ended: asyncio.Event,
) -> None:
    """Orders come in on a thread of their own: a stalled window must not delay the trigger."""
    try:
        while (order := process.hear(Round)) is not None:
            draft = asyncio.run_coroutine_threadsafe(desk.draft(order), engine._loop).result()
            if isinstance(looked_at, Pulse):
                _at(window, looked_at.start)
                burst = _burst(engine, desk, looked_at, order, draft)
                _at(window, looked_at.stop)
            else:
                burst = _shown(window, engine, desk, looked_at, order, draft)
            process.tell(burst)
            asyncio.run_coroutine_threadsafe(desk.rest(), engine._loop).result()
            process.tell(Rested(order.number))
    except Exception as error:  # noqa: BLE001 - whatever it was, the bench must hear of it
        process.tell(Failed(f"{type(error).__name__}: {error}"))
    finally:
        window.call_soon_threadsafe(ended.set)


def _at(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Call it on a loop's thread, and wait until it was."""
    called = threading.Event()
    loop.call_soon_threadsafe(call)
    loop.call_soon_threadsafe(called.set)
    called.wait()


def _shown(
    window: asyncio.AbstractEventLoop,
    engine: EngineThread,
    desk: Desk,
    rows: OrdersModel,
    order: Round,
    draft: Draft,
) -> Burst:
    process.wait_for_go(order)
    burst = asyncio.run_coroutine_threadsafe(desk.burst(order, draft), engine._loop).result()
    filled = _until_filled(rows, desk, burst.orders)
    shown_ns = asyncio.run_coroutine_threadsafe(filled, window).result()
    last = asyncio.run_coroutine_threadsafe(desk.last_fill_ns(), engine._loop).result()
    return msgspec.structs.replace(burst, shown_ms=(shown_ns - last) / 1e6)


async def _until_filled(rows: OrdersModel, desk: Desk, orders: int) -> int:
    """When every row of the order says *Filled*, wall clock ns. On the window's loop."""
    limit = time.monotonic() + _SHOWN_WITHIN_S
    while time.monotonic() < limit:
        shown = [] if desk.plan is None else rows.orders_of(desk.plan.plan_id)
        if len(shown) >= orders and all(one.state is State.FILLED for one in shown):
            return time.time_ns()
        await asyncio.sleep(_LOOK_MS / 1_000)  # no event tells what a row says
    raise TimeoutError(f"not all rows said Filled within {_SHOWN_WITHIN_S} s: {desk.stands()}")


def _burst(engine: EngineThread, desk: Desk, pulse: Pulse, order: Round, draft: Draft) -> Burst:
    while not pulse.stalls:
        time.sleep(0.002)
    # A stall has just ended: the next one begins a second after this one began.
    wait_ns = int(order.phase * STALL_EVERY_MS * 1e6) - STALL_MS * 1_000_000
    time.sleep(max(0.0, wait_ns / 1e9))
    process.wait_for_go(order)
    called_ns = time.monotonic_ns()
    placed = desk.burst(order, draft, called_ns)
    burst = asyncio.run_coroutine_threadsafe(placed, engine._loop).result()
    last_ns = called_ns + int(burst.replies_ms[-1] * 1e6)
    until_ns = last_ns + int(_AFTER_MS * 1e6)
    while time.monotonic_ns() < until_ns:
        time.sleep(0.01)
    return msgspec.structs.replace(
        burst,
        stall_ms=pulse.longest_ms(called_ns, until_ns),
        stalled=pulse.in_stall(called_ns, called_ns + int(burst.last_byte_ms * 1e6)),
    )
