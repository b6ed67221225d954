"""The command palette: actions, instruments and followers by a few letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.services.verbs import MarketVerbs
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.ticket_words import instrument_words

MOST = 12
WAIT_MS = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette and what choosing it does."""

    text: str
    detail: str
    run: Callable[[], object]


class Palette(ConsoleDialog):
    """Up, Down, Enter, Esc; nothing happens before Enter."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        market: MarketVerbs,
        *,
        on_instrument: Callable[[Instrument], object],
        on_follower: Callable[[str], object],
    ) -> None:
        super().__init__(parent, "Command palette", "palette")
        self.setMinimumWidth(560)
        self._desk = desk
        self._market = market
        self._on_instrument = on_instrument
        self._on_follower = on_follower
        self._entries: list[Entry] = []
        self._instruments: tuple[Instrument, ...] = ()
        self.line = QLineEdit()
        self.line.setObjectName("palette_line")
        self.line.setAccessibleName("Find an action, an instrument or a follower")
        self.line.setPlaceholderText("Action, instrument or follower")
        self.line.textChanged.connect(self._on_typed)
        self.list = QListWidget()
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName("Matches")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMinimumHeight(300)
        self.list.itemActivated.connect(lambda _item: self._run())
        self.list.itemClicked.connect(lambda _item: self._run())
        self.box.addWidget(self.line)
        self.box.addWidget(self.list, 1)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._ask)
        self._fill()
        self.line.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            row = self.list.currentRow() + step
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self._run()
        else:
            super().keyPressEvent(event)

    def _on_typed(self, text: str) -> None:
        self._instruments = ()
        self._fill()
        if text.strip():
            self._wait.start()
        else:
            self._wait.stop()

    def _ask(self) -> None:
        text = self.line.text().strip()
        self.begin(self._desk.tasks, self._search(text), name="palette search")

    async def _search(self, text: str) -> None:
        found = await self._market.search(text, 6)
        if text == self.line.text().strip():
            self._instruments = found
            self._fill()

    def _fill(self) -> None:
        words = self.line.text().casefold().split()
        entries = [e for e in self._actions() if _matches(words, f"{e.text} {e.detail}")]
        typed = " ".join(words)
        entries = sorted(entries, key=lambda entry: _rank(typed, entry.text))[:MOST]
        entries += [self._of_instrument(found) for found in self._instruments]
        if words:
            entries += [e for e in self._followers() if _matches(words, f"{e.text} {e.detail}")][:5]
        self._entries = entries
        self.list.clear()
        for entry in entries:
            QListWidgetItem(f"{entry.text}     {entry.detail}", self.list)
        self.list.setCurrentRow(0)

    def _actions(self) -> list[Entry]:
        return [
            Entry(spec.plain_text, "  ".join(spec.keys) or spec.menu, action.trigger)
            for act, spec in self._desk.actions.specs.items()
            if (action := self._desk.actions[act]).isEnabled() and action.isVisible()
        ]

    def _followers(self) -> list[Entry]:
        return [
            Entry(
                one.account.name,
                f"follower {client_tail(one.account.client_id)}",
                partial(self._on_follower, one.account.name),
            )
            for one in self._desk.roster.followers()
        ]

    def _of_instrument(self, found: Instrument) -> Entry:
        return Entry(found.symbol, instrument_words(found), lambda: self._on_instrument(found))

    def _run(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._entries):
            chosen = self._entries[row]
            self.accept()
            chosen.run()


def _rank(typed: str, text: str) -> tuple[int, int]:
    """Lowest first: names that begin with what was typed, the shortest first; that hold it; all
    others.
    """
    folded = text.casefold()
    if typed and folded.startswith(typed):
        return 0, len(folded)
    return (1, 0) if typed in folded else (2, 0)


def _matches(words: list[str], text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)
