"""What fills around a restart or a stop, or unseen: copied once, or recorded and not copied.

The simulator's positions are the judge.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.guard import PriceGuard
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.orders import Order as BrokersOrder
from tests.engine.test_exits import F1, F2
from tests.engine.test_fill_copy import BOTH, Place, begins, copies_fills, fills, live, of_fills
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, change, held
from tests.engine.test_master_elsewhere import LOOKING
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL


@BOTH
def test_a_restart_between_two_fills_copies_none_again_and_misses_none(place: Place) -> None:
    his: list[BrokersOrder] = []

    async def first(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        his.append(await place(console, BUY, 10))
        await fills(console, his[0], 3)
        assert held(console)[:2] == [3, 1]
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        await console.world.clock.sleep(10)
        assert held(console)[:2] == [3, 1]
        await fills(console, his[0], 7, 20)
        assert held(console)[:2] == [10, 5]

    with world(1, settings=LOOKING) as made:
        made.live(first)
        made.live(after)


@BOTH
def test_what_filled_while_the_program_was_down_is_recorded_and_not_copied(place: Place) -> None:
    his: list[BrokersOrder] = []

    async def first(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        his.append(await place(console, BUY, 20))
        await fills(console, his[0], 6)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        made = console.world
        made.broker.accounts[0].schedule(made.time.wall_ns(), "fill", his[0], 4)
        await begins(console)
        copies_fills(console, F1)
        await made.clock.sleep(20)
        assert held(console) == [10, 3]
        missed = of_fills(console)[-1]
        assert missed.state is State.BLOCKED
        assert missed.code in ("fill_missed", "stopped")
        await fills(console, his[0], 10, 20)
        assert held(console) == [20, 8]
        raise ProgramStopped("power cut")

    async def at_last(console: Console) -> None:
        await begins(console)
        await console.world.clock.sleep(20)
        assert held(console) == [20, 8]
        assert len(of_fills(console)) == 3

    with world(1, settings=LOOKING) as made:
        made.live(first)
        made.live(after)
        made.live(at_last)


@BOTH
def test_after_a_restart_an_exit_closes_the_same_part_and_opens_nothing(place: Place) -> None:
    his: list[BrokersOrder] = []

    async def first(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1, F2)
        change(console, F2, state=LinkState.PAUSED)
        await fills(console, await place(console, BUY, 20), 20)
        change(console, F2, state=LinkState.ACTIVE)
        his.append(await place(console, SELL, 20))
        await fills(console, his[0], 8, 15)
        assert held(console) == [12, 6, 0]
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1, F2)
        await console.world.clock.sleep(10)
        await fills(console, his[0], 4, 15)
        assert held(console) == [8, 4, 0]
        await fills(console, his[0], 8, 15)
        assert held(console) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(first)
        made.live(after)


@BOTH
def test_nothing_of_what_fills_during_a_stop_leaves_by_itself(place: Place) -> None:
    async def script(console: Console) -> None:
        engine = console.engine
        await begins(console)
        copies_fills(console, F1, F2)
        his = await place(console, BUY, 20)
        await fills(console, his, 4)
        await engine.stop_trading(TradingState.PAUSE, "test", "lunch")
        await fills(console, his, 6)
        assert held(console) == [10, 2, 8]
        kept = of_fills(console)[-1]
        assert (kept.state, kept.code) == (State.BLOCKED, "stopped")
        await engine.resume("test", "back")
        await console.world.clock.sleep(20)
        assert held(console) == [10, 2, 8]
        change(console, F2, state=LinkState.CLOSE_ONLY)
        await fills(console, his, 4)
        assert held(console) == [14, 4, 8]
        change(console, F2, state=LinkState.ACTIVE)
        change(console, F1, guard=PriceGuard(Offset(Decimal(0), percent=False)))
        console.see_price()
        await fills(console, his, 6, 15)
        assert held(console) == [20, 4, 20]
        assert of_fills(console)[-1].code == "price_guard"

    live(script)


@BOTH
def test_what_filled_while_he_was_logged_out_is_recorded_and_not_copied(place: Place) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begins(console)
        copies_fills(console, F1, F2)
        his = await place(console, BUY, 20)
        await fills(console, his, 4)
        engine.detach(M, SessionState.LOGGED_OUT)
        await fills(console, his, 6, 40)
        console.log_in(M)
        await made.clock.sleep(20)
        assert held(console) == [10, 2, 8]
        for account in (F1, F2):
            missed = of_fills(console, account)[-1]
            assert (missed.state, missed.code) == (State.BLOCKED, "fill_missed")
            assert "6 more" in missed.reason
        await fills(console, his, 10, 15)
        assert held(console) == [20, 7, 28]

    live(script)


@BOTH
@pytest.mark.parametrize(
    ("point", "ends"),
    [
        (faultpoints.BEFORE_PLAN_COMMIT, State.BLOCKED),
        # Its mark is stored, so it may have left: it is looked for, and never sent again.
        (faultpoints.AFTER_PLAN_COMMIT, State.NOT_PLACED),
    ],
)
def test_a_crash_around_the_commit_of_a_fill_copies_it_at_most_once(
    place: Place, point: str, ends: State
) -> None:
    his: list[BrokersOrder] = []
    commits: list[str] = []

    def bomb(reached: str) -> None:
        if reached == point:
            commits.append(reached)
            if len(commits) == 2:  # of the order, then of what it filled
                raise ProgramStopped(reached)

    async def first(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        his.append(await place(console, BUY, 10))
        await fills(console, his[0], 4)

    async def after(console: Console) -> None:
        await begin(console)
        console.engine.master_signals.set_follow(M, Follow.COPY)
        copies_fills(console, F1)
        await console.world.clock.sleep(240)
        assert held(console)[:2] == [4, 0]
        (one,) = of_fills(console)
        assert one.state is ends
        await fills(console, his[0], 6, 15)
        assert held(console)[:2] == [10, 3]

    with world(1, settings=LOOKING) as made:
        made.live(first, fault=bomb)
        assert len(commits) == 2
        made.live(after)
