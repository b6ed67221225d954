"""What every panel can be asked; a panel answers what concerns it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Event
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui.tables.view import TableView


class Panel(QWidget):
    """Stands in a dock or in the middle of the window. ``titled``: its dock has another title."""

    titled = Signal(str)

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        """Come up to date: at the start, and with F5. ``orders`` are today's, newest first."""

    def on_events(self, batch: list[Event]) -> None:
        """Take the news, the oldest first."""

    def begin(self) -> None:
        """The window is there: start what is done again and again."""

    def stop(self) -> None:
        """The window goes: end it, and start nothing more."""

    def focus_place(self) -> QWidget | None:
        """Where keys go when one comes here; None where nothing takes them."""
        return self.findChild(TableView)

    def take_focus(self) -> None:
        """Somebody came here on purpose."""
        (self.focus_place() or self).setFocus()

    def selected_instrument(self) -> Instrument | None:
        """What the row under the cursor is about: a ticket begins with it."""
        return None
