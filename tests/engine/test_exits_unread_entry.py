"""A master leaves what he entered before any read or push says that his entry filled.

What he entered rested for long, so do its copies. His exit is no entry of theirs, however late the
news is. The simulator's positions are the judge.
"""

from __future__ import annotations

from typing import Literal

import pytest

from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as BrokersOrder
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, press, ticket
from tests.engine.test_fill_copy import Place, at_broker, begins, fills, here
from tests.engine.test_links import M, held
from tests.engine.test_master_elsewhere import LOOKING
from tests.engine.test_resting_entries import comes_back, entries
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL
News = Literal["feed_skip", "feed_delay"]


async def rested(console: Console, place: Place = here) -> BrokersOrder:
    """His entry rests for long, and his book was read a moment ago."""
    made = console.world
    await begins(console)
    his = await place(console, BUY, 10)
    await made.clock.sleep(16)
    lane = console.engine.lanes[M]
    read = lane.read_ns
    while lane.read_ns == read:
        await made.clock.sleep(0.02)
    return his


async def only_shown(console: Console, side: Side, quantity: int) -> BrokersOrder:
    """He places it at the broker, and nobody copies it."""
    console.engine.master_signals.set_follow(M, Follow.SHOW)
    return await at_broker(console, side, quantity)


def lose_news(console: Console, fault: News) -> None:
    """What is pushed of the master's orders within the next moments is late, or never comes."""
    made = console.world
    client = made.accounts[0].client_id
    made.broker.add_fault(Fault(action=fault, accounts=[client], until_s=0.4, ms=3_000))


def cannot_be_read(console: Console, until_s: float | None = None) -> None:
    """The master's orders and trades; so long from now, or for good."""
    made = console.world
    client, calls = made.accounts[0].client_id, "orders,order,trades"
    made.broker.add_fault(
        Fault(action="book_failed", call=calls, accounts=[client], until_s=until_s)
    )


@pytest.mark.parametrize(
    ("place", "feed", "fault", "wait_s", "units", "fan_out"),
    [
        (here, False, None, 0.02, 10, FanOut.WITH_MASTER),
        (here, False, None, 0.7, 5, FanOut.ON_MASTER_WORKING),
        (here, True, None, 0.02, 10, FanOut.WITH_MASTER),
        (here, True, "feed_delay", 1, 10, FanOut.ON_MASTER_WORKING),
        (here, True, "feed_skip", 1, 10, FanOut.WITH_MASTER),
        (here, True, "feed_skip", 1, 5, FanOut.WITH_MASTER),
        (at_broker, False, None, 0.3, 10, FanOut.WITH_MASTER),
        (only_shown, False, None, 0.3, 10, FanOut.WITH_MASTER),
        (at_broker, True, "feed_delay", 1, 5, FanOut.WITH_MASTER),
        (at_broker, True, "feed_skip", 1, 10, FanOut.ON_MASTER_WORKING),
    ],
)
def test_an_exit_right_behind_the_fill_of_an_older_entry_opens_nothing(
    *, place: Place, feed: bool, fault: News | None, wait_s: float, units: int, fan_out: FanOut
) -> None:
    async def script(console: Console) -> None:
        his = await rested(console, place)
        if fault:
            lose_news(console, fault)
        await fills(console, his, 10, wait_s=wait_s)
        orders = await press(console, ticket(console.world, SELL, units), fan_out, wait_s=25)
        assert {(one.state, one.filled) for one in orders.values()} == {(State.BLOCKED, 0)}
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        assert held(console) == [10 - units, 0, 0]
        await comes_back(console)
        assert held(console) == [10 - units, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.line.feed = feed
        made.live(script)


def test_as_long_as_nobody_can_read_it_the_exit_waits_says_why_and_grows_too_old() -> None:
    async def script(console: Console) -> None:
        made = console.world
        his = await rested(console)
        cannot_be_read(console)
        await fills(console, his, 10, wait_s=1)
        orders = await press(console, ticket(made, SELL), wait_s=55)
        assert {(one.state, one.code) for one in orders.values()} == {
            (State.PLANNED, "awaits_copy")
        }
        assert "as soon as reads of the books show" in orders[F1].reason
        await made.clock.sleep(10)
        assert {(one.state, one.code) for one in orders.values()} == {(State.STALE, "too_old")}
        assert "longer than the 60 s" in orders[F1].reason
        assert held(console) == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize(("feed", "wait_s"), [(True, 3.5), (True, 5), (False, 12)])
def test_a_part_exit_called_while_nobody_could_see_the_fill_leaves_no_copy_resting(
    *, feed: bool, wait_s: float
) -> None:
    """Its push is lost, or his book cannot be read: his entry is told to have ended much later."""

    async def script(console: Console) -> None:
        made = console.world
        his = await rested(console)
        lose_news(console, "feed_skip")
        if not feed:
            cannot_be_read(console, wait_s + 4)
        await fills(console, his, 10, wait_s=wait_s)
        await press(console, ticket(made, SELL, 5), wait_s=25)
        assert {one.state for one in entries(console).values()} == {State.CANCELLED}
        await comes_back(console)
        assert held(console) == [5, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.line.feed = feed
        made.live(script)


def test_a_start_knows_that_the_end_of_his_entry_was_told_late() -> None:
    """His target, called between his entry's fill and the news of it, fills after the start."""
    numbers: list[str] = []

    async def morning(console: Console) -> None:
        his = await rested(console)
        lose_news(console, "feed_skip")
        cannot_be_read(console, 15)
        await fills(console, his, 10, wait_s=3.5)
        numbers.append((await here(console, SELL, 5)).order_id)
        await console.world.clock.sleep(20)
        assert {one.state for one in entries(console).values()} == {State.WORKING}

    async def again(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(20)
        await console.engine.resume("operator", "looked")
        await fills(console, made.broker.accounts[0].orders[numbers[0]], 5, 20)
        assert {one.state for one in entries(console).values()} == {State.CANCELLED}
        await comes_back(console)
        assert held(console) == [5, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.line.feed = True
        made.live(morning)
        made.live(again)


def test_an_entry_whose_end_is_told_late_keeps_its_copies_where_he_gave_up_another() -> None:
    """He sells ten that he bought by phone; then his entry fills, and he holds that."""

    async def script(console: Console) -> None:
        made = console.world
        trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
        his = await rested(console)
        cannot_be_read(console, 18)
        await press(console, ticket(made, SELL), wait_s=3)
        lose_news(console, "feed_skip")
        await fills(console, his, 10, wait_s=25)
        await comes_back(console)
        assert held(console) == [10, 5, 20]

    with world(2, settings=LOOKING) as made:
        made.line.feed = True
        made.live(script)
