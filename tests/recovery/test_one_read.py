"""What a start costs: each account's books are read once before trading goes on."""

from __future__ import annotations

from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_comparing import state
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world


def test_a_start_with_resting_orders_reads_each_order_book_once() -> None:
    """Five hundred books are most of what a start waits for: the comparison reads them already."""

    async def morning(console: Console) -> None:
        await begin(console)
        await press(console, "rests", away=40)
        await console.world.clock.sleep(30)

    async def afternoon(console: Console) -> None:
        made = console.world
        before = [one.calls.get("orders", 0) for one in made.broker.accounts]
        made.broker.add_fault(Fault(action="delay", call="orders", ms=500))
        console.log_all_in()
        while state(console) is TradingState.RECOVERING:
            await made.clock.sleep(0.1)
        after = [one.calls["orders"] for one in made.broker.accounts]
        assert {late - early for early, late in zip(before, after, strict=True)} == {1}

    with world(40) as made:
        made.live(morning)
        made.live(afternoon)
