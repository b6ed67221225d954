"""What a test starts it also ends: threads, sockets, Qt timers, windows, asyncio tasks and timers.

Each guard compares the moment before the test's own fixtures with the moment after them, so
fixtures of a wider scope (a simulator shared by a module) do not count.
"""

import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from itertools import compress
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget

# A thread that was told to stop may need this long to be gone, on a busy machine.
GRACE_SECONDS = 30.0
# pytest-timeout's own clock for the running test.
FOREIGN_THREADS = ("pytest_timeout",)
# Qt keeps one window for all tool tips of the program.
SHARED_WINDOWS = ("QTipLabel",)


def open_sockets() -> set[str]:
    """Name the sockets of this process; Linux only, elsewhere ResourceWarning has to do."""
    found: set[str] = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = str(entry.readlink())
        except OSError:  # the folder's own descriptor is gone by now
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def settled_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return threads that are still alive after a grace period and were not there before."""
    deadline = time.monotonic() + GRACE_SECONDS
    while True:
        extra = [
            thread
            for thread in threading.enumerate()
            if thread not in before and not thread.name.startswith(FOREIGN_THREADS)
        ]
        if not extra or time.monotonic() > deadline:
            return extra
        extra[0].join(0.05)


_LEFT: list[QWidget] = []


def windows() -> list[QWidget]:
    """Return the top-level windows without a parent that Qt knows, visible or not."""
    if not isinstance(QCoreApplication.instance(), QApplication):
        return []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget.parent() is None and widget.metaObject().className() not in SHARED_WINDOWS
    ]


def running_qt_timers() -> list[QTimer]:
    """Return the running QTimers that Python code has made; Qt's own are not its business."""
    if QCoreApplication.instance() is None:
        return []
    kinds = {QTimer}
    while more := {kind for known in kinds for kind in known.__subclasses__()} - kinds:
        kinds |= more
    # Some hundred thousand objects twice a test: no line of Python is run for each.
    things = gc.get_objects()
    timers = compress(things, map(kinds.__contains__, map(type, things)))
    return [timer for timer in timers if shiboken6.isValid(timer) and timer.isActive()]


def fail_for(what: str, names: list[str]) -> None:
    if names:
        pytest.fail(f"The test left {what} behind: " + "; ".join(sorted(names)), pytrace=False)


@pytest.fixture(autouse=True)
def leftover_guard(unexpected_log_guard: None, qt_message_guard: list[str]) -> Iterator[None]:
    threads_before = set(threading.enumerate())
    sockets_before = open_sockets()
    windows_before = {id(window) for window in windows()}
    timers_before = {id(timer) for timer in running_qt_timers()}
    yield
    new_windows = [window for window in windows() if id(window) not in windows_before]
    window_names = [f"{type(window).__name__} {window.objectName()!r}" for window in new_windows]
    for window in new_windows:  # one culprit, not every test after it
        window.hide()
    # What a failed test was in the midst of is not taken apart: Qt may crash over it, and hide why
    # it failed.
    _LEFT.extend(new_windows)
    del new_windows
    # Sockets, files and unseen task failures speak up when they are collected.
    gc.collect()
    new_timers = [timer for timer in running_qt_timers() if id(timer) not in timers_before]
    timer_names = [f"QTimer {timer.objectName()!r}" for timer in new_timers]
    for timer in new_timers:
        timer.stop()
    del new_timers
    thread_names = [thread.name for thread in settled_threads(threads_before)]
    sockets = sorted(open_sockets() - sockets_before)
    fail_for("windows", window_names)
    fail_for("timers", timer_names)
    fail_for("threads", thread_names)
    fail_for("sockets", sockets)


@pytest.fixture
async def task_guard(leftover_guard: None) -> AsyncIterator[None]:
    """Runs on the test's own loop; requested for coroutine tests by `coroutine_test_guard`."""
    yield
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)  # what was cancelled in the last step ends here
    mine = asyncio.current_task()
    tasks = [task.get_name() for task in asyncio.all_tasks() if task is not mine]
    # asyncio offers no public list of pending timers; qasync's loop has none at all.
    pending: list[asyncio.TimerHandle] = getattr(loop, "_scheduled", [])
    timers = [repr(handle) for handle in pending if not handle.cancelled()]
    fail_for("tasks", tasks)
    fail_for("asyncio timers", timers)


@pytest.fixture(autouse=True)
def coroutine_test_guard(request: pytest.FixtureRequest, leftover_guard: None) -> None:
    function = getattr(request.node, "function", None)
    if asyncio.iscoroutinefunction(function):
        request.getfixturevalue("task_guard")


def out_of_sight() -> None:
    """Take what is kept for good out of the collector's sight: each collection costs less."""
    gc.collect()
    gc.freeze()


def private_folders(root: Path) -> dict[str, str]:
    """Environment that keeps a test away from the developer's own data and key store."""
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    folders = {name: root / name.lower() for name in (*names, "XDG_RUNTIME_DIR", "HOME")}
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: os.fspath(folder) for name, folder in folders.items()}
