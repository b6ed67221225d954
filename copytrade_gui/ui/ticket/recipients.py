"""Who gets the ticket's order: all followers, groups, those selected now, or the master alone."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton

from copytrade_gui.domain.group import groups_of
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.recipients import EVERYBODY, MASTER_ALONE, Recipients, Scope
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.widgets.tip import menu_words, set_tip

_NAMED = 2
"""So many followers or groups are named on the button; of more the number."""


class RecipientsButton(QPushButton):
    """Says who gets the order; pressed, it offers the others. Groups are ticked one by one.

    Selected followers are those that are selected when they are chosen: another selection later
    changes no order. Another master begins with all of his followers.
    """

    edited = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("ticket_recipients")
        self.setAccessibleName("Copies go to")
        self.setAutoDefault(False)
        self.value = EVERYBODY
        self.menu_of_choices = QMenu(self)
        self.menu_of_choices.setObjectName("recipients_menu")
        self.clicked.connect(self.offer)
        desk.roster.master_changed.connect(lambda: self.choose(EVERYBODY))
        self._show()

    def offer(self) -> None:
        """Open the list below the button."""
        menu = self.menu_of_choices
        menu.clear()
        selected = self._desk.roster.selected
        alone = Recipients(Scope.FOLLOWERS, followers=frozenset(selected))
        self._add("&All followers", EVERYBODY)
        self._add(f"&Selected followers ({len(selected)})", alone).setEnabled(bool(selected))
        self._add("&Master alone", MASTER_ALONE)
        menu.addSeparator()
        links = [one.link for one in self._desk.roster.followers()]
        for group in groups_of(links):
            words = f"{group.name}: {figures.plural(group.links, 'follower')}"
            if group.multiplier != 1:
                words += f", {grouped(group.multiplier)} x"
            self._add(menu_words(words), self._with_group(group.name), group.name)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))
        menu.setActiveAction(menu.actions()[0])

    def choose(self, value: Recipients) -> None:
        """Send to these from now on."""
        if value != self.value:
            self.value = value
            self._show()
            self.edited.emit()

    def _add(self, words: str, value: Recipients, group: str = "") -> QAction:
        action = self.menu_of_choices.addAction(words)
        action.setCheckable(True)
        action.setChecked(group in self.value.groups if group else value == self.value)
        action.triggered.connect(lambda _checked=False: self.choose(value))
        return action

    def _with_group(self, name: str) -> Recipients:
        """The choice with this group in it, or without it where it is."""
        groups = self.value.groups ^ {name}
        return Recipients(Scope.GROUPS, groups) if groups else EVERYBODY

    def _show(self) -> None:
        words = self._words()
        self.setText(menu_words(words))
        set_tip(self, f"Copies go to: {words}. Space opens the list.")

    def _words(self) -> str:
        value = self.value
        if value.scope is Scope.ALL:
            return "All followers"
        if value.scope is Scope.NOBODY:
            return "Master alone"
        if value.scope is Scope.GROUPS:
            names = sorted(value.groups)
            return " + ".join(names) if len(names) <= _NAMED else f"{len(names)} groups"
        names = [self._desk.roster.name(one) for one in value.followers]
        if len(names) <= _NAMED:
            return " + ".join(sorted(names))
        return figures.plural(len(names), "chosen follower")
