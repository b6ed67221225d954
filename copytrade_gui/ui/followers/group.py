"""The group of several followers, and the multiplier of a group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

from copytrade_gui.domain.group import groups_of
from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.number import plain
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog

_NAMED = 5
"""So many groups that are here are named."""


class GroupDialog(FormDialog):
    """A group for the selected followers; its multiplier is that of all who are in it."""

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        followers: Sequence[Follower],
        save: Callable[[GroupDialog], Awaitable[object]],
    ) -> None:
        super().__init__(
            parent,
            desk,
            f"Group - {desk.mode_word}",
            "group",
            verb=f"Set for {figures.plural(len(followers), 'follower')}",
            save=lambda: save(self),
        )
        links = [one.link for one in desk.roster.all_followers()]
        self._known = {group.name: group for group in groups_of(links)}
        self.group = QLineEdit(followers[0].link.group)
        self.group.setPlaceholderText("None")
        finds = QCompleter(list(self._known), self)
        finds.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
        finds.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.group.setCompleter(finds)
        self.add_field("group", "&Group", self.group, hint=_here(list(self._known)))
        self.multiplier = QLineEdit()
        self.add_field(
            "multiplier",
            "&Multiplier",
            self.multiplier,
            hint="What each one's rule gives for an entry is multiplied by it, before lots and "
            "clamps. It is the same for all of the group. Exits go by what copies hold.",
        )
        self.group.textChanged.connect(lambda _text: self._show_multiplier())
        self._show_multiplier()
        self.finish_form()

    @property
    def name(self) -> str:
        """The group as typed; empty for none."""
        return self.group.text().strip()

    @property
    def changed_multiplier(self) -> str | None:
        """The multiplier as typed, None if it is as the group has it."""
        typed = self.multiplier.text().strip()
        return None if not self.name or typed == self._shown else typed

    def _show_multiplier(self) -> None:
        known = self._known.get(self.name)
        self._shown = "1" if known is None else plain(known.multiplier)
        self.multiplier.setText(self._shown if self.name else "")
        self.multiplier.setEnabled(bool(self.name))


def _here(groups: Sequence[str]) -> str:
    """Which groups are here; what one is."""
    if not groups:
        return "A word of your own."
    more = f" and {len(groups) - _NAMED} more" if len(groups) > _NAMED else ""
    return f"A word of your own, or one that is here: {', '.join(groups[:_NAMED])}{more}."
