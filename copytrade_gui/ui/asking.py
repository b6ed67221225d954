"""Asking for a report again and again, while a panel stands there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer

from copytrade_gui.ui.desk import Desk

_EVERY_MS = 1_000


class Asking(QTimer):
    """Asks once a second while it runs, and not before the last question was answered.

    One that fails is not told of: the next comes in a second. ``name`` is its task's.
    """

    def __init__(
        self, desk: Desk, name: str, ask: Callable[[], Awaitable[None]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._name = name
        self._question = ask
        self._asked = False
        self.setInterval(_EVERY_MS)
        self.timeout.connect(self.look)

    def look(self) -> None:
        """Ask now, unless the last question is not answered yet."""
        if not self._asked:
            started = self._desk.tasks.start(
                self._ask(), name=self._name, on_error=lambda _words: None
            )
            self._asked = started is not None

    async def _ask(self) -> None:
        try:
            await self._question()
        finally:
            self._asked = False
