"""Windows: messages of the session and of power that come to the window itself.

Numbers: winuser.h and wtsapi32.h of the Windows SDK.
"""

from __future__ import annotations

import ctypes
import sys

from PySide6.QtCore import QAbstractNativeEventFilter, QByteArray, QCoreApplication
from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.lock.screen_lock import ScreenLock

_SESSION_CHANGE = 0x02B1
_SESSION_LOCK = 0x7
_POWER = 0x0218
_SUSPEND = 0x4
_THIS_SESSION = 0


def means_lock(message: int, word: int) -> bool:
    """Whether a window's message, with its first parameter, says lock or sleep."""
    return (message, word) in ((_SESSION_CHANGE, _SESSION_LOCK), (_POWER, _SUSPEND))


class _Message(ctypes.Structure):
    """The head of ``MSG``."""

    _fields_ = (
        ("window", ctypes.c_void_p),
        ("message", ctypes.c_uint),
        ("word", ctypes.c_size_t),
    )


class WindowsScreenLock(ScreenLock):
    """Asks for the session's messages, which come with those of power to every window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._filter = _Filter(self)
        self.covers = "the lock of the screen and sleep"

    def begin(self) -> None:
        """Listen from now on."""
        application = QCoreApplication.instance()
        if application is not None:
            application.installNativeEventFilter(self._filter)
        if sys.platform == "win32":
            ctypes.windll.wtsapi32.WTSRegisterSessionNotification(
                ctypes.c_void_p(int(self._window.winId())), _THIS_SESSION
            )

    def stop(self) -> None:
        """Listen no more."""
        application = QCoreApplication.instance()
        if application is not None:
            application.removeNativeEventFilter(self._filter)
        if sys.platform == "win32":
            ctypes.windll.wtsapi32.WTSUnRegisterSessionNotification(
                ctypes.c_void_p(int(self._window.winId()))
            )


class _Filter(QAbstractNativeEventFilter):
    def __init__(self, source: WindowsScreenLock) -> None:
        super().__init__()
        self._source = source

    def nativeEventFilter(
        self, kind: QByteArray | bytes | bytearray | memoryview, message: int
    ) -> tuple[bool, int]:
        """Qt asks before it looks at a message itself; nothing is kept from it."""
        if QByteArray(kind).data() == b"windows_generic_MSG":
            seen = _Message.from_address(int(message))
            if means_lock(seen.message, seen.word):
                self._source.locked.emit()
        return False, 0
