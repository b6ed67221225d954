"""What is done for each order leaves nothing that only Python's collector would free.

It is held back while orders leave, and takes what it finds then to live all day.
"""

from __future__ import annotations

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.faults import Fault
from tests.house.cycles import cycles
from tests.proof.rig import Console, world

FAULTS = (
    Fault(action="drop_reply", call="place", probability=0.2),
    Fault(action="drop_reply", call="place", placed=False, probability=0.1),
    Fault(action="too_many", call="place", probability=0.1),
    Fault(action="reject", probability=0.2, text="RMS: margin exceeds"),
    Fault(action="show_late", seconds=4.0, probability=0.2),
)


def test_a_day_of_orders_and_faults_leaves_nothing_to_collect() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        made = console.world
        await made.clock.sleep(30)
        for fault in FAULTS:
            made.broker.add_fault(fault)
        with cycles("copytrade_gui") as left:
            for number in range(6):
                placed = await console.engine.submit(
                    made.master,
                    made.terms(away=(0, 60)[number % 2], which=number % len(made.instruments)),
                    (FanOut.WITH_MASTER, FanOut.ON_MASTER_WORKING)[number % 3 == 0],
                    CommandId(f"press-{number}"),
                )
                await made.clock.sleep(2)
                console.engine.cancel_plan(placed.plan.plan_id, "No more.")
                await made.clock.sleep(30)
        states = {order.state for order in console.engine.book}
        assert states >= {State.FILLED, State.CANCELLED, State.REJECTED}
        assert not {name for name in left if not name.startswith("copytrade_gui.simulator")}, left

    with world(6) as made:
        made.live(script)
