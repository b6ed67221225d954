"""macOS: the distributed notification that the screen was locked, by Core Foundation.

A Mac that sleeps locks its screen if it asks for a password afterwards; sleep alone is not heard.
"""

from __future__ import annotations

import ctypes
from typing import Any

from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.lock.screen_lock import ScreenLock

_LIBRARY = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
_NAME = b"com.apple.screenIsLocked"
_UTF8 = 0x08000100
_AT_ONCE = 4
_CALLBACK = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)


class MacScreenLock(ScreenLock):
    """Hears on the main thread's run loop, which is Qt's own there."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.covers = "the lock of the screen"
        self._core: Any = None
        self._heard = _CALLBACK(lambda *_: self.locked.emit())
        """Kept: the system calls it by its address."""

    def begin(self) -> None:
        """Listen from now on."""
        core = self._core = ctypes.CDLL(_LIBRARY)
        core.CFNotificationCenterGetDistributedCenter.restype = ctypes.c_void_p
        core.CFStringCreateWithCString.restype = ctypes.c_void_p
        core.CFStringCreateWithCString.argtypes = (
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32,
        )  # fmt: skip
        core.CFNotificationCenterAddObserver.argtypes = (
            ctypes.c_void_p, ctypes.c_void_p, _CALLBACK, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_long,
        )  # fmt: skip
        core.CFNotificationCenterRemoveEveryObserver.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        core.CFNotificationCenterAddObserver(
            core.CFNotificationCenterGetDistributedCenter(), id(self), self._heard,
            core.CFStringCreateWithCString(None, _NAME, _UTF8), None, _AT_ONCE,
        )  # fmt: skip

    def stop(self) -> None:
        """Listen no more."""
        if self._core is not None:
            centre = self._core.CFNotificationCenterGetDistributedCenter()
            self._core.CFNotificationCenterRemoveEveryObserver(centre, id(self))
            self._core = None
