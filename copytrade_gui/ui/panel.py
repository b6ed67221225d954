"""What every panel can be asked; a panel answers what concerns it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Event
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.widgets.buttons import is_gone


class Panel(QWidget):
    """Stands in a dock or in the middle of the window. ``titled``: its dock has another title."""

    titled = Signal(str)
    in_front = False
    """Whether it can be seen. Qt calls visible also what is behind another tab."""

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        """Come up to date: at the start, and with F5. ``orders`` are today's, newest first."""

    def on_events(self, batch: list[Event]) -> None:
        """Take the news, the oldest first."""

    def begin(self) -> None:
        """The window is there: start what is done again and again."""

    def stop(self) -> None:
        """The window goes: end it, and start nothing more."""

    def put_in_front(self, seen: bool) -> None:
        """It came into sight, or left it."""
        if seen is not self.in_front:
            self.in_front = seen
            (self.came if seen else self.left)()

    def came(self) -> None:
        """It came into sight: do what was left undone."""

    def left(self) -> None:
        """It left sight: nobody sees what is done."""

    def focus_place(self) -> QWidget | None:
        """Where keys go when one comes here; None where nothing takes them."""
        return self.findChild(TableView)

    def take_focus(self) -> None:
        """Somebody came here on purpose: the keys go nowhere else, also before the first row."""
        place = self.focus_place()
        if place is not None and place.isVisibleTo(self):
            place.setFocus()
            return
        self.setFocus()
        if place is not None:
            place.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The first row has come: keys that wait here go there."""
        if event.type() is QEvent.Type.Show and self.hasFocus() and isinstance(watched, QWidget):
            watched.setFocus()
        return super().eventFilter(watched, event)

    @property
    def has_keys(self) -> bool:
        """Whether keys go here, or nowhere."""
        focused: QWidget | None = self.window().focusWidget()
        return focused is None or focused is self or self.isAncestorOf(focused)

    def go_on(self) -> None:
        """What ran here is over: the keys are taken again, unless somebody went elsewhere."""
        if self.has_keys:
            self.take_focus()

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's own name
        """Qt asks for the next one, too, when a button with the focus is disabled or hidden: the
        keys stay here then, and mean nothing, instead of acting on the panel beside it.
        """
        if is_gone(self.window().focusWidget()):
            self.setFocus()
            return True
        return super().focusNextPrevChild(next)

    def selected_instrument(self) -> Instrument | None:
        """What the row under the cursor is about: a ticket begins with it."""
        return None
