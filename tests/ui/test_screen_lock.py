"""The window locks with the system's screen and before its sleep, as the buses tell it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from PySide6.QtDBus import (
    QDBusConnection,
    QDBusMessage,
    QDBusObjectPath,
    QDBusUnixFileDescriptor,
    QDBusVirtualObject,
)

from copytrade_gui.ui.lock.screen_lock_dbus import LOGIN, MANAGER, SAVERS, DBusScreenLock
from copytrade_gui.ui.lock.screen_lock_windows import means_lock
from copytrade_gui.ui.main_window import MainWindow
from tests.ui.conftest import until
from tests.ui.fakes import World
from tests.ui.test_lock import RIGHT, unlock

pytestmark = [pytest.mark.window_loop, pytest.mark.timeout(60)]

SESSION = f"{MANAGER}/session/_31"


class LoginManager(QDBusVirtualObject):
    """Answers as logind does; each delay it gives out is a pipe that closes when it is let go."""

    def __init__(self, bus: QDBusConnection) -> None:
        super().__init__()
        self.held: list[int] = []
        self._bus = bus

    def introspect(self, path: str) -> str:
        return ""

    def handleMessage(  # noqa: N802 - Qt's own name
        self, message: QDBusMessage, _bus: QDBusConnection
    ) -> bool:
        answer: object
        if message.member() == "Inhibit":
            assert message.arguments()[0] == "sleep"
            assert message.arguments()[3] == "delay"
            reader, writer = os.pipe()
            answer = QDBusUnixFileDescriptor(writer)
            os.close(writer)
            self.held.append(reader)
        else:
            assert message.member() == "GetSession"
            answer = QDBusObjectPath(SESSION)
        self._bus.send(message.createReply(answer))
        return True

    def let_go(self, number: int) -> bool:
        """Whether the delay given out as the ``number``-th was closed."""
        os.set_blocking(self.held[number], False)
        try:
            return os.read(self.held[number], 1) == b""
        except BlockingIOError:
            return False


class Bus:
    """A bus of its own, with a desktop and a login manager on it."""

    def __init__(self, address: str) -> None:
        self.ours = QDBusConnection.connectToBus(address, "ours")
        self.theirs = QDBusConnection.connectToBus(address, "theirs")
        assert self.theirs.registerService(LOGIN)
        self.login = LoginManager(self.theirs)
        assert self.theirs.registerVirtualObject(MANAGER, self.login)

    def tell(self, path: str, interface: str, name: str, *words: object) -> None:
        """Send a signal."""
        signal = QDBusMessage.createSignal(path, interface, name)
        signal.setArguments(list(words))
        assert self.theirs.send(signal)


@pytest.fixture
def bus() -> Iterator[Bus]:
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--print-address", "--nofork"],  # .ci/system-packages
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Bus(process.stdout.readline().strip())
    finally:
        QDBusConnection.disconnectFromBus("ours")
        QDBusConnection.disconnectFromBus("theirs")
        process.terminate()
        process.wait(20)
        process.stdout.close()


async def test_the_screen_saver_the_session_and_sleep_lock_the_window(
    bus: Bus, window: MainWindow, world: World
) -> None:
    world.lock.passphrase = RIGHT
    await window.lock_work.load()
    source = DBusScreenLock(window, bus.ours, bus.ours)
    heard: list[int] = []
    source.locked.connect(lambda: heard.append(1))
    window.lock_work.follow(source)
    await until(lambda: bool(bus.login.held))

    def locked() -> bool:
        return window.lock_work.locked

    for saver in SAVERS:
        bus.tell("/ScreenSaver", saver, "ActiveChanged", False)
        bus.tell("/ScreenSaver", saver, "ActiveChanged", True)
        await until(locked)
        await unlock(window)
    bus.tell(f"{MANAGER}/session/_39", f"{LOGIN}.Session", "Lock")  # another person's
    bus.tell(SESSION, f"{LOGIN}.Session", "Unlock")
    bus.tell(SESSION, f"{LOGIN}.Session", "Lock")
    await until(locked)
    assert len(heard) == len(SAVERS) + 1, "neither another session nor an unlock locks"
    await unlock(window)
    assert not bus.login.let_go(0)
    bus.tell(MANAGER, f"{LOGIN}.Manager", "PrepareForSleep", True)
    await until(lambda: bus.login.let_go(0))
    assert locked(), "sleep was held back until the window was covered"
    bus.tell(MANAGER, f"{LOGIN}.Manager", "PrepareForSleep", False)
    await until(lambda: len(bus.login.held) == 2)
    await unlock(window)
    source.stop()
    bus.tell("/ScreenSaver", SAVERS[0], "ActiveChanged", True)
    assert bus.login.let_go(1)
    bus.tell(MANAGER, f"{LOGIN}.Manager", "PrepareForSleep", True)
    assert not locked()


async def test_without_a_passphrase_the_screen_lock_locks_nothing_and_says_nothing(
    bus: Bus, window: MainWindow
) -> None:
    """Nothing could unlock it; Ctrl+L says so, a screen saver every ten minutes need not."""
    window.lock_work.follow(DBusScreenLock(window, bus.ours, bus.ours))
    await until(lambda: bool(bus.login.held))
    before = window.desk.notices.all
    bus.tell(MANAGER, f"{LOGIN}.Manager", "PrepareForSleep", True)
    await until(lambda: bus.login.let_go(0))
    assert not window.lock_work.locked
    assert window.desk.notices.all == before


async def test_a_machine_without_buses_opens_its_window(window: MainWindow) -> None:
    nowhere = QDBusConnection("nowhere")
    source = DBusScreenLock(window, nowhere, nowhere)
    window.lock_work.follow(source)
    assert source.covers == ""
    source.stop()


@pytest.mark.parametrize(
    ("message", "word", "locks"),
    [
        (0x02B1, 0x7, True),  # WM_WTSSESSION_CHANGE: the session was locked
        (0x02B1, 0x8, False),  # unlocked
        (0x02B1, 0x5, False),  # somebody logged on
        (0x0218, 0x4, True),  # WM_POWERBROADCAST: suspend
        (0x0218, 0x12, False),  # resumed
        (0x0100, 0x7, False),  # a key
    ],
)
def test_what_windows_means_by_its_messages(message: int, word: int, locks: bool) -> None:
    assert means_lock(message, word) is locks
