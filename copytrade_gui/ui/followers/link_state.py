"""One state for several followers' links to the chosen master, and what of theirs is open then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from copytrade_gui.domain.link import Follower, LinkState
from copytrade_gui.domain.open_orders import Goes, OpenCopies
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.sizing_words import GOES_WORDS, STATE_HINTS, STATE_WORDS
from copytrade_gui.ui.widgets.label import PlainLabel

NONE_OPEN = OpenCopies()


class LinkStateDialog(FormDialog):
    """The choice, with what it means below; a stop asks what becomes of the copies ``there``."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        followers: Sequence[Follower],
        save: Callable[[LinkStateDialog], Awaitable[object]],
        there: OpenCopies = NONE_OPEN,
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Change state - {desk.mode_word}",
            "link_state",
            verb=f"Set for {figures.plural(len(followers), 'follower')}",
            save=lambda: save(self),
        )
        self.choice = QComboBox()
        for state, words in STATE_WORDS.items():
            self.choice.addItem(words, state.value)
        self.choice.setCurrentIndex(self.choice.findData(followers[0].link.state.value))
        self.choice.currentIndexChanged.connect(lambda _number: self._show_hint())
        self.add_field("state", "S&tate", self.choice)
        self.hint = PlainLabel()
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        self.form.addRow("", self.hint)
        self._there = there
        self.choose_goes = QComboBox()
        for goes, words in GOES_WORDS.items():
            self.choose_goes.addItem(words, goes.value)
        self.add_field("goes", "&Open copies", self.choose_goes, hint=_there_words(there))
        self._show_hint()
        self.finish_form()

    def state(self) -> LinkState:
        """The state that is chosen."""
        return LinkState(str(self.choice.currentData()))

    @property
    def goes(self) -> Goes:
        """Which open copies are cancelled with it."""
        asked = self.state().stops and self._there != NONE_OPEN
        return Goes(str(self.choose_goes.currentData())) if asked else Goes.NOTHING

    def _show_hint(self) -> None:
        self.hint.setText(STATE_HINTS[self.state()])
        asked = self.state().stops and self._there != NONE_OPEN
        self.form.setRowVisible(self.form.rowCount() - 1, asked)
        self.grow()


def _there_words(there: OpenCopies) -> str:
    """How many there are, and that a cancel cannot be undone."""
    parts = []
    if there.entries:
        parts.append(figures.plural(there.entries, "entry", "entries"))
    if there.exits:
        parts.append(figures.plural(there.exits, "exit"))
    return f"At the broker now: {' and '.join(parts)}. What is cancelled does not come back."
