"""The newest acknowledgement times in a ring, and what they amount to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from copytrade_gui.domain.ids import AttemptId, PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import LatencySample
from copytrade_gui.ui import figures

KEPT = 2_000
PLANS_KEPT = 50
_ANSWERED = frozenset(s for s in State if s.open_at_broker) | {
    State.FILLED, State.CANCELLED, State.REJECTED, State.EXPIRED,
}  # fmt: skip
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """Percentiles in ms over ``count`` acknowledgements."""

    count: int
    first: float
    p50: float
    p95: float
    p99: float
    last: float

    def in_words(self) -> str:
        """``24 acknowledged: first 61.2, p50 64.0, p95 70.1, p99 71.0, last 72.4 ms``."""
        numbers = ", ".join(
            f"{word} {figures.milliseconds(value)}"
            for word, value in (
                ("first", self.first), ("p50", self.p50), ("p95", self.p95), ("p99", self.p99),
                ("last", self.last),
            )
        )  # fmt: skip
        return f"{figures.whole(self.count)} acknowledged: {numbers} ms"


class LatencySamples:
    """Times of acknowledgement (UTC s) and latencies (ms), the newest 2,000; one per attempt."""

    def __init__(self) -> None:
        self._at = np.zeros(KEPT)
        self._ms = np.zeros(KEPT)
        self._count = 0
        self._seen: OrderedDict[AttemptId, None] = OrderedDict()
        self._plans: OrderedDict[PlanId, list[float]] = OrderedDict()

    def load(self, samples: tuple[LatencySample, ...]) -> None:
        """Take stored samples, oldest first."""
        for sample in samples:
            self._add(sample.plan_id, sample.at_ns, sample.call_to_ack_ms)

    def take(self, order: OrderView) -> bool:
        """Count an order's first acknowledgement; False if it has none or is counted already."""
        timing, attempt = order.timing, order.attempt_id
        if timing is None or attempt is None or order.state not in _ANSWERED or not timing.sent_ns:
            return False
        if attempt in self._seen:
            return False
        self._seen[attempt] = None
        while len(self._seen) > 4 * KEPT:
            self._seen.popitem(last=False)
        self._add(order.plan_id, order.changed_ns, timing.call_to_reply_ms)
        return True

    def _add(self, plan: PlanId, at_ns: int, milliseconds: float) -> None:
        place = self._count % KEPT
        self._at[place] = at_ns / 1e9
        self._ms[place] = milliseconds
        self._count += 1
        self._plans.setdefault(plan, []).append(milliseconds)
        self._plans.move_to_end(plan)
        while len(self._plans) > PLANS_KEPT:
            self._plans.popitem(last=False)

    def __len__(self) -> int:
        return min(self._count, KEPT)

    def points(self) -> tuple[Floats, Floats]:
        """Times and latencies, oldest first."""
        if self._count <= KEPT:
            return self._at[: self._count].copy(), self._ms[: self._count].copy()
        cut = self._count % KEPT
        return np.roll(self._at, -cut), np.roll(self._ms, -cut)

    def last_order(self) -> Floats:
        """Latencies of the newest order's acknowledgements."""
        if not self._plans:
            return np.zeros(0)
        return np.array(next(reversed(self._plans.values())))


def summary(values: Floats) -> Summary | None:
    """Percentiles, or None without a value."""
    if not len(values):
        return None
    # Nearest rank, as in the bench: a figure that some follower really had.
    ranks = np.percentile(values, (50, 95, 99), method="inverted_cdf")
    p50, p95, p99 = (float(value) for value in ranks)
    return Summary(len(values), float(values.min()), p50, p95, p99, float(values.max()))


def nice_ceiling(value: float) -> float:
    """The next round number at or above ``value``, so that an axis stands still."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0):
        if value <= step * power:
            return float(step * power)
    return float(10 * power)


def histogram(values: Floats, top: float, bins: int = 60) -> tuple[Floats, Floats]:
    """Left edges and counts of ``bins`` bars between 0 and ``top`` ms."""
    counts, edges = np.histogram(values, bins=bins, range=(0.0, top))
    return edges[:-1], counts.astype(np.float64)
