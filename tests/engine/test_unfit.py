"""What around the engine keeps it from planning: a wrong clock, a window that stands still."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut
from copytrade_gui.engine.planning.denied import DeniedError
from tests.proof.rig import Console, world


async def place(console: Console, command: str) -> None:
    made = console.world
    await console.engine.submit(
        made.master, made.terms(away=60), FanOut.WITH_MASTER, CommandId(command)
    )


@pytest.mark.parametrize("off_ms", [31_000.0, -31_000.0])
def test_with_a_clock_half_a_minute_off_the_brokers_nothing_new_is_planned(off_ms: float) -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.engine.gate.clock_off_ms = off_ms
        with pytest.raises(DeniedError, match=r"clock is .31 s off the broker's. Set it"):
            await place(console, "a")
        console.engine.gate.clock_off_ms = 2_500.0
        await place(console, "b")

    with world(1) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 2


def test_while_the_window_stands_still_nothing_new_is_planned_and_what_was_planned_leaves() -> None:
    async def script(console: Console) -> None:
        clock, gate = console.world.clock, console.engine.gate
        console.log_all_in()
        await clock.sleep(5)
        gate.window_answers()
        console.world.line.not_sent = 1.0
        await place(console, "a")
        await clock.sleep(0.1)  # no byte left; the next try comes while the window stands still
        console.world.line.not_sent = 0.0
        await clock.sleep(6)
        assert len(console.world.broker.ledger.wire) == 2
        with pytest.raises(DeniedError, match="window has not answered"):
            await place(console, "b")
        gate.window_answers()
        await place(console, "c")
        await clock.sleep(6)
        gate.window_closed()  # from here on the program has no window
        await place(console, "d")

    with world(1) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 6
