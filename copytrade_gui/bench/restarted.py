"""The whole program with its window, started on a folder with many resting orders."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import qasync
from PySide6.QtWidgets import QApplication

from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.bench import process
from copytrade_gui.bench.resting import options_of
from copytrade_gui.bench.words import Kill, MayTrade, RestSetup, Shown
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import FileMemory

_LOOK_S = 0.5


def run() -> int:
    """Tell when the window is there, and when trading may go on; end with the bench's input."""
    setup = process.hear(RestSetup)
    if setup is None:
        return 1
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        runner.run(_serve(setup))
    return 0


async def _may_go_on(trading: TradingVerbs) -> bool:
    report = await trading.recovery()
    return report is not None and not report.unread_accounts


async def _serve(setup: RestSetup) -> None:
    async with EngineThread(options_of(setup)) as engine:
        memory = FileMemory(Path(setup.folder) / "window.ini")
        window = MainWindow(engine.console(), settings=memory)
        window.resize(1600, 1000)
        window.show()
        await window.start()
        process.tell(Shown(len(window.orders.open_orders())))
        trading = engine.console().trading
        await engine.console().sessions.login_all_paper()
        while not await _may_go_on(trading):  # noqa: ASYNC110 - asked as an operator looks
            await asyncio.sleep(_LOOK_S)
        open_now = [order for order in await trading.orders() if order.state.open_at_broker]
        process.tell(MayTrade(len(open_now)))
        await asyncio.to_thread(process.hear, Kill)
        await window.stop()
