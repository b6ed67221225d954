"""The newest acknowledgement times, and what they amount to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AttemptId, PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView, Timing
from copytrade_gui.domain.wait import Wait, wait_of
from copytrade_gui.services.verbs import LatencySample
from copytrade_gui.ui import figures

KEPT = 2_000
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
    slowest: float

    def in_words(self) -> str:
        """``24 acknowledged: first 61.2, p50 64.0, p95 70.1, p99 71.0, slowest 72.4 ms``."""
        numbers = ", ".join(
            f"{word} {figures.milliseconds(value)}"
            for word, value in (
                ("first", self.first), ("p50", self.p50), ("p95", self.p95), ("p99", self.p99),
                ("slowest", self.slowest),
            )
        )  # fmt: skip
        return f"{figures.whole(self.count)} acknowledged: {numbers} ms"


class _Sample(NamedTuple):
    plan_id: PlanId
    at_ns: int
    role: Role
    timing: Timing


class LatencySamples:
    """Calls that were acknowledged, the newest 2,000 in the order they came; one per attempt.

    The masters' own are kept as well, because a wait begins with the press, but are no points.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[AttemptId, _Sample] = OrderedDict()

    def load(self, samples: Iterable[LatencySample]) -> None:
        """Take stored samples to those that are here; what is here already stays as it is."""
        known = {
            one.attempt_id: _Sample(one.plan_id, one.at_ns, one.role, one.timing) for one in samples
        }
        known.update(self._kept)
        self._kept = OrderedDict(sorted(known.items(), key=lambda item: item[1].at_ns))
        self._drop_oldest()

    def take(self, order: OrderView, before: str) -> bool:
        """Count an acknowledgement; False if there is none, or it was one already ``before``."""
        timing, attempt = order.timing, order.attempt_id
        if timing is None or attempt is None or order.state not in _ANSWERED or not timing.sent_ns:
            return False
        if before in _ANSWERED or attempt in self._kept:
            return False
        self._kept[attempt] = _Sample(order.plan_id, order.changed_ns, order.role, timing)
        self._drop_oldest()
        return True

    def __len__(self) -> int:
        return len(self._copies())

    def points(self) -> tuple[Floats, Floats]:
        """Times of acknowledgement (UTC s) and latencies (ms) of all copies, oldest first."""
        copies = self._copies()
        at = np.array([one.at_ns / 1e9 for one in copies])
        return at, np.array([one.timing.call_to_reply_ms for one in copies])

    def last_order(self) -> Floats:
        """Latencies of the newest order's copies."""
        copies = self._copies()
        if not copies:
            return np.zeros(0)
        newest = copies[-1].plan_id
        calls = [one.timing.call_to_reply_ms for one in copies if one.plan_id == newest]
        return np.array(calls)

    def last_wait(self) -> Wait | None:
        """What the operator waited for the newest order that has copies."""
        copies = self._copies()
        if not copies:
            return None
        newest = copies[-1].plan_id
        return wait_of((s.role, s.timing) for s in self._kept.values() if s.plan_id == newest)

    def _copies(self) -> list[_Sample]:
        return [one for one in self._kept.values() if one.role is Role.FOLLOWER]

    def _drop_oldest(self) -> None:
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


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
