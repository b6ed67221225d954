"""Bands under the top strip for what lasts: recovery, a stop, orders to decide, a lost broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from copytrade_gui.ui.icons import Icons
from copytrade_gui.ui.widgets.label import PlainLabel


@dataclass(frozen=True, slots=True)
class Band:
    """One condition: how grave (``warn`` or ``bad``), what, and buttons that do something."""

    kind: str
    sentence: str
    buttons: tuple[tuple[str, Callable[[], object]], ...] = ()


class Bands(QWidget):
    """The lasting conditions, one line each, in the order they came."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._shown: dict[str, tuple[Band, QFrame]] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self.hide()

    def show_band(self, name: str, band: Band) -> None:
        """Show a condition, or change its words."""
        before = self._shown.get(name)
        if before is not None and before[0].sentence == band.sentence:
            return
        self.clear_band(name)
        frame = QFrame()
        frame.setObjectName(f"band_{name}")
        frame.setProperty("band", band.kind)
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 3, 8, 3)
        picture = PlainLabel()
        picture.setPixmap(self._icons.icon("triangle-alert", "on_fill").pixmap(16, 16))
        text = PlainLabel(band.sentence)
        text.setWordWrap(True)
        text.setProperty("role", "on_fill")
        row.addWidget(picture)
        row.addWidget(text, 1)
        for words, call in band.buttons:
            button = QPushButton(words)
            button.setObjectName(f"band_{name}_{words.casefold().replace(' ', '_')}")
            button.setProperty("kind", "on_band")
            button.clicked.connect(lambda _checked=False, do=call: do())
            row.addWidget(button)
        self._column.addWidget(frame)
        self._shown[name] = (band, frame)
        self.show()

    def clear_band(self, name: str) -> None:
        """The condition is over."""
        entry = self._shown.pop(name, None)
        if entry is not None:
            self._column.removeWidget(entry[1])
            entry[1].hide()
            entry[1].deleteLater()
        self.setVisible(bool(self._shown))

    def sentences(self) -> dict[str, str]:
        """What is shown now, by name."""
        return {name: band.sentence for name, (band, _) in self._shown.items()}
