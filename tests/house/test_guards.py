"""Each guard catches its kind: one run of deliberately untidy tests, seen from outside."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEXT_SECTION = re.compile(r"^(?:_{3,} |={3,} )", re.MULTILINE)

UNTIDY = """
import asyncio
import gc
import logging
import socket
import threading
import warnings

import pytest
import structlog
from PySide6.QtCore import QObject, QTimer, qWarning
from PySide6.QtWidgets import QWidget

from tests.house.guards import leftovers

leftovers.GRACE_SECONDS = 0.5  # its one thread never ends
KEPT = []


def test_log_unexpected():
    logging.getLogger("engine").warning("the lane stalls")


def test_structlog_unexpected():
    structlog.get_logger("engine").error("the lane is closed")


@pytest.mark.expected_log("the lane .* stalls")
def test_log_expected():
    logging.getLogger("engine").warning("the lane of account A1 stalls")


def test_log_expected_by_fixture(expected_log):
    expected_log("stalls")
    logging.getLogger("engine").warning("the lane stalls")


@pytest.mark.expected_log("never said")
def test_log_missing():
    pass


@pytest.fixture
def noisy_clean_up():
    yield
    logging.getLogger("engine").warning("while cleaning up")


def test_log_in_clean_up(noisy_clean_up):
    pass


def test_qt_message():
    qWarning("a signal nobody has")


@pytest.mark.expected_qt_message("signal nobody")
def test_qt_message_expected():
    qWarning("a signal nobody has")


def test_qt_message_of_qt(qapp):
    QObject().killTimer(77)


def test_python_warning():
    warnings.warn("old ways")


async def test_task():
    KEPT.append(asyncio.ensure_future(asyncio.sleep(3600)))


async def test_task_awaited():
    await asyncio.ensure_future(asyncio.sleep(0))


async def test_asyncio_timer():
    asyncio.get_running_loop().call_later(3600, print)


@pytest.mark.window_loop
async def test_window_loop_task():
    KEPT.append(asyncio.ensure_future(asyncio.sleep(3600)))


async def test_task_failure_unseen():
    async def fail():
        raise ValueError("nobody asked")
    asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)


def test_qt_timer(qapp):
    timer = QTimer()
    timer.start(3_600_000)
    KEPT.append(timer)


def test_qt_timer_stopped(qapp):
    timer = QTimer()
    timer.start(3_600_000)
    timer.stop()
    KEPT.append(timer)


def test_thread():
    stop = threading.Event()
    KEPT.append(stop)
    threading.Thread(target=stop.wait, name="left-running", daemon=True).start()


def test_thread_dies():
    def fail():
        raise ValueError("in a thread")
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_thread_ended():
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()


def test_window(qapp):
    KEPT.append(QWidget())


def test_window_closed(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()


def test_socket_kept():
    KEPT.append(socket.socket())


def test_socket_dropped():
    socket.socket()


def test_socket_closed():
    socket.socket().close()


def test_tidy_after_all_that():
    gc.collect()
"""

CAUGHT = {
    "test_log_unexpected": "WARNING engine: the lane stalls",
    "test_structlog_unexpected": "the lane is closed",
    "test_log_missing": "never seen: never said",
    "test_log_in_clean_up": "while cleaning up",
    "test_qt_message": "a signal nobody has",
    "test_qt_message_of_qt": "timer",
    "test_python_warning": "old ways",
    "test_task": "left tasks behind",
    "test_asyncio_timer": "left asyncio timers behind",
    "test_window_loop_task": "left tasks behind",
    "test_task_failure_unseen": "never retrieved",
    "test_qt_timer": "left timers behind",
    "test_thread": "left threads behind: left-running",
    "test_thread_dies": "in a thread",
    "test_window": "left windows behind: QWidget",
    "test_socket_kept": "left sockets behind",
    "test_socket_dropped": "unclosed <socket",
}


@pytest.fixture
def untidy_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_untidy=UNTIDY)
    return pytester.runpytest_subprocess(
        *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(pytester.path)),
        *("-p", "no:cacheprovider", "-rA", "-vv"),
        "test_untidy.py",
    )


def test_each_guard_catches_its_kind_and_nothing_else(untidy_run: pytest.RunResult) -> None:
    text = untidy_run.stdout.str()
    bad = set(re.findall(r"^(?:FAILED|ERROR) \S*::(\w+)", text, re.MULTILINE))
    assert bad == set(CAUGHT), text
    for name, reason in CAUGHT.items():
        start = re.search(rf"^_+ (?:ERROR at teardown of )?{name} _+$", text, re.MULTILINE)
        assert start is not None, name
        section = NEXT_SECTION.split(text[start.end() :], maxsplit=1)[0]
        assert reason in section, f"{name}: {section}"
