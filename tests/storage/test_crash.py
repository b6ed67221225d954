"""kill -9 at any moment: what was reported stored is there, whole, and the chain is unbroken.

``make proof`` kills 60 times instead of 6; the whole program is killed in P5.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from copytrade_gui.domain.order import State
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store
from tests.house.source import ROOT
from tests.proof.counts import proof_count
from tests.storage.conftest import SMALL
from tests.storage.samples import DAY, HandClock

KILLS = proof_count(6, "storage_kills")
FOLLOWERS = 40
TRADE = """
import asyncio, pathlib, sys
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import HandClock, first_attempts, make_plan, view_of
async def trade(data, run):
    clock = HandClock()
    async with open_store(open_folder(data, 'paper'), clock, seams=SMALL) as store:
        print('open', flush=True)
        for number in range(10_000):
            plan = make_plan(f'{run}-{number}', FOLLOWERS)
            attempts = first_attempts(plan)
            await store.journal.commit_plan(plan, attempts)
            print('plan', plan.plan_id, flush=True)
            for intent, attempt in zip(plan.intents, attempts):
                order = f'{run}-{number}-{intent.rank}'
                view = view_of(intent, attempt, State.ACKED, broker_order_id=order)
                store.journal.append(OrderChanged(view, 'SENDING'))
            await clock.advance(0.03)
            if number % 3 == 0:
                await store.journal.flush()
                print('acked', plan.plan_id, flush=True)
            if number % 5 == 0:
                await clock.advance(3)
asyncio.run(trade(pathlib.Path(sys.argv[1]), sys.argv[2]))
""".replace("FOLLOWERS", str(FOLLOWERS))


def trade_until_killed(data: Path, run: int, after: float) -> list[tuple[str, str]]:
    """Run the child, kill it ``after`` seconds from its start of trading; what it had confirmed."""
    child = subprocess.Popen(
        [sys.executable, "-c", TRADE, str(data), str(run)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        fate = threading.Timer(after, child.kill)
        fate.start()
        lines = child.stdout.read().splitlines(keepends=True)
        fate.join()
    words = [line.split() for line in lines if line.endswith("\n")]
    return [(kind, plan) for kind, plan in words]


async def test_kill_9_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    chance = random.Random(9)  # noqa: S311 - seeded on purpose
    confirmed: list[tuple[str, str]] = []
    for run in range(KILLS):
        confirmed += trade_until_killed(tmp_path / "data", run, chance.uniform(0.02, 0.4))
    folder = open_folder(tmp_path / "data", "paper")
    async with open_store(folder, HandClock(), inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert await store.history.verify() == ()
        work = await store.journal.load(DAY)
    plans = {plan.plan_id: len(plan.intents) for plan in work.plans}
    assert {plan for kind, plan in confirmed if kind == "plan"} <= set(plans)
    assert set(plans.values()) == {FOLLOWERS + 1}
    acked = {plan for kind, plan in confirmed if kind == "acked"}
    for view in work.orders:
        if view.plan_id in acked:
            assert view.state in (State.ACKED, State.BLOCKED)
        else:
            assert view.state in (State.ACKED, State.BLOCKED, State.SENDING)
    assert len(confirmed) > KILLS
