"""Arithmetic of the bench: medians, percentiles, ratios, and whether a target is met."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from copytrade_gui.bench.words import Burst, Ready


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of one figure over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ValueError without values."""
        if not values:
            raise ValueError("a median of nothing")
        return cls(median(values), min(values), max(values))


def percentile(ascending: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the least value with at least ``share`` % at or below it."""
    if not ascending:
        raise ValueError("a percentile of nothing")
    return ascending[max(0, math.ceil(len(ascending) * share / 100) - 1)]


@dataclass(frozen=True, slots=True)
class Summary:
    """One contender at one number of followers."""

    rounds: int
    orders: int
    acked: int
    refused_for_rate: int
    figures: Mapping[str, Spread]
    idle_mib: float
    warm_mib: float
    transport: str


FIGURES: dict[str, Callable[[Burst], float]] = {
    "first_byte_ms": lambda b: b.first_byte_ms,
    "last_byte_ms": lambda b: b.last_byte_ms,
    "first_ack_ms": lambda b: b.replies_ms[0],
    "p50_ms": lambda b: percentile(b.replies_ms, 50),
    "p95_ms": lambda b: percentile(b.replies_ms, 95),
    "p99_ms": lambda b: percentile(b.replies_ms, 99),
    "last_ack_ms": lambda b: b.replies_ms[-1],
    "cpu_us_per_order": lambda b: b.cpu_ms * 1000 / b.orders,
    "seen_ms": lambda b: b.seen_ms,
    "plan_ms": lambda b: b.plan_ms,
    "commit_ms": lambda b: b.commit_ms,
    "commit_bytes": lambda b: float(b.commit_bytes),
    "peak_mib": lambda b: b.peak_mib,
    "shown_ms": lambda b: b.shown_ms,
    "stall_ms": lambda b: b.stall_ms,
}


def summary(bursts: Sequence[Burst], ready: Ready) -> Summary:
    """Bring one contender's rounds together.

    Raises:
        ValueError: no round, or a round without a reply.
    """
    if any(not burst.replies_ms for burst in bursts):
        raise ValueError("a burst without a single reply has no figures")
    return Summary(
        rounds=len(bursts),
        orders=sum(burst.orders for burst in bursts),
        acked=sum(burst.acked for burst in bursts),
        refused_for_rate=sum(burst.refused_for_rate for burst in bursts),
        figures={
            name: Spread.of([read(burst) for burst in bursts]) for name, read in FIGURES.items()
        },
        idle_mib=ready.idle_mib,
        warm_mib=ready.warm_mib,
        transport=ready.transport,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """One promise: what was measured, and what it must not pass."""

    name: str
    sentence: str
    measured: float
    bound: float
    at_least: bool = False
    unit: str = "x"

    @property
    def met(self) -> bool:
        """True when the measured figure keeps the promise."""
        if math.isnan(self.measured):
            return False
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


RATIOS = {
    "seen_last_byte_vs_floor": ("ours", "last_byte_ms", "floor", "last_byte_ms"),
    "after_master_last_byte_vs_floor": ("after_master", "last_byte_ms", "floor", "last_byte_ms"),
    "seen_open_vs_quiet": ("open", "last_byte_ms", "ours", "last_byte_ms"),
    "after_master_open_vs_quiet": (
        "after_master_open",
        "last_byte_ms",
        "after_master",
        "last_byte_ms",
    ),
    "seen_after_burst_vs_quiet": ("after_burst", "last_byte_ms", "ours", "last_byte_ms"),
    "ours_last_ack_vs_floor": ("ours", "last_ack_ms", "floor", "last_ack_ms"),
    "usual_last_ack_vs_ours": ("usual", "last_ack_ms", "ours", "last_ack_ms"),
    "each_last_ack_vs_ours": ("each", "last_ack_ms", "ours", "last_ack_ms"),
    "window_last_byte_vs_headless": ("window", "last_byte_ms", "ours", "last_byte_ms"),
}
_DETECTED = frozenset({"push", "poll", "shown"})
"""Contenders that see an order which the master places elsewhere; the ratio counts from then."""


def ratios(summaries: Mapping[str, Summary]) -> dict[str, float]:
    """Ratios of medians inside one run, and the bytes of a commit.

    Those whose contenders did not run are left out.
    """
    found = {}
    for name, (upper, figure, lower, base) in RATIOS.items():
        if upper in summaries and lower in summaries:
            below = summaries[lower].figures[base].median
            found[name] = summaries[upper].figures[figure].median / below
    floor = summaries.get("floor")
    for name in _DETECTED & summaries.keys():
        figures = summaries[name].figures
        found[f"{name}_last_byte_ms"] = figures["last_byte_ms"].median
        if floor is not None:
            sent = figures["last_byte_ms"].median - figures["seen_ms"].median
            found[f"{name}_last_byte_vs_floor"] = sent / floor.figures["last_byte_ms"].median
    if {"watched", "push"} <= summaries.keys():
        usual, ours = (
            summaries[name].figures["last_ack_ms"].median for name in ("watched", "push")
        )
        found["usual_last_ack_vs_ours"] = usual / ours
    if "ours" in summaries:
        found["commit_bytes"] = summaries["ours"].figures["commit_bytes"].median
    return found


_SHARES = (50, 95, 99)
_OF_DETECTION: dict[str, Callable[[Burst], float]] = {
    "placed_to_detected_ms": lambda b: b.seen_ms,
    "detected_to_first_byte_ms": lambda b: b.first_byte_ms - b.seen_ms,
    "detected_to_last_byte_ms": lambda b: b.last_byte_ms - b.seen_ms,
    "placed_to_first_byte_ms": lambda b: b.first_byte_ms,
    "placed_to_last_byte_ms": lambda b: b.last_byte_ms,
    "placed_to_last_ack_ms": lambda b: b.replies_ms[-1],
}


def detection(
    bursts: Mapping[str, Sequence[Burst]],
) -> dict[str, dict[str, dict[str, float]]]:
    """By contender and figure p50, p95 and p99 over the rounds, of those who see an order that the
    master places elsewhere; beside them the floor, which begins with the order itself.

    Empty where nobody detects.
    """
    if not _DETECTED & bursts.keys():
        return {}
    return {
        name: {
            figure: {f"p{share}": percentile(sorted(map(read, rounds)), share) for share in _SHARES}
            for figure, read in _OF_DETECTION.items()
        }
        for name, rounds in bursts.items()
        if rounds
    }


_BOUNDS = {
    "seen_last_byte_vs_floor": ("seen, last byte out / floor's", 2.0, False),
    "after_master_last_byte_vs_floor": ("after master, last byte out / floor's", 2.0, False),
    "seen_open_vs_quiet": ("seen with 500 orders open, last byte / quiet", 1.3, False),
    "seen_after_burst_vs_quiet": ("seen 1.5 s after a burst, last byte / quiet", 1.5, False),
    "ours_last_ack_vs_floor": ("ours, last ack / floor's", 1.3, False),
    "usual_last_ack_vs_ours": ("the usual way, last ack / ours", 20.0, True),
    "window_last_byte_vs_headless": (
        "in the window with stalls, last byte out / headless",
        1.5,
        False,
    ),
    "push_last_byte_vs_floor": ("told of, from the news to the last byte / floor's", 2.2, False),
}


def targets(largest: Mapping[str, Summary], refused: int) -> list[Target]:
    """The promises of the issue at the largest number of followers that was run."""
    found = ratios(largest)
    made = [
        Target(name, sentence, found[name], bound, at_least)
        for name, (sentence, bound, at_least) in _BOUNDS.items()
        if name in found and (name != "usual_last_ack_vs_ours" or "usual" in largest)
    ]
    ours = largest.get("ours")
    if ours is not None:
        made.append(
            Target(
                "commit_bytes",
                "plan commit, written before the first byte",
                ours.figures["commit_bytes"].median / 1000,
                60.0,
                unit="kB",
            )
        )
        made.append(
            Target(
                "warm_memory",
                "memory of the warm accounts over idle",
                ours.warm_mib - ours.idle_mib,
                120.0,
                unit="MiB",
            )
        )
    window = largest.get("window")
    if window is not None:
        stall = window.figures["stall_ms"].median
        made.append(
            Target("window_stall", "window's longest stall by the burst", stall, 50.0, unit="ms")
        )
    shown = largest.get("shown")
    if shown is not None:
        last = shown.figures["shown_ms"].median
        words = "from the broker's last fill to the last row that says Filled"
        made.append(Target("fill_shown_ms", words, last, 1_000.0, unit="ms"))
    made.append(Target("refused_for_rate", "replies of 429", float(refused), 0.0, unit=""))
    return made
