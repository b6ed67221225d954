"""One state for several followers' links to the chosen master."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from copytrade_gui.domain.link import Follower, LinkState
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.sizing_words import STATE_HINTS, STATE_WORDS
from copytrade_gui.ui.widgets.label import PlainLabel


class LinkStateDialog(FormDialog):
    """The choice, with what it means below."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        followers: Sequence[Follower],
        save: Callable[[LinkStateDialog], Awaitable[object]],
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
        self._show_hint()
        self.finish_form()

    def state(self) -> LinkState:
        """The state that is chosen."""
        return LinkState(str(self.choice.currentData()))

    def _show_hint(self) -> None:
        self.hint.setText(STATE_HINTS[self.state()])
        self.grow()
