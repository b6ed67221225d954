"""One burst while it runs: when bytes left, when replies came, what they said."""

from __future__ import annotations

import time

from copytrade_gui.bench import process
from copytrade_gui.bench.words import Burst


class Tally:
    """Counts from its making, which is the call."""

    def __init__(self) -> None:
        self.cpu_ms = process.cpu_ms()
        self.called_ns = time.monotonic_ns()
        self.first_ns = 0
        self.last_ns = 0
        self.replied_ns: list[int] = []
        self.acked = 0
        self.rate = 0
        self.problem = ""

    def sent(self, at_ns: int) -> None:
        """A request was handed to its socket."""
        if not self.first_ns:
            self.first_ns = at_ns
        self.last_ns = at_ns

    def replied(self, verdict: str) -> None:
        """A whole reply came."""
        self.replied_ns.append(time.monotonic_ns())
        if verdict == "acked":
            self.acked += 1
        elif verdict == "rate":
            self.rate += 1
        else:
            self.problem = verdict

    def burst(self, orders: int) -> Burst:
        """The burst in ms."""
        return Burst(
            orders=orders,
            acked=self.acked,
            refused_for_rate=self.rate,
            first_byte_ms=(self.first_ns - self.called_ns) / 1e6,
            last_byte_ms=(self.last_ns - self.called_ns) / 1e6,
            replies_ms=sorted((at - self.called_ns) / 1e6 for at in self.replied_ns),
            cpu_ms=process.cpu_ms() - self.cpu_ms,
            peak_mib=process.memory_mib("VmHWM"),
            problem=self.problem,
        )
