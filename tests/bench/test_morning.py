"""One small morning: every step has its time, and everybody imported is logged in and sized."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest

from copytrade_gui.bench.on_loop import timed


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.xdist_group("bench")
def test_a_morning_tells_the_time_of_each_step() -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "copytrade_gui", "bench", "morning", "--json"),
            *("--accounts", "3", "--latency-ms", "5"),
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert (told["accounts"], told["imported"], told["logged_in"]) == (3, 3, 4)
    for step in ("import_ms", "login_ms", "contracts_ms", "preview_ms", "preview_loop_ms"):
        assert told[step] > 0, step
    assert told["login_ms"] >= 5  # no login is shorter than the broker's latency
    assert told["preview_loop_ms"] < told["preview_ms"]
    assert [(one["name"], one["bound"]) for one in told["targets"]] == [
        ("preview_ms", 100.0),
        ("preview_loop_ms", 2.0),
    ]


async def test_the_loops_own_time_is_counted_and_not_what_it_waits_for() -> None:
    turns: list[int] = []

    async def work() -> str:
        until = time.thread_time_ns() + 2_000_000
        while time.thread_time_ns() < until:
            pass
        await asyncio.to_thread(time.sleep, 0.05)
        return "done"

    assert await timed(work(), turns) == "done"
    assert len(turns) == 2
    assert turns[0] >= 2_000_000
    assert sum(turns) < 50_000_000


async def test_what_was_timed_and_failed_tells_why() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await timed(work(), [])
