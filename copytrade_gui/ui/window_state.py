"""What the window remembers between starts: layout, columns, choices. Never a secret or a price."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

_FRAME = QSize(16, 40)
"""What title bar and borders take on the desktops we know."""
LAYOUT_VERSION = 1
"""Raised when a dock is renamed or taken away, never by a release as such."""


class WindowMemory(Protocol):
    """A small store of texts by name; reads give None for what was never written."""

    def read(self, name: str) -> str | None:
        """The text stored under ``name``, or None."""

    def write(self, name: str, text: str) -> None:
        """Store ``text`` under ``name``; silent if it cannot be kept."""


class FileMemory:
    """Keeps the texts in one INI file; a damaged one costs the layout, nothing else."""

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    def read(self, name: str) -> str | None:
        value = self._settings.value(f"window/{name}")
        return value if isinstance(value, str) else None

    def write(self, name: str, text: str) -> None:
        self._settings.setValue(f"window/{name}", text)
        self._settings.sync()


class ForgetfulMemory:
    """Remembers until the program ends; for demonstrations and tests."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        return self.texts.get(name)

    def write(self, name: str, text: str) -> None:
        self.texts[name] = text


def read_json(memory: WindowMemory, name: str) -> dict[str, object]:
    """A stored JSON object; empty when missing or damaged, so that one bad entry spoils nothing."""
    text = memory.read(name)
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(memory: WindowMemory, name: str, value: dict[str, object]) -> None:
    """Store a JSON object."""
    memory.write(name, json.dumps(value, separators=(",", ":")))


def save_layout(window: QMainWindow, memory: WindowMemory, name: str = "layout") -> None:
    """Remember place, size and docks of the window."""
    geometry = bytes(window.saveGeometry().data())
    state = bytes(window.saveState(LAYOUT_VERSION).data())
    write_json(
        memory,
        name,
        {
            "version": LAYOUT_VERSION,
            "geometry": base64.b64encode(geometry).decode("ascii"),
            "docks": base64.b64encode(state).decode("ascii"),
        },
    )


def first_size(screen: QScreen) -> QSize:
    """A window's size before it was ever resized: what a screen offers, less what a frame takes."""
    return (screen.availableSize() - _FRAME).boundedTo(QSize(1600, 960))


def keep_on_screen(window: QWidget) -> None:
    """Let no edge of a shown window lie outside its screen, frame and task bar counted.

    What a window was left with may come from a larger screen, and a title bar is as high as its
    desktop makes it.
    """
    if window.isMaximized() or window.isFullScreen():
        return
    room, frame, inner = (
        window.screen().availableGeometry(), window.frameGeometry(), window.geometry(),
    )  # fmt: skip
    around = frame.size() - inner.size()
    window.resize(inner.size().boundedTo(room.size() - around))
    frame = window.frameGeometry()
    left = max(room.left(), min(frame.left(), room.right() + 1 - frame.width()))
    top = max(room.top(), min(frame.top(), room.bottom() + 1 - frame.height()))
    if (left, top) != (frame.left(), frame.top()):
        window.move(left, top)


def bring_to_front(window: QMainWindow) -> None:
    """Show the window before all others, also one that was minimised.

    A desktop that lets no program take the focus shows in its task bar that it was asked.
    """
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    QApplication.alert(window)


def restore_layout(window: QMainWindow, memory: WindowMemory, name: str = "layout") -> bool:
    """Bring the window back as it was; False leaves the layout as it is.

    Docks that are no longer there are skipped by Qt, docks that are new keep their default place.
    """
    stored = read_json(memory, name)
    if stored.get("version") != LAYOUT_VERSION:
        return False
    try:
        geometry = base64.b64decode(str(stored.get("geometry", "")), validate=True)
        docks = base64.b64decode(str(stored.get("docks", "")), validate=True)
    except (ValueError, binascii.Error):
        return False
    window.restoreGeometry(QByteArray(geometry))
    return window.restoreState(QByteArray(docks), LAYOUT_VERSION)
