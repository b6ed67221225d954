"""One small real run: the broker's ledger ends empty, each order was asked for once."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.xdist_group("bench")
def test_a_run_with_a_few_orders_tells_of_a_kill_and_of_a_restart() -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "copytrade_gui", "bench", "stops"),
            *("--orders", "8", "--tls", "--accounts", "4", "--latency-ms", "5", "--json"),
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    (kill,) = told["kills"]
    assert (kill["tls"], kill["orders"]) == (True, 8)
    assert kill["cancels_per_order"] == 1.0
    assert kill["seconds"] >= 0.005  # no order can end before the broker's latency
    assert kill["refused_for_rate"] == 0
    (restart,) = told["restarts"]
    assert restart["orders"] == 8
    assert 0 < restart["window_s"] < restart["ready_s"]
    assert [target["name"] for target in told["targets"]] == ["cancels_per_order"]
    assert all(target["met"] for target in told["targets"])
