"""A trader's first morning: contract files, followers imported, logged in, the first preview.

The whole program with its window, in an empty folder, at a simulated broker that it has to
itself. The preview is timed as its user sees it, from the last letter typed until the ticket says
who gets what, and once more by what it took of the loop on which orders leave.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import msgspec
import qasync
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.paper import SimulatedAccount, SimulatorOptions, read_accounts, simulator
from copytrade_gui.app.wiring import Opened, OpenOptions
from copytrade_gui.bench.cores import on_the_brokers_core
from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.figures import Target
from copytrade_gui.bench.on_loop import timed
from copytrade_gui.bench.stand import BenchError
from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.services.console import Console
from copytrade_gui.services.verbs import Preview
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import FileMemory

SYMBOL = "RELIANCE-EQ"
PREVIEW_MS = 100.0
PREVIEW_LOOP_MS = 2.0
_RATIOS = ("1", "0.5", "2", "1.5", "0.75")
_WAIT_S = 60.0
_LOOK_S = 0.001


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line chose; ``previews`` are typed one after the other, the first counts."""

    accounts: int = 500
    latency_ms: float = 60.0
    previews: int = 11


@dataclass(frozen=True, slots=True)
class Outcome:
    """One morning: milliseconds, and what came of each step."""

    figures: dict[str, float]
    counts: dict[str, int]
    machine: dict[str, object]
    targets: Sequence[Target]

    def as_json(self) -> dict[str, object]:
        """One object for ``--json``."""
        targets = [
            {"name": one.name, "bound": one.bound, "measured": one.measured, "met": one.met}
            for one in self.targets
        ]
        return {
            "bench": "morning",
            **self.counts,
            **self.figures,
            "targets": targets,
            "machine": self.machine,
        }

    def rows(self) -> dict[str, object]:
        """What the terminal shows."""
        return {**self.counts, **{name: round(ms, 2) for name, ms in self.figures.items()}}


def measure(options: Options) -> Outcome:
    """Live through one morning. Raises BenchError, BrokerFailureError."""
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with (
        tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder,
        asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner,
    ):
        return runner.run(_measure(options, Path(folder)))


async def _measure(options: Options, folder: Path) -> Outcome:
    asked = SimulatorOptions(
        accounts=options.accounts + 1, latency_ms=options.latency_ms, jitter_ms=0
    )
    async with AsyncExitStack() as stack:
        with on_the_brokers_core():
            line = await stack.enter_async_context(simulator(asked))
        accounts = read_accounts(line)
        master = folder / "master.json"
        master.touch(mode=0o600)
        master.write_bytes(msgspec.json.encode(accounts[:1]))
        followers = folder / "followers.csv"
        followers.touch(mode=0o600)
        followers.write_text(followers_file(accounts[1:]), encoding="utf-8")
        own = msgspec.structs.replace(line, accounts_file=str(master))
        console = OpenOptions(
            data_dir=folder,
            paper=SimulatorOptions(accounts=0, attached=own),
            limits=NO_LIMITS,
            contracts_first=False,
        )
        engine = await stack.enter_async_context(EngineThread(console))
        return await _morning(options, engine, followers)


async def _morning(options: Options, engine: EngineThread, followers: Path) -> Outcome:
    started = time.perf_counter()
    figures: dict[str, float] = {}
    await engine.call(engine.opened.contracts_loaded())
    figures["contracts_ms"] = _ms_since(started)
    console = engine.console()
    window = MainWindow(console, settings=FileMemory(followers.with_name("window.ini")))
    window.resize(1600, 1000)
    window.show()
    await window.start()
    master = window.desk.roster.master
    if master is None:
        raise BenchError("the console has no master")
    started = time.perf_counter()
    seen = await console.followers.check_csv(master.account_id, followers)
    done = await console.followers.import_csv(master.account_id, followers, seen)
    await window.follower_work.edits.reload()
    figures["import_ms"] = _ms_since(started)
    started = time.perf_counter()
    stands = await console.sessions.login_all_paper()
    figures["login_ms"] = _ms_since(started)
    ready = sum(one.session is SessionState.READY for one in stands)
    if ready != options.accounts + 1:
        raise BenchError(f"{ready} of {options.accounts + 1} accounts were logged in")
    shown, on_loop = await _previews(options, engine.opened, console, window)
    await window.stop()
    figures |= {
        "preview_ms": shown[0],
        "preview_again_ms": median(shown[1:] or shown),
        "preview_loop_ms": on_loop[0],
        "preview_loop_again_ms": median(on_loop[1:] or on_loop),
    }
    counts = {"accounts": options.accounts, "imported": len(done.added), "logged_in": ready}
    return Outcome(
        {name: round(ms, 3) for name, ms in figures.items()}, counts, machine(), targets(figures)
    )


async def _previews(
    options: Options, opened: Opened, console: Console, window: MainWindow
) -> tuple[list[float], list[float]]:
    """Type quantities into the ticket; ms until each is answered, and ms of the orders' loop."""
    instrument = (await console.market.search(SYMBOL, 1))[0]
    ticket = window.ticket
    ticket.form.search.pick(instrument)
    await _until(lambda: bool(ticket.form.price.text()), "the ticket shows no price")
    asked = TimedPreviews(opened)
    shown: list[float] = []
    on_loop: list[float] = []
    for number in range(options.previews):
        typed = str(10 * (number + 1))
        line = ticket.form.quantity.line
        line.selectAll()
        QTest.keyClicks(line, typed[:-1])
        asked.turns_ns.clear()
        started = time.perf_counter()
        QTest.keyClicks(line, typed[-1])
        if ticket.face.send.isEnabled():
            raise BenchError("the ticket could be sent before it was checked")
        await _until(ticket.face.send.isEnabled, "no preview came")
        shown.append(_ms_since(started))
        on_loop.append(sum(asked.turns_ns) / 1e6)
        if asked.rows != options.accounts + 1:
            raise BenchError(f"the preview told of {asked.rows} accounts")
    return shown, on_loop


class TimedPreviews:
    """Counts the processor time that each preview takes of the engine's loop, turn by turn."""

    def __init__(self, opened: Opened) -> None:
        self.turns_ns: list[int] = []
        self.rows = 0
        self._preview = opened.console.trading.preview
        setattr(opened.console.trading, "preview", self._timed)  # noqa: B010 - mypy forbids the plain form

    async def _timed(self, *given: object) -> Preview:
        preview: Preview = await timed(self._preview(*given), self.turns_ns)  # type: ignore[arg-type]  # handed on as they came
        self.rows = len(preview.rows)
        return preview


def followers_file(accounts: Sequence[SimulatedAccount]) -> str:
    """The followers as a person imports them: five ratios in turn."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("name", "client_id", "app_key", "app_secret", "strategy", "parameter"))
    for number, one in enumerate(accounts):
        ratio = _RATIOS[number % len(_RATIOS)]
        name = f"Follower {number + 1:03d}"
        rows.writerow((name, one.client_id, one.app_key, one.app_secret, "ratio", ratio))
    return text.getvalue()


def targets(figures: dict[str, float]) -> Sequence[Target]:
    """What the page promises of the first preview."""
    return (
        Target(
            "preview_ms",
            "first preview, from the last letter to the ticket",
            figures["preview_ms"],
            PREVIEW_MS,
            unit="ms",
        ),
        Target(
            "preview_loop_ms",
            "first preview, of the orders' loop",
            figures["preview_loop_ms"],
            PREVIEW_LOOP_MS,
            unit="ms",
        ),
    )


async def _until(true: Callable[[], bool], else_: str) -> None:
    limit = time.monotonic() + _WAIT_S
    while not true():
        if time.monotonic() > limit:
            raise BenchError(f"{else_} within {_WAIT_S:g} s")
        await asyncio.sleep(_LOOK_S)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
