"""Whoever quits right after a press: what left is answered, and what did not leave stays here."""

from __future__ import annotations

import pytest

from copytrade_gui.app.quitting import replies_are_in
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.order import State
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world


def test_the_program_ends_with_every_order_answered_and_lets_none_leave_any_more() -> None:
    told: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Alarm) and event.code == "quitting":
            told.append(event.sentence)

    async def script(console: Console) -> None:
        await begin(console)
        console.engine.bus.subscribe(hear)
        await press(console, "first", away=60)
        await press(console, "queued", away=60)  # it waits for the answers to the first
        await console.world.clock.sleep(0.1)
        await replies_are_in(console.engine, console.world.clock)
        states = [order.state for order in console.engine.book]
        assert not {State.SENDING, State.UNKNOWN} & {*states}
        assert "3 orders that just left" in told[0]
        with pytest.raises(DeniedError):
            await press(console, "after", which=1)

    with world(2, switches=Switches(latency_ms=400, jitter_ms=0)) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 3


def test_a_program_without_open_replies_ends_at_once() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "answered", away=60)
        await console.world.clock.sleep(5)
        before = console.world.time.wall_ns()
        await replies_are_in(console.engine, console.world.clock)
        assert console.world.time.wall_ns() == before

    with world(2) as made:
        made.live(script)
