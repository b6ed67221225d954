"""Run with a window: the engine on its own thread, the window on qasync's loop."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import qasync
from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.demo import DemoOptions, DemoResult, demo_on, table
from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions, refusals
from copytrade_gui.ui.dialogs.refusal import Refusal
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import FileMemory

T = TypeVar("T")

_SETTLE_S = 2.5


def qt_version() -> str:
    """Which Qt was loaded."""
    return qVersion()


def application() -> QApplication:
    """The one QApplication, set up so that closing a dialog never ends the loop."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("CopyTrade Console")
    app.setDesktopFileName("copytrade-console")
    app.setQuitOnLastWindowClosed(False)
    return app


def run(options: OpenOptions) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    app = application()
    try:
        _run_on(app, _window(options))
    except refusals() as refusal:
        print(f"copytrade-gui: {refusal}", file=sys.stderr)
        _show_refusal(str(refusal))
        return 1
    return 0


def demo(chosen: DemoOptions, picture: Path, data_dir: Path | None) -> int:
    """The demo in a window: the same scenario, then a screenshot; returns the exit code."""
    app = application()
    with tempfile.TemporaryDirectory(prefix="copytrade-demo-") as scratch:
        try:
            result = _run_on(app, _demo(chosen, data_dir or Path(scratch), picture))
        except refusals() as refusal:
            print(f"copytrade-gui: {refusal}", file=sys.stderr)
            return 1
    return 0 if result.ok else 1


async def _window(options: OpenOptions) -> None:
    async with EngineThread(options) as engine:
        memory = FileMemory(engine.opened.folder.root / "window.ini")
        window = MainWindow(engine.console(), settings=memory)
        window.show()
        await window.start()
        if options.paper is not None:
            await engine.console().sessions.login_all_paper()
        await window.closing.wait()
        await window.stop()


async def _demo(chosen: DemoOptions, data_dir: Path, picture: Path) -> DemoResult:
    paper = SimulatorOptions(
        accounts=chosen.followers + 1, latency_ms=chosen.latency_ms, tls=chosen.tls
    )
    options = OpenOptions(data_dir=data_dir, paper=paper, plain_sizing=True)
    async with EngineThread(options) as engine:
        memory = FileMemory(engine.opened.folder.root / "window.ini")
        window = MainWindow(engine.console(), settings=memory)
        window.resize(1600, 1000)
        window.reset_layout()  # for this size, not for the smaller one of a screen that is none
        window.show()
        await window.start()
        result, orders = await engine.call(demo_on(engine.opened, chosen))
        await asyncio.sleep(_SETTLE_S)  # let fills arrive and the chart draw before the picture
        picture.parent.mkdir(parents=True, exist_ok=True)
        window.grab().save(str(picture))
        print(table(result, orders))
        print(f"screenshot: {picture}")
        await window.stop()
    return result


def _run_on(app: QApplication, main: Coroutine[object, object, T]) -> T:
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(main)


def _show_refusal(sentence: str) -> None:
    """Nothing is open yet, so a plain dialog outside any coroutine is safe."""
    if QApplication.platformName() == "offscreen":
        return
    Refusal(sentence).exec()
