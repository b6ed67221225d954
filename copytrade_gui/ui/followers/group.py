"""The group of several followers, and the multiplier of a group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.domain.group import Group, groups_of
from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.number import plain
from copytrade_gui.domain.typed import listed
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.widgets.suggest_edit import SuggestEdit

_NAMED = 5
"""So many groups that are here are named."""


def groups_here(desk: Desk) -> tuple[Group, ...]:
    """Every group that a follower is in."""
    return groups_of([one.link for one in desk.roster.all_followers()])


class GroupField(SuggestEdit):
    """A group by its name: one of those that are here, which are listed as it is typed, or a new
    one. Which casing is typed does not matter.
    """

    def __init__(self, group: str, known: Sequence[str]) -> None:
        super().__init__(group, known)
        self._spelled = {name.casefold(): name for name in known}
        self.setPlaceholderText("None")

    @property
    def name(self) -> str:
        """The group as it is written here, or as typed where it is new; empty for none."""
        typed = self.text().strip()
        return self._spelled.get(typed.casefold(), typed)


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
        self._known = {group.name: group for group in groups_here(desk)}
        self.group = GroupField(followers[0].link.group, list(self._known))
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
        """The group as it is written here, or as typed where it is new; empty for none."""
        return self.group.name

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
    return f"A word of your own, or one that is here: {listed(groups, _NAMED)}."
