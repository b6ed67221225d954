"""Eyes in the program: ``python -m tests.journeys.eyes SETUP`` (SETUP is JSON) opens the console.

It is the program with its window, as its user opens it on paper, at a broker that runs already.
A timer writes down what can be seen and where, for a hand outside that has only mouse and keys.
Nothing here presses, changes or asks anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

import msgspec
from PySide6.QtCore import QModelIndex, QPoint, QRect, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTreeView,
    QWidget,
)

from copytrade_gui import desktop
from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.ui.widgets.label import PlainLabel

EVERY_MS = 100
MOST_ROWS = 60

Place = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the screen."""


class Setup(msgspec.Struct, frozen=True):
    """Which broker and data folder, and the file that tells what is seen."""

    line: SimulatorLine
    folder: str
    eyes: str


class Row(msgspec.Struct, frozen=True):
    """A row of a table or list, or a line of a menu."""

    cells: tuple[str, ...]
    place: Place
    chosen: bool = False


class Part(msgspec.Struct, frozen=True):
    """Something that can be seen and has a name."""

    name: str
    window: str
    place: Place
    text: str = ""
    enabled: bool = True
    focus: bool = False
    rows: tuple[Row, ...] = ()


class Look(msgspec.Struct, frozen=True):
    """One look at the screen. ``active``: the title of the window that takes the keys."""

    number: int
    active: str
    windows: tuple[str, ...]
    parts: tuple[Part, ...]

    def shows(self, name: str) -> bool:
        """Whether a part of that name can be seen."""
        return any(part.name == name for part in self.parts)


class Eyes(QTimer):
    """Writes each look into the file whole, so that nobody reads half of one."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._number = 0
        self.setInterval(EVERY_MS)
        self.timeout.connect(self._look)
        self.start()

    def _look(self) -> None:
        self._number += 1
        shown = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
        active = QApplication.activeWindow()
        look = Look(
            self._number,
            active.windowTitle() if active is not None else "",
            tuple(one.windowTitle() for one in shown),
            tuple(part for window in shown for part in parts(window)),
        )
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(look))
        new.replace(self._path)


def parts(window: QWidget) -> Iterator[Part]:
    """What is seen of a window: everything that has a name, and menus."""
    for widget in (window, *window.findChildren(QWidget)):
        if not widget.isVisible() or widget.visibleRegion().isEmpty():
            continue
        name = widget.objectName()
        if isinstance(widget, QMenu) and not name:
            name = "menu"
        if name:
            yield Part(
                name,
                window.windowTitle(),
                _place(widget, widget.rect()),
                _text(widget),
                widget.isEnabled() and not widget.property("busy"),
                widget.hasFocus(),
                tuple(_rows(widget)),
            )


def _place(widget: QWidget, area: QRect) -> Place:
    corner = widget.mapToGlobal(area.topLeft())
    return corner.x(), corner.y(), area.width(), area.height()


def _text(widget: QWidget) -> str:
    if isinstance(widget, QAbstractButton):
        return widget.text().replace("&&", "\0").replace("&", "").replace("\0", "&")
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QLineEdit | PlainLabel):
        return widget.text()
    return ""


def _rows(widget: QWidget) -> Iterator[Row]:
    if isinstance(widget, QMenu | QMenuBar):
        for action in widget.actions():
            if action.isVisible() and not action.isSeparator():
                area = widget.actionGeometry(action)
                yield Row((action.text().replace("&", ""),), _place(widget, area))
    elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
        view = widget.viewport()
        for index in _seen(widget):
            cells = [index]
            if isinstance(widget, QTreeView):
                columns = range(widget.header().count())
                cells = [index.siblingAtColumn(n) for n in columns if not widget.isColumnHidden(n)]
            area = widget.visualRect(index)
            words = tuple(str(cell.data() or "") for cell in cells)
            yield Row(words, _place(view, area), widget.selectionModel().isSelected(index))


def _seen(view: QAbstractItemView) -> Iterator[QModelIndex]:
    """The indexes in sight, from top to bottom, one a row."""
    model = view.model()
    if isinstance(view, QTreeView):
        index = view.indexAt(QPoint(2, 2)).siblingAtColumn(0)
        count = 0
        while index.isValid() and count < MOST_ROWS:
            if not view.visualRect(index).intersects(view.viewport().rect()):
                return
            yield index
            count += 1
            index = view.indexBelow(index)
        return
    for number in range(min(model.rowCount(), MOST_ROWS)):
        index = model.index(number, 0)
        if view.visualRect(index).intersects(view.viewport().rect()):
            yield index


def main() -> int:
    """Open the window; returns the program's exit code."""
    setup = msgspec.json.decode(sys.argv[1].encode(), type=Setup)
    desktop.application()
    eyes = Eyes(Path(setup.eyes))
    paper = SimulatorOptions(accounts=0, attached=setup.line)
    try:
        return desktop.run(OpenOptions(data_dir=Path(setup.folder), paper=paper, limits=NO_LIMITS))
    finally:
        eyes.stop()


if __name__ == "__main__":
    sys.exit(main())
