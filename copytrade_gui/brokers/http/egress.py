"""Which of this machine's addresses a session leaves from, as its sockets themselves say.

The address of a connected socket is the one its packets carry, whatever the routes were a moment
ago and are now. What a router between us and the broker makes of it cannot be seen from here, and
the broker has no call that tells.
"""

from __future__ import annotations

from collections.abc import Callable


def _nobody(_old: str, _new: str) -> None:
    """Nobody listens."""


class Egress:
    """The local address of the newest connection; ``changed`` hears of another one.

    IPv4 and IPv6 are compared apart: a machine that has both may take either for any connection,
    and that is no change of its network.
    """

    def __init__(self) -> None:
        self._addresses: dict[bool, str] = {}
        self.changed: Callable[[str, str], None] = _nobody

    def seen(self, address: str) -> None:
        """A connection was opened from here; empty says nothing."""
        if not address:
            return
        six = ":" in address
        old, self._addresses[six] = self._addresses.get(six, address), address
        if old != address:
            self.changed(old, address)
