"""Linux and its like: the desktop's screen saver and systemd's logind, over D-Bus.

Names and signatures: the freedesktop.org ScreenSaver interface, its GNOME, Cinnamon, MATE and Xfce
forms, and org.freedesktop.login1 (its manual page).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from PySide6.QtCore import SLOT, Slot
from PySide6.QtDBus import (
    QDBusConnection,
    QDBusMessage,
    QDBusObjectPath,
    QDBusPendingCallWatcher,
    QDBusUnixFileDescriptor,
)
from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.lock.screen_lock import ScreenLock

SAVERS = tuple(
    f"org.{desktop}.ScreenSaver" for desktop in ("freedesktop", "gnome", "cinnamon", "mate", "xfce")
)
LOGIN = "org.freedesktop.login1"
MANAGER = "/org/freedesktop/login1"


class DBusScreenLock(ScreenLock):
    """Hears ``ActiveChanged`` of screen savers, ``Lock`` of this session, ``PrepareForSleep``.

    It asks logind to hold sleep back until the window is covered (a *delay* lock, a few seconds at
    most by logind's own rule); where that is refused, the window is covered after the sleep.
    """

    def __init__(self, window: QWidget, session: QDBusConnection, system: QDBusConnection) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._system = system
        self._listens = False
        self._holds_back: QDBusUnixFileDescriptor | None = None
        self._calls: set[QDBusPendingCallWatcher] = set()
        heard = ["the lock of the screen"] if session.isConnected() else []
        if system.isConnected():
            heard.append("sleep")
        self.covers = " and ".join(heard)

    @classmethod
    def of_system(cls, window: QWidget) -> DBusScreenLock:
        """On the buses of this login; one that is not there tells nothing."""
        return cls(window, QDBusConnection.sessionBus(), QDBusConnection.systemBus())

    def begin(self) -> None:
        """Listen from now on."""
        self._listens = True
        if self._session.isConnected():
            for saver in SAVERS:
                self._session.connect(
                    "", "", saver, "ActiveChanged", self, _slot("on_active(bool)")
                )
        if not self._system.isConnected():
            return
        self._system.connect(
            LOGIN, MANAGER, f"{LOGIN}.Manager", "PrepareForSleep", self, _slot("on_sleep(bool)")
        )
        self._hold_back()
        self._ask("GetSession", [os.environ.get("XDG_SESSION_ID", "auto")], self._on_session)

    def stop(self) -> None:
        """Listen no more, and let the machine sleep at once."""
        self._listens = False  # Qt ends the connections with this object
        self._holds_back = None
        self._calls.clear()

    @Slot(bool)
    def on_active(self, active: bool) -> None:
        """A screen saver covered the screen, or left it."""
        if active and self._listens:
            self.locked.emit()

    @Slot()
    def on_lock(self) -> None:
        """This session is to be locked (``loginctl lock-session``)."""
        if self._listens:
            self.locked.emit()

    @Slot(bool)
    def on_sleep(self, begins: bool) -> None:
        """The machine is about to sleep, or has woken up."""
        if not self._listens:
            return
        if not begins:
            self._hold_back()
            return
        self.locked.emit()
        self._window.repaint()  # the picture that the screen shows when it wakes up
        self._holds_back = None  # closes it, which lets the machine sleep

    def _hold_back(self) -> None:
        what = ["sleep", "CopyTrade Console", "Covers its window first", "delay"]
        self._ask("Inhibit", what, self._on_held)

    def _on_held(self, answer: object) -> None:
        if isinstance(answer, QDBusUnixFileDescriptor) and answer.isValid():
            self._holds_back = answer

    def _on_session(self, answer: object) -> None:
        path = answer.path() if isinstance(answer, QDBusObjectPath) else ""
        if path:
            self._system.connect(LOGIN, path, f"{LOGIN}.Session", "Lock", self, _slot("on_lock()"))

    def _ask(self, name: str, words: list[str], hear: Callable[[object], None]) -> None:
        """Call the login manager without waiting: a bus that hangs must not hold up the window."""
        call = QDBusMessage.createMethodCall(LOGIN, MANAGER, f"{LOGIN}.Manager", name)
        call.setArguments(words)
        watcher = QDBusPendingCallWatcher(self._system.asyncCall(call), self)
        self._calls.add(watcher)

        def done(finished: QDBusPendingCallWatcher) -> None:
            if finished not in self._calls:
                return
            self._calls.discard(finished)
            reply = finished.reply()
            if reply.type() is QDBusMessage.MessageType.ReplyMessage and reply.arguments():
                hear(reply.arguments()[0])
            finished.deleteLater()  # its reply holds the descriptor open as well

        watcher.finished.connect(done)


def _slot(signature: str) -> bytes:
    # Qt's binding takes the text that it makes itself, and refuses the bytes that its types name.
    return cast("bytes", SLOT(signature))
