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
    """The local address of the newest connection; ``changed`` hears of the first, with an empty
    one before it, and of every other.

    IPv4 and IPv6 are compared apart: a machine that has both may take either for any connection,
    and that is no change of its network.
    """

    def __init__(self) -> None:
        self.addresses: dict[bool, str] = {}
        """By family, IPv6 under True."""
        self.changed: Callable[[str, str], None] = _nobody

    def hear(self, changed: Callable[[str, str], None]) -> None:
        """Have ``changed`` told the addresses so far, each as the first of its family, and every
        other one from now on.
        """
        self.changed = changed
        for address in self.addresses.values():
            changed("", address)

    def seen(self, address: str) -> None:
        """A connection was opened from here; empty says nothing."""
        if not address:
            return
        six = ":" in address
        old, self.addresses[six] = self.addresses.get(six, ""), address
        if old != address:
            self.changed(old, address)
