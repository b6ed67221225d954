"""The bench's arithmetic: medians, percentiles, ratios and targets from known bursts."""

import math

import pytest

from copytrade_gui.bench import report
from copytrade_gui.bench.figures import (
    Spread,
    Target,
    detection,
    percentile,
    ratios,
    summary,
    targets,
)
from copytrade_gui.bench.stand import CONTENDERS, DETECTING
from copytrade_gui.bench.words import Burst, Ready


def burst(first: float, last: float, acks: list[float], **more: float) -> Burst:
    return Burst(
        orders=len(acks),
        acked=len(acks),
        refused_for_rate=0,
        first_byte_ms=first,
        last_byte_ms=last,
        replies_ms=acks,
        cpu_ms=2.0,
        peak_mib=50.0,
        commit_bytes=int(more.get("commit_bytes", 0)),
        stall_ms=more.get("stall_ms", 0.0),
        seen_ms=more.get("seen_ms", 0.0),
    )


READY = Ready(accounts=2, idle_mib=100.0, warm_mib=150.0)


def test_a_spread_is_median_least_and_most() -> None:
    assert Spread.of([5.0, 1.0, 3.0]) == Spread(3.0, 1.0, 5.0)
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


@pytest.mark.parametrize(
    ("share", "wanted"), [(0, 1), (1, 1), (50, 50), (95, 95), (99, 99), (100, 100)]
)
def test_a_percentile_is_the_nearest_rank(share: float, wanted: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], share) == wanted


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7.0


def test_ratios_divide_medians_of_one_run() -> None:
    run = {
        "floor": summary(
            [burst(0, 5, [60, 70]), burst(0, 5, [60, 70]), burst(0, 50, [60, 700])], READY
        ),
        "ours": summary([burst(8, 15, [70, 84])], READY),
        "window": summary([burst(8, 30, [70, 90])], READY),
        "usual": summary([burst(8, 900, [70, 1680])], READY),
    }
    found = ratios(run)
    assert found["seen_last_byte_vs_floor"] == pytest.approx(3.0)
    assert found["ours_last_ack_vs_floor"] == pytest.approx(1.2)
    assert found["window_last_byte_vs_headless"] == pytest.approx(2.0)
    assert found["usual_last_ack_vs_ours"] == pytest.approx(20.0)
    assert "each_last_ack_vs_ours" not in found


def test_a_burst_without_replies_has_no_summary() -> None:
    with pytest.raises(ValueError, match="reply"):
        summary([burst(0, 5, [])], READY)


def test_targets_are_met_at_their_bound_and_missed_above_it() -> None:
    assert Target("a", "a", 2.0, 2.0).met
    assert not Target("a", "a", 2.001, 2.0).met
    assert Target("a", "a", 20.0, 20.0, at_least=True).met
    assert not Target("a", "a", 19.999, 20.0, at_least=True).met
    assert not Target("a", "a", math.nan, 2.0).met


def test_every_promise_of_the_page_is_judged() -> None:
    large = {
        "floor": summary([burst(0, 5, [60, 70])], READY),
        "ours": summary([burst(20, 15, [70, 84], commit_bytes=41_200)], READY),
        "after_master": summary([burst(2, 10, [70, 84])], READY),
        "open": summary([burst(8, 20, [70, 84])], READY),
        "after_burst": summary([burst(8, 22, [70, 84])], READY),
        "window": summary([burst(8, 20, [70, 90], stall_ms=51)], READY),
        "usual": summary([burst(8, 900, [70, 1680])], READY),
    }
    judged = {target.name: target for target in targets(large, refused=1)}
    assert {name: target.met for name, target in judged.items()} == {
        "seen_last_byte_vs_floor": False,
        "after_master_last_byte_vs_floor": True,
        "seen_open_vs_quiet": False,
        "seen_after_burst_vs_quiet": True,
        "ours_last_ack_vs_floor": True,
        "usual_last_ack_vs_ours": True,
        "window_last_byte_vs_headless": True,
        "commit_bytes": True,
        "warm_memory": True,
        "window_stall": False,
        "refused_for_rate": False,
    }
    assert judged["commit_bytes"].measured == pytest.approx(41.2)


def test_an_order_seen_elsewhere_is_told_from_its_news_and_from_its_placing() -> None:
    rounds = [burst(10.0 + n, 20.0 + n, [90.0 + n], seen_ms=4.0) for n in range(100)]
    found = detection({"floor": [burst(1, 5, [60])], "push": rounds, "poll": rounds[:1]})
    assert found["push"]["placed_to_detected_ms"] == {"p50": 4, "p95": 4, "p99": 4}
    assert found["push"]["detected_to_first_byte_ms"] == {"p50": 55, "p95": 100, "p99": 104}
    assert found["push"]["detected_to_last_byte_ms"] == {"p50": 65, "p95": 110, "p99": 114}
    assert found["push"]["placed_to_last_ack_ms"] == {"p50": 139, "p95": 184, "p99": 188}
    assert found["poll"]["detected_to_last_byte_ms"] == {"p50": 16, "p95": 16, "p99": 16}
    assert found["floor"]["placed_to_last_byte_ms"]["p99"] == 5
    assert detection({"floor": rounds, "ours": rounds}) == {}


def test_every_contender_has_a_name_and_a_colour_in_the_report() -> None:
    known = {*CONTENDERS, *DETECTING}
    assert known <= set(report.NAMES)
    assert known <= set(report.COLOURS)
