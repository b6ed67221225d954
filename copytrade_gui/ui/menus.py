"""Menus made from the actions table."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QDockWidget, QMenu, QMenuBar, QWidget

from copytrade_gui.ui.actions import MENU_TITLES, MENUS, Act
from copytrade_gui.ui.window_actions import Actions

THEMES = (Act.THEME_DARK, Act.THEME_LIGHT, Act.THEME_SYSTEM)
_WITHIN = {"Masters": "Followers", "Export": "Followers"}
"""Menus that stand in another one, where the first of their actions would."""
_RULES_BEFORE = frozenset(
    {Act.BUY_ROW, Act.CHANGE, Act.SQUARE_OFF, Act.LIMITS, Act.RESUME, Act.SOME_ONLY_EXITS,
     Act.NEXT_PANEL, Act.TEXT_LARGER, Act.REFRESH, Act.PALETTE, Act.FOLLOWER_ADD,
     Act.FOLLOWER_EDIT, Act.FOLLOWERS_IMPORT, Act.LOGIN_NEXT, Act.EXPORT_ORDERS, Act.COPY_SEEN}
)  # fmt: skip


def build_menus(window: QWidget, actions: Actions, docks: Iterable[QDockWidget]) -> QMenuBar:
    """The menu bar: one menu per group of the table, the docks' own switches under View."""
    bar = QMenuBar(window)
    bar.setObjectName("menu_bar")
    menus: dict[str, QMenu] = {}
    for name in MENUS:
        menus[name] = bar.addMenu(MENU_TITLES[name])
        menus[name].setObjectName(f"menu_{name.casefold()}")
        menus[name].setToolTipsVisible(True)
    for act, spec in actions.specs.items():
        if spec.menu in _WITHIN and spec.menu not in menus:
            menus[spec.menu] = menus[_WITHIN[spec.menu]].addMenu(MENU_TITLES[spec.menu])
            menus[spec.menu].setObjectName(f"menu_{spec.menu.casefold()}")
            menus[spec.menu].setToolTipsVisible(True)
        if spec.menu in menus and act != Act.PREFERENCES:
            if act in _RULES_BEFORE:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(actions[act])
    _add_console(menus["Console"], actions)
    view = menus["View"]
    themes = view.addMenu(MENU_TITLES["Theme"])
    themes.setObjectName("menu_theme")
    themes.setToolTipsVisible(True)
    group = QActionGroup(window)
    for act in THEMES:
        actions[act].setCheckable(True)
        group.addAction(actions[act])
        themes.addAction(actions[act])
    panels = view.addMenu("&Panels")
    panels.setObjectName("menu_panels")
    for dock in docks:
        panels.addAction(dock.toggleViewAction())
    return bar


def _add_console(menu: QMenu, actions: Actions) -> None:
    quit_action = actions[Act.QUIT]
    menu.removeAction(quit_action)
    menu.addActions([actions[Act.PREFERENCES]])
    menu.addSeparator()
    menu.addAction(quit_action)
