"""One small real run: every contender is a process, and the broker's ledger sees every order."""

import json
import os
import subprocess
import sys

import pytest

from copytrade_gui.bench.stand import CONTENDERS


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.xdist_group("bench")
def test_a_run_with_three_followers_tells_ratios_of_whole_bursts() -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "copytrade_gui", "bench", "fanout"),
            *("--followers", "3", "--latency-ms", "5", "--tls", "--rounds", "1", "--json"),
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
        "seen_last_byte_vs_floor",
        "after_master_last_byte_vs_floor",
        "seen_open_vs_quiet",
        "seen_after_burst_vs_quiet",
        "ours_last_ack_vs_floor",
        "usual_last_ack_vs_ours",
        "window_last_byte_vs_headless",
        "commit_bytes",
    } <= set(told["ratios"])
    group = told["followers"]["3"]
    assert set(group) == set(CONTENDERS)
    assert 0 < told["ratios"]["commit_bytes"] <= 60_000
    for contender in group.values():
        assert contender["orders"] == contender["acked"] == 4  # the master's and three copies
        figures = contender["figures"]
        for name in ("first_byte_ms", "last_byte_ms", "last_ack_ms"):
            assert figures[name]["least"] <= figures[name]["median"] <= figures[name]["most"]
        assert figures["last_ack_ms"]["least"] >= 5  # no reply can come before the broker's latency
        assert len(contender["rounds_ms"]["last_ack"]) == 1
        assert max(contender["rounds_ms"]["last_ack"]) == round(figures["last_ack_ms"]["most"], 2)
        assert figures["first_byte_ms"]["median"] <= figures["last_byte_ms"]["median"]
    broker = told["broker"]["3"]
    assert (broker["refused_for_rate"], broker["calls_over_limit"]) == (0, 0)
    assert 0 < broker["cpu_ms"]["least"] <= broker["cpu_ms"]["most"]
    assert {target["name"] for target in told["targets"]} >= {"window_stall", "warm_memory"}


@pytest.mark.timeout(660)
def test_the_check_names_what_was_missed_and_fails() -> None:
    # Three followers can never be twenty times slower the usual way, so one target is missed.
    run = subprocess.run(
        [
            *(sys.executable, "-m", "copytrade_gui", "bench", "fanout", "--check"),
            *("--followers", "3", "--latency-ms", "1", "--rounds", "2", "--only", "ours,usual"),
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert "the usual way, last ack / ours" in run.stderr
    assert "MISSED" in run.stderr
