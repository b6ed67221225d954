"""Which source tells of the lock of the system that this program runs on."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QWidget

from copytrade_gui.ui.lock.screen_lock import ScreenLock


def system_screen_lock(window: QWidget) -> ScreenLock:
    """The source of the system that this program runs on; ``window`` is the one to be locked."""
    if sys.platform == "win32":
        from copytrade_gui.ui.lock.screen_lock_windows import (  # noqa: PLC0415 - only there
            WindowsScreenLock,
        )

        return WindowsScreenLock(window)
    if sys.platform == "darwin":
        from copytrade_gui.ui.lock.screen_lock_mac import MacScreenLock  # noqa: PLC0415 - only there

        return MacScreenLock(window)
    from copytrade_gui.ui.lock.screen_lock_dbus import DBusScreenLock  # noqa: PLC0415 - only there

    return DBusScreenLock.of_system(window)
