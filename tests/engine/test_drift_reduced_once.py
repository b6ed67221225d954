"""Drift that is reduced without a person is so once, whatever comes of it or breaks it off.

The simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.engine.orders import faultpoints
from tests.engine.test_drift_reducer import LONG, YES, by_itself, outlives, refuse
from tests.engine.test_exit_rules import told
from tests.engine.test_exits import F1, position
from tests.engine.test_leaving import begin
from tests.engine.test_links import change, held
from tests.proof.rig import Console, ProgramStopped, world

_RECORDED, _TAKEN = "it is recorded, and nothing planned", "the broker has taken it"


@pytest.mark.parametrize(
    ("crash", "left", "plans"),
    [
        (_RECORDED, 20, 0),
        (faultpoints.AFTER_PLAN_COMMIT, 20, 1),
        (faultpoints.AFTER_WRITE, 20, 1),  # written, and lost on its way
        (_TAKEN, 0, 1),
    ],
)
def test_a_restart_in_the_middle_doubles_nothing_and_leaves_the_rest_to_a_person(
    crash: str, left: int, plans: int
) -> None:
    armed: list[str] = []

    def fault(point: str) -> None:
        if armed and point == armed[0]:
            armed.clear()
            raise ProgramStopped(0)

    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        made.links = [one.link for lane in console.engine.lanes for one in lane.links.values()]
        await outlives(console, 1)
        armed[:] = [crash]
        orders = len(made.broker.accounts[1].orders)
        for _ in range(10 * LONG):
            await made.clock.sleep(0.1)
            begun = console.engine.square_offs.report() is not None
            taken = len(made.broker.accounts[1].orders) > orders
            if (crash == _RECORDED and begun) or (crash == _TAKEN and taken):
                raise ProgramStopped(0)

    async def after(console: Console) -> None:
        made, heard = console.world, told(console, "drift_reduced")
        await begin(console)
        await made.clock.sleep(30)
        await console.engine.resume("operator", "looked at the books")
        await made.clock.sleep(2 * LONG)
        assert position(made, 1) == left
        assert len(by_itself(console)) == plans, "nothing was begun again"
        assert ["not tried again" in one for one in heard] == [True] * bool(left)

    with world(2) as made:
        made.live(script, fault=fault)
        assert made.crashes == 1
        made.live(after)


def test_what_was_not_closed_is_told_once_and_never_chased() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, told(console, "drift_reduced")
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1)
        refuse(made, 1)
        await made.clock.sleep(4 * LONG)
        assert held(console) == [0, 20, 0]
        assert len(by_itself(console)) == 1
        assert "copies still hold 20 units. " in heard[-1]
        assert "RMS:Blocked" in heard[-1]
        assert len(heard) == 2
        made.broker.clear_faults()
        await made.clock.sleep(2 * LONG)
        assert held(console) == [0, 20, 0], "it stays with a person"

    with world(2) as made:
        made.live(script)
