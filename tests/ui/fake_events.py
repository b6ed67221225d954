"""News that a test sends by hand."""

from collections.abc import Callable

from copytrade_gui.domain.events import Event


class FakeEvents:
    """Delivers what a test tells it to."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def send(self, *events: Event) -> None:
        for event in events:
            for listener in list(self.listeners):
                listener(event)
