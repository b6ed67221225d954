"""Publish and subscribe, synchronous and typed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, overload

from copytrade_gui.domain.events import Event
from copytrade_gui.ports import Unsubscribe

log = logging.getLogger(__name__)

EventT = TypeVar("EventT", bound=Event)


class Bus:
    """Hands every event to every listener that wants its kind, in the order they subscribed.

    A listener that raises is logged with its traceback; the others still hear.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Callable[[Any], object], tuple[type[Any], ...]]] = []
        self._of_kind: dict[type[Event], tuple[Callable[[Any], object], ...]] = {}
        """Who hears a kind, worked out when the first of it comes."""

    @overload
    def subscribe(self, listener: Callable[[Event], object]) -> Unsubscribe: ...

    @overload
    def subscribe(
        self, listener: Callable[[EventT], object], *kinds: type[EventT]
    ) -> Unsubscribe: ...

    def subscribe(self, listener: Callable[[Any], object], *kinds: type[Any]) -> Unsubscribe:
        """Hear events of these kinds, of every kind if none is named, until the call is made."""
        entry = (listener, kinds)
        self._listeners.append(entry)
        self._of_kind.clear()

        def unsubscribe() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)
                self._of_kind.clear()

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everybody who wants it, now."""
        listeners = self._of_kind.get(type(event))
        if listeners is None:
            listeners = self._of_kind[type(event)] = tuple(
                listener for listener, kinds in self._listeners if not kinds or type(event) in kinds
            )
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
