"""Copies, price guard, exit rules and drift for several followers' links to the chosen master."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.link_field import LABELS, NOTHING
from copytrade_gui.services.follower_verbs import FieldChange
from copytrade_gui.services.link_edits import LinkEdit, link_edits
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.followers.sizing_words import BEYOND_WORDS, COPIES_WORDS, REDUCE_WORDS
from copytrade_gui.ui.widgets.label import PlainLabel

_LISTED = 6
_LEAVE = "Leave each one's own"
_WORDS = {
    "copies": {kind.value: words for kind, words in COPIES_WORDS.items()},
    "beyond": {kind.value: words for kind, words in BEYOND_WORDS.items()},
    "reduce_drift": {kind.value: words for kind, words in REDUCE_WORDS.items()},
}


class LinkRulesDialog(FormDialog):
    """What is left empty stays each one's own; who changes, and how, stands below."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        followers: Sequence[Follower],
        save: Callable[[LinkRulesDialog], Awaitable[object]],
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Link guard and exits - {desk.mode_word}",
            "link_rules",
            verb=f"Set for {figures.plural(len(followers), 'follower')}",
            save=lambda: save(self),
        )
        self._links = [(one.account.name, one.link) for one in followers]
        hint = PlainLabel(
            f"An empty field leaves each one's own; {NOTHING} takes it away. Later orders go by "
            "it; exit rules watch what is held now as well."
        )
        hint.setProperty("role", "hint")
        hint.setWordWrap(True)
        self.box.insertWidget(0, hint)
        self.copies = self._add_choice("copies", "&Copies")
        self.slippage = self._add_text("slippage", "Slipp&age", "such as 0.5% or 2.50 rupees")
        self.beyond = self._add_choice("beyond", "Beyond &it")
        self.delay = self._add_text("delay", "&Delay", "seconds after his order")
        self.stop_loss = self._add_text("stop_loss", "Stop-&loss", "such as 1% or 2.50 rupees")
        self.target = self._add_text("target", "&Target", "such as 2% or 5 rupees")
        self.exit_at = self._add_text("exit_at", "&Exit at", "intraday only, such as 15:10 IST")
        self.reduce_drift = self._add_choice("reduce_drift", "Drift")
        self.preview = PlainLabel()
        self.preview.setObjectName("link_rules_preview")
        self.preview.setWordWrap(True)
        self.box.addWidget(self.preview)
        self._show_preview()
        self.finish_form()

    def fields(self) -> dict[str, str]:
        """The fields that are asked for, as files spell them; empty for what is taken away."""
        choices = {
            "copies": self.copies, "beyond": self.beyond, "reduce_drift": self.reduce_drift,
        }  # fmt: skip
        lines = {
            "slippage": self.slippage, "delay": self.delay, "stop_loss": self.stop_loss,
            "target": self.target, "exit_at": self.exit_at,
        }  # fmt: skip
        asked = {field: str(choice.currentData()) for field, choice in choices.items()}
        asked |= {field: line.text().strip() for field, line in lines.items()}
        return {
            field: "" if text.lower() == NOTHING else text for field, text in asked.items() if text
        }

    def changing(self) -> list[tuple[str, LinkEdit]]:
        """Who changes, by name. Raises RefusedError."""
        return [one for one in link_edits(self._links, self.fields()) if one[1].changes]

    def _add_choice(self, field: str, label: str) -> QComboBox:
        choice = QComboBox()
        choice.addItem(_LEAVE, "")
        for value, words in _WORDS[field].items():
            choice.addItem(words, value)
        self.add_field(field, label, choice)
        choice.currentIndexChanged.connect(lambda _number: self._changed())
        return choice

    def _add_text(self, field: str, label: str, such_as: str) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(f"{_LEAVE}, or {such_as}")
        self.add_field(field, label, line)
        line.textChanged.connect(lambda _text: self._changed())
        return line

    def _changed(self) -> None:
        self.clear_problems()
        self._show_preview()

    def _show_preview(self) -> None:
        """Who changes; a field that is half typed is told when it is saved."""
        try:
            changing = self.changing()
        except RefusedError as refused:
            self.preview.setText(refused.sentence)
            self.verb.setEnabled(True)
            self.grow()
            return
        told = [
            f"{name}: {', '.join(map(_words, edit.changes))}" for name, edit in changing[:_LISTED]
        ]
        if len(changing) > _LISTED:
            told.append(f"and {len(changing) - _LISTED} more change")
        if same := len(self._links) - len(changing):
            told.append(f"{figures.plural(same, 'follower')} stay as they are")
        self.preview.setText("\n".join(told))
        self.verb.setText(f"Set for {figures.plural(len(changing), 'follower')}")
        self.verb.setEnabled(bool(changing))
        self.grow()


def _words(change: FieldChange) -> str:
    before, after = change.before or NOTHING, change.after or NOTHING
    return f"{LABELS[change.field]} {before} becomes {after}"
