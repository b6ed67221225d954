"""The program ended right behind the commit of a master's exit: did he leave, or not?

Nothing of the exit may have left, or it was rejected: then he holds what he entered, and copies of
his entry rest on. What he holds tells, and what is found of his order. The simulator is the judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import press, ticket
from tests.engine.test_links import M, held
from tests.engine.test_master_elsewhere import LOOKING, elsewhere
from tests.engine.test_resting_entries import comes_back, entries, rests
from tests.proof.rig import Console, ProgramStopped, world

REJECTED = (Fault(action="reject", text="RMS:Margin exceeds", count=1),)
UNSEEN = (Fault(action="show_late", seconds=100.0, count=1),)
LATE = (Fault(action="accept_late", seconds=15.0, count=1), *UNSEEN)


@pytest.mark.parametrize(
    ("point", "misfortunes", "left", "besides"),
    [
        (faultpoints.AFTER_PLAN_COMMIT, (), False, 0),
        (faultpoints.BEFORE_CANCEL, REJECTED, False, 0),
        (faultpoints.BEFORE_CANCEL, (), True, 0),
        (faultpoints.BEFORE_CANCEL, (), True, 10),
        (faultpoints.BEFORE_CANCEL, UNSEEN, True, 0),
        (faultpoints.BEFORE_CANCEL, LATE, True, 0),
    ],
    ids=["not sent", "rejected", "out", "holds more", "not shown", "late and not shown"],
)
def test_after_a_start_copies_of_his_entry_go_if_he_has_left_and_only_then(
    point: str, misfortunes: Sequence[Fault], left: bool, besides: int
) -> None:
    armed: list[str] = []

    def fault(now: str) -> None:
        if now in armed:
            armed.clear()
            raise ProgramStopped(0)

    async def morning(console: Console) -> None:
        made = console.world
        await rests(console)
        if besides:
            console.engine.master_signals.set_follow(M, Follow.SHOW)
            elsewhere(made, ticket(made, Side.BUY, besides))
            await made.clock.sleep(20)
        for one in misfortunes:
            made.broker.add_fault(structs.replace(one, accounts=[made.accounts[0].client_id]))
        armed.append(point)
        console.see_price()
        market = replace(ticket(made, Side.SELL), order_type=OrderType.MARKET, price=None)
        await press(console, market, FanOut.WITH_MASTER)

    async def again(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(50)
        expected = {State.CANCELLED if left else State.WORKING}
        assert {one.state for one in entries(console).values()} == expected
        await made.clock.sleep(300)  # whatever was in doubt is found, or proven absent
        await console.engine.resume("operator", "looked")
        assert {one.state for one in entries(console).values()} == expected
        await comes_back(console)
        assert held(console) == ([besides, 0, 0] if left else [10, 5, 20])
        his = made.broker.accounts[0].orders.values()
        sent = point != faultpoints.AFTER_PLAN_COMMIT
        assert len([one for one in his if not one.terms.buy]) == sent

    with world(2, settings=LOOKING) as made:
        assert made.live(morning, fault=fault) is None
        assert not armed
        made.live(again)
