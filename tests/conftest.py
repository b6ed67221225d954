"""What every test gets: no stray warning, no leftovers, nobody's real data."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping

# Before anything imports Qt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
# Nobody's real key store is opened by a test; the ones that need a store bring their own.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

import hypothesis
import pytest
import structlog
from PySide6.QtWidgets import QApplication

from tests.house.guards.leftovers import (
    coroutine_test_guard,
    leftover_guard,
    out_of_sight,
    private_folders,
    task_guard,
)
from tests.house.guards.logs import expected_log, log_expectations, unexpected_log_guard
from tests.house.guards.qt_messages import qt_message_guard
from tests.proof.counts import is_quick

__all__ = [
    "coroutine_test_guard",
    "expected_log",
    "leftover_guard",
    "log_expectations",
    "qt_message_guard",
    "task_guard",
    "unexpected_log_guard",
]

pytest_plugins = ["pytester"]

# No verdict depends on how busy the machine is, nor on chance: an ordinary run draws the same
# examples as the one before, and the proofs draw new ones.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    database=None,
    print_blob=True,
    derandomize=is_quick(),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")

# Nothing waits for a real clock in a test of the rules.
QUICK_ROOMS = ("tests/domain/", "tests/engine/")
QUICK_SECONDS = 120


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("timeout") is not None:
        return  # P26 notes each call, and gives them many times as long
    for item in items:
        if item.nodeid.startswith(QUICK_ROOMS) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(QUICK_SECONDS))


def pytest_collection_finish() -> None:
    out_of_sight()


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A test marked `window_loop` runs on the window's loop, every other on asyncio's own."""
    if item.get_closest_marker("window_loop") is None:
        return {"asyncio": asyncio.new_event_loop}
    return {"window": window_loop}


def window_loop() -> asyncio.AbstractEventLoop:
    # Imported late: engine tests have no use for it.
    from qasync import QEventLoop  # noqa: PLC0415 - see above

    loop: asyncio.AbstractEventLoop = QEventLoop(QApplication.instance() or QApplication([]))
    return loop


@pytest.fixture(scope="session", autouse=True)
def nobodys_real_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point the platform's user folders at an empty one for the whole run."""
    before = dict(os.environ)
    os.environ.update(private_folders(tmp_path_factory.mktemp("user")))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module", autouse=True)
def what_outlives_a_module() -> Iterator[None]:
    """Its own fixtures have ended by then: what is left is kept for good, as imports are."""
    yield
    out_of_sight()


@pytest.fixture(scope="session", autouse=True)
def logs_reach_the_guard() -> None:
    """Send structlog through logging, where the guard listens, until the program sets it up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
