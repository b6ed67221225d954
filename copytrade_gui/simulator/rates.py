"""How many calls a session may make: rolling windows of one second, one per class of call."""

from collections import deque

from copytrade_gui.simulator.ist import NS

LIMITS: dict[str, tuple[int, int]] = {
    # class of call: calls a second for apps below and above 10 orders a second
    "logout": (2, 2),
    "session": (3, 3),
    "profile": (3, 3),
    "limits": (10, 20),
    "margin": (10, 20),
    "span": (10, 20),
    "change": (10, 20),  # place, modify and cancel together, or each its own when registered
    "orders": (3, 3),
    "order": (10, 10),
    "trades": (3, 3),
    "positions": (3, 3),
    "holdings": (3, 3),
    "candles": (10, 10),
    "depth": (10, 10),
    "quotes": (10, 10),
    "interest": (10, 20),
    "contracts": (2, 2),
}


class Window:
    """Admits at most `limit` calls in any second, counted back from each call.

    A refused call takes no place. Two calls exactly one second apart do not share a window.
    """

    __slots__ = ("limit", "times")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.times: deque[int] = deque(maxlen=limit)

    def admit(self, now: int, count: int = 1) -> bool:
        """Take `count` places, or none when they do not all fit."""
        times = self.times
        limit = self.limit
        if count > limit:
            return False
        # The oldest call that would still share the window with the last of the new ones.
        if len(times) > limit - count and now - times[count - 1 - (limit - len(times))] < NS:
            return False
        if count == 1:
            times.append(now)
        else:
            times.extend((now,) * count)
        return True

    def force(self, now: int, count: int = 1) -> None:
        """Count calls that were let through although the window was full."""
        for _ in range(count):
            self.times.append(now)


def window_class(call: str, *, registered: bool) -> str:
    """Which window a call counts in."""
    if call in {"place", "modify", "cancel"}:
        return call if registered else "change"
    return call


def limit_of(call: str, *, registered: bool) -> int:
    """Calls a second for the class of a call."""
    name = "change" if call in {"place", "modify", "cancel"} else call
    return LIMITS[name][1 if registered else 0]
