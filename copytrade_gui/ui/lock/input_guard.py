"""While the window is locked nothing gets in but the passphrase and the stops."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QWidget

_INPUT = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.Shortcut,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.Wheel,
        QEvent.Type.ContextMenu,
        QEvent.Type.DragEnter,
        QEvent.Type.DragMove,
        QEvent.Type.Drop,
        QEvent.Type.TouchBegin,
        QEvent.Type.InputMethod,
    }
)


class InputGuard(QObject):
    """Swallows whatever is pressed elsewhere, and hides every other window of the program.

    ``may_hear`` tells the widgets that are still heard, ``actions`` are those whose keys work;
    ``take_focus`` is called when anything else has got the focus.
    """

    def __init__(
        self,
        window: QWidget,
        may_hear: Callable[[QWidget], bool],
        actions: Collection[QAction],
        take_focus: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._may_hear = may_hear
        self._actions = actions
        self._take_focus = take_focus
        self._hidden: list[QWidget] = []

    def begin(self) -> None:
        """Nothing gets in from now on."""
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        for widget in QApplication.topLevelWidgets():
            self._hide(widget)
        application().installEventFilter(self)

    def end(self) -> None:
        """Everything is heard again; what was hidden is there again."""
        application().removeEventFilter(self)
        hidden, self._hidden = self._hidden, []
        for widget in hidden:
            widget.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt asks before anybody else hears of an event; True: nobody does."""
        kind = event.type()
        if kind is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            QTimer.singleShot(0, self, lambda: self._hide(watched))
            return False
        if kind is QEvent.Type.FocusIn and isinstance(watched, QWidget):
            if not self._may_hear(watched):
                QTimer.singleShot(0, self, self._take_focus)
            return False
        if kind not in _INPUT:
            return False
        if isinstance(watched, QWidget):
            return not self._may_hear(watched)
        return kind is QEvent.Type.Shortcut and watched not in self._actions

    def _hide(self, widget: QWidget) -> None:
        if widget is self._window or not widget.isVisible() or self._may_hear(widget):
            return
        widget.hide()
        if widget.windowType() in (Qt.WindowType.Window, Qt.WindowType.Dialog, Qt.WindowType.Tool):
            self._hidden.append(widget)  # a tool tip or a menu does not come back


def application() -> QApplication:
    """The running one."""
    return cast("QApplication", QApplication.instance())
