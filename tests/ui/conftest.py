"""A window over a console without an engine, on the window's own loop."""

from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people
from tests.ui.fakes import World
from tests.waiting import until

__all__ = ["until"]


@pytest.fixture(scope="session")
def app(qapp: QApplication) -> QApplication:
    qapp.setQuitOnLastWindowClosed(False)
    return qapp


@pytest.fixture
def memory() -> ForgetfulMemory:
    return ForgetfulMemory()


@pytest.fixture
def world() -> World:
    return World(followers=12)


@pytest.fixture
async def window(
    app: QApplication, world: World, memory: ForgetfulMemory
) -> AsyncIterator[MainWindow]:
    made = MainWindow(world.console(), settings=memory, wall_ns=lambda: people.NOW_NS)
    made.show()
    await made.start()
    yield made
    await made.stop()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
