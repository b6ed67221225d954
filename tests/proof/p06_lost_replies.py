"""P6: all replies of a burst are lost, all orders accepted: found by tag, none sent again."""

from __future__ import annotations

import time

from copytrade_gui.domain.events import Event, OrderChanged
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import Verdict, judge
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P6"


def prove(release: bool) -> Row:
    """One burst for each change, twenty for a release."""
    started = time.perf_counter()
    verdicts = [lost_replies(500, seed) for seed in range(20 if release else 1)]
    return Row(
        TEST,
        "500 accepted orders, all replies lost",
        sum(verdict.intents for verdict in verdicts),
        sum(verdict.accepted for verdict in verdicts),
        sum(len(verdict.lost) for verdict in verdicts),
        sum(len(verdict.duplicate) for verdict in verdicts),
        sum(len(verdict.orphan) for verdict in verdicts),
        time.perf_counter() - started,
        "all UNKNOWN, all ACKED by tag, 0 sent again",
    )


def lost_replies(followers: int, seed: int) -> Verdict:
    """One burst; raises ProofBroken unless all become UNKNOWN, then ACKED, with one send each."""

    async def script(console: Console) -> Verdict:
        unknown: set[str] = set()

        def hear(event: Event) -> None:
            if isinstance(event, OrderChanged) and event.order.state is State.UNKNOWN:
                unknown.add(event.order.intent_id)

        console.engine.bus.subscribe(hear)
        console.log_all_in()
        await console.world.clock.sleep(60)
        console.world.broker.add_fault(Fault(action="drop_reply", call="place"))
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("lost")
        )
        if not await console.quiet(600):
            raise ProofBroken("orders were still in doubt after ten minutes")
        verdict = await judge(console, 1)
        views: tuple[OrderView, ...] = await console.store.history.orders(10_000)
        if len(unknown) != followers + 1:
            raise ProofBroken(f"{len(unknown)} of {followers + 1} orders became UNKNOWN")
        if any(view.broker_order_id is None for view in views):
            raise ProofBroken("an order was not found by its tag")
        return verdict

    with world(followers, seed) as made:
        verdict = made.live(script)
        sent = len(made.broker.ledger.wire)
        if verdict is None or sent != followers + 1:
            raise ProofBroken(f"{sent} requests for {followers + 1} orders")
    return verdict
