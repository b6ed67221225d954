"""Publish and subscribe, synchronous and typed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from copytrade_gui.domain.events import Event
from copytrade_gui.ports import Unsubscribe

log = logging.getLogger(__name__)


class Bus:
    """Hands every event to every listener, in the order they subscribed.

    A listener that raises is logged with its traceback; the others still hear.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Hear every event from now on, until the returned call is made."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everybody, now."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
