"""One small run: what the master places elsewhere is seen and copied whole, told or read."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.xdist_group("bench")
def test_an_order_placed_elsewhere_is_timed_from_its_placing_and_from_its_news() -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "copytrade_gui", "bench", "detect", "--json"),
            *("--followers", "3", "--latency-ms", "5", "--rounds", "1"),
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert {
        "push_last_byte_vs_floor",
        "poll_last_byte_ms",
        "usual_last_ack_vs_ours",
    } <= set(told["ratios"])
    for name in ("push", "poll", "watched", "shown"):
        contender = told["followers"]["3"][name]
        assert contender["orders"] == contender["acked"] == 3  # the copies; his own is elsewhere
        figures = {key: spread["median"] for key, spread in contender["figures"].items()}
        assert 0 < figures["seen_ms"] < figures["first_byte_ms"] <= figures["last_byte_ms"]
    detected = told["detection"]["3"]
    assert set(detected) == {"floor", "push", "poll", "watched", "shown"}
    for name in ("push", "poll"):
        first, last = (detected[name][f"detected_to_{one}_byte_ms"] for one in ("first", "last"))
        assert list(first) == list(last) == ["p50", "p95", "p99"]
        assert 0 < first["p50"] <= last["p50"] < detected[name]["placed_to_last_byte_ms"]["p50"]
    shown_ms = told["followers"]["3"]["shown"]["figures"]["shown_ms"]["median"]
    assert 0 < shown_ms < 30_000
    assert [one["name"] for one in told["targets"]] == [
        "push_last_byte_vs_floor",
        "fill_shown_ms",
        "refused_for_rate",
    ]
