"""A feed that breaks in every way while a master trades elsewhere: nothing lost, nothing doubled.

The broker is the simulated one and time is virtual; its own ledger is the judge.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import AccountChanged, Event
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.seen import Follow, Seen
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import position, ticket
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner
from tests.proof import told_by_broker
from tests.proof.rig import Console, World, world

GONE = {FeedState.RECONNECTING}
BREAKS = {
    "a minute's outage": GONE,
    "the broker starts again": GONE,
    "the session ends": {FeedState.EXPIRED},
    "each message is told twice more": set(),
    "messages overtake each other": set(),
    "half of the messages are no JSON": set(),
    "half of the messages are lost": set(),
}
"""What breaks, and which states the feed shows meanwhile."""


def break_feed(made: World, how: str) -> None:
    match how:
        case "a minute's outage":
            made.broker.add_fault(Fault(action="feed_outage", until_s=60))
        case "the broker starts again":
            made.broker.feed.drop("", "reset")
            made.broker.add_fault(Fault(action="no_network", until_s=3))
        case "the session ends":
            made.broker.expire_sessions()
        case "each message is told twice more":
            made.broker.add_fault(Fault(action="feed_repeat", copies=2))
        case "messages overtake each other":
            late = Fault(action="feed_overtaken", ms=1_500, sigma=0.8, probability=0.5)
            made.broker.add_fault(late)
        case "half of the messages are no JSON":
            made.broker.add_fault(Fault(action="feed_garble", form="broken", probability=0.5))
        case _:
            made.broker.add_fault(Fault(action="feed_skip", probability=0.5))


@pytest.mark.parametrize("how", list(BREAKS))
def test_whatever_happens_to_the_feed_each_order_is_copied_once(how: str) -> None:
    shown: Counter[FeedState] = Counter()

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(20)
        lanes = list(console.engine.lanes)
        assert {lane.status.feed for lane in lanes} == {FeedState.LIVE}
        console.engine.master_signals.set_follow(made.master, Follow.COPY)

        def hear(event: Event) -> None:
            if isinstance(event, AccountChanged):
                shown[event.status.feed] += 1

        console.engine.bus.subscribe(hear)
        break_feed(made, how)
        resting = elsewhere(made, ticket(made, Side.BUY, away=200))
        for number in range(8):
            elsewhere(made, ticket(made, Side.BUY if number % 4 < 3 else Side.SELL))
            await made.clock.sleep(3)
            console.log_in_again()
        owner(made).modify(resting.order_id, {"price": str(ticket(made, Side.BUY, away=90).price)})
        await made.clock.sleep(12)
        owner(made).cancel(resting.order_id)
        await made.clock.sleep(60)
        made.broker.clear_faults()
        await made.clock.sleep(60)
        assert {lane.status.feed for lane in lanes} == {FeedState.LIVE}
        assert BREAKS[how] <= set(shown)
        seen = console.engine.master_signals.orders()
        assert [one.became for one in seen] == [Seen.COPIED] * 9
        states = Counter(order.state for order in console.engine.book)
        assert states == {State.FILLED: 16, State.CANCELLED: 2}
        if "lost" not in how:  # an exit right behind a fill that nobody told of goes by less
            assert [position(made, number) for number in (0, 1, 2)] == [40, 20, 80]
        assert not list(told_by_broker.differences(console))
        assert sum(one.origin == "request" for one in made.broker.ledger.accepted) == 18

    with world(2, settings=LOOKING) as made:
        made.line.feed = True
        made.live(script)


def test_a_feed_that_comes_up_while_the_books_are_compared_is_not_left_catching_up() -> None:
    """Nothing else asks for the books of an account without open orders."""

    async def script(console: Console) -> None:
        made = console.world
        made.broker.add_fault(Fault(action="feed_outage", until_s=12))
        made.broker.add_fault(Fault(action="delay", call="positions", ms=4_000))
        console.log_all_in()
        await made.clock.sleep(8)
        lanes = list(console.engine.lanes)
        while any(lane.status.feed is not FeedState.LIVE for lane in lanes):
            await asyncio.gather(*(console.engine.comparison.compare(one) for one in lanes))
        await made.clock.sleep(15)
        assert [lane.pushed for lane in lanes] == [True] * 2

    with world(1, settings=LOOKING) as made:
        made.line.feed = True
        made.live(script)
