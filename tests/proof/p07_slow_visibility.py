"""P7: the broker takes orders and shows them 1, 30, 90, 150 or 600 seconds later."""

from __future__ import annotations

import time

from copytrade_gui.domain.events import Alarm, Event, OrderChanged
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, settled
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P7"
DELAYS = (1.0, 30.0, 90.0, 150.0, 600.0)
_SETTLE_WINDOW_S = 180.0


def prove(release: bool) -> Row:
    """Every delay with 100 followers; the column is the same for a release."""
    del release
    started = time.perf_counter()
    verdicts = [slow(100, delay) for delay in DELAYS]
    return Row(
        TEST,
        "orders shown after 1, 30, 90, 150, 600 s",
        sum(verdict.intents for verdict in verdicts),
        sum(verdict.accepted for verdict in verdicts),
        sum(len(verdict.lost) for verdict in verdicts),
        sum(len(verdict.duplicate) for verdict in verdicts),
        sum(len(verdict.orphan) for verdict in verdicts),
        time.perf_counter() - started,
        "late finds reopened and alarmed",
    )


def slow(followers: int, seconds: float) -> Verdict:
    """One delay; raises ProofBroken on a wrong verdict or a late find without its alarm."""
    late: set[str] = set()
    absent: set[str] = set()
    early: list[float] = []

    async def script(console: Console) -> Verdict:
        world_ = console.world
        sent_ns = 0

        def hear(event: Event) -> None:
            if isinstance(event, Alarm) and event.code == "late_find" and event.account_id:
                late.add(event.account_id)
            if isinstance(event, OrderChanged) and event.order.state is State.NOT_PLACED:
                absent.add(event.order.account_id)
                early.append((world_.time.now_ns - sent_ns) / 1e9)

        console.engine.bus.subscribe(hear)
        console.log_all_in()
        await world_.clock.sleep(60)
        world_.broker.add_fault(Fault(action="show_late", seconds=seconds))
        world_.broker.add_fault(Fault(action="drop_reply", call="place"))
        sent_ns = world_.time.now_ns
        await console.engine.submit(
            world_.master, world_.terms(), FanOut.WITH_MASTER, CommandId("slow")
        )
        return await settled(console, 1)

    with world(followers) as made:
        verdict = made.live(script)
        sent = len(made.broker.ledger.wire)
    if verdict is None or sent != followers + 1:
        raise ProofBroken(f"{sent} requests for {followers + 1} orders")
    if early and min(early) < _SETTLE_WINDOW_S:
        raise ProofBroken(f"an order was called absent after {min(early):.0f} s")
    expected = followers + 1 if seconds > _SETTLE_WINDOW_S + 60 else 0
    if len(absent) != expected or absent != late:
        raise ProofBroken(
            f"{len(absent)} called absent and {len(late)} alarmed late finds, expected {expected}"
        )
    return verdict
