"""What each lamp said last, for whoever comes later than the news of it."""

from __future__ import annotations

from copytrade_gui.domain.events import LampChanged
from copytrade_gui.engine.orders.bus import Bus


class Lamps:
    """Listens from the start; ``newest`` may be read from any thread."""

    def __init__(self, events: Bus) -> None:
        self._newest: dict[str, LampChanged] = {}
        events.subscribe(self._hear, LampChanged)

    def newest(self) -> tuple[LampChanged, ...]:
        """The last word of every lamp that has said one."""
        return tuple(self._newest.copy().values())

    def _hear(self, event: LampChanged) -> None:
        self._newest[event.name] = event
