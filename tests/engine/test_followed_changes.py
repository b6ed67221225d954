"""What a master changes, and what his copies become by it, whenever and wherever they are.

The simulator's book and its positions are the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import BrokerOrder, UpdateListener
from copytrade_gui.simulator.config import Switches
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import position, ticket
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, owner, ready
from tests.engine.test_modify import alarms, at_broker, lead
from tests.proof.rig import Console, world


def test_what_the_master_changes_elsewhere_his_copies_follow() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(5)
        (copy,) = copies(console, only(console))
        price = ticket(made, Side.BUY, away=100).price
        owner(made).modify(his.order_id, {"price": str(price), "quantity": "20"})
        await made.clock.sleep(15)
        assert (copy.terms.price, copy.terms.quantity, copy.state) == (price, 10, State.WORKING)
        assert only(console).changes == 1
        assert position(made, 1) == 0

    with world(1, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_copy_that_had_not_left_yet_is_changed_as_soon_as_it_is_at_the_broker(where: str) -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        late = console.engine.lanes[made.accounts[1].account_id]
        late.wait_until_ns = made.clock.mono_ns() + 8_000_000_000
        terms = ticket(made, Side.BUY, away=200)
        assert terms.price is not None
        after = replace(terms, quantity=20, price=terms.price + 1)
        if where == "here":
            command = CommandId("resting")
            placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
            await made.clock.sleep(3)
            own = lead(console, placed.plan.plan_id).intent.intent_id
            await console.engine.modify(own, after)
        else:
            his = elsewhere(made, terms)
            await made.clock.sleep(3)
            owner(made).modify(his.order_id, {"price": str(after.price), "quantity": "20"})
        await made.clock.sleep(20)
        assert sorted(at_broker(made)) == [
            (10, after.price, 0), (20, after.price, 0), (40, after.price, 0)
        ]  # fmt: skip

    with world(2, settings=LOOKING) as made:
        made.live(script)


async def feeding(console: Console) -> UpdateListener:
    """The master's feed stands."""
    feed = console.engine.parts.updates.feed_of(console.world.master)
    assert feed is not None
    feed.feed(FeedState.LIVE, "")
    await console.world.clock.sleep(5)
    return feed


async def his_rows(console: Console) -> list[BrokerOrder]:
    """The master's order book as the broker shows it now."""
    session = console.engine.lanes[console.world.master].session
    assert session is not None
    return list((await session.order_book()).rows)


def test_a_change_that_comes_while_the_order_is_being_copied_is_not_lost() -> None:
    coming: list[Callable[[], None]] = []

    def change(point: str) -> None:
        if point == faultpoints.AFTER_PLAN_COMMIT and coming:
            coming.pop()()

    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        feed = await feeding(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(0.5)
        (row,) = await his_rows(console)
        owner(made).modify(his.order_id, {"price": "1400"})
        await made.clock.sleep(0.5)
        coming.append(lambda: feed.orders([replace(row, price=Decimal(1400))]))
        feed.orders([row])
        await made.clock.sleep(8)
        assert not coming
        assert {price for _, price, _ in at_broker(made)} == {Decimal(1400)}

    with world(2) as made:
        made.live(script, fault=change)


@pytest.mark.parametrize("apart_s", [3.0, 0.3])
def test_news_of_a_master_that_comes_late_changes_nothing_back(apart_s: float) -> None:
    """His old price is told once more behind the new one: no copy is sent a change for it.

    Also where both are of one second, which is all that the broker's stamps tell.
    """

    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        feed = await feeding(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        rows: list[BrokerOrder] = []
        for price in (None, "1400", "1410"):
            if price is not None:
                owner(made).modify(his.order_id, {"price": price})
            await made.clock.sleep(0.1)
            rows += (now := await his_rows(console))
            feed.orders(now)
            await made.clock.sleep(apart_s)
        feed.orders([*rows[:-1], *rows[:-1], *rows])
        await made.clock.sleep(15)
        assert {price for _, price, _ in at_broker(made)} == {Decimal(1410)}
        assert only(console).changes == 2
        assert sum(method == "PUT" for _, method, _, _ in made.wire) <= 2 * len(made.links)

    with world(2) as made:
        made.live(script)


def test_a_market_order_that_the_broker_shows_as_a_limit_one_was_not_changed_by_anybody() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        feed = await feeding(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(0.1)
        (row,) = await his_rows(console)
        at_market = replace(row, order_type=OrderType.MARKET, price=Decimal(0))
        for told in (at_market, row):
            feed.orders([told])
            await made.clock.sleep(5)
        assert (only(console).order_type, only(console).changes) == (OrderType.LIMIT, 0)
        assert not [method for _, method, _, _ in made.wire if method == "PUT"]
        owner(made).modify(his.order_id, {"price": "1400"})
        await made.clock.sleep(0.1)
        feed.orders(await his_rows(console))
        await made.clock.sleep(5)
        assert only(console).changes == 1

    with world(1) as made:
        made.live(script)


def test_copies_go_to_the_market_when_the_master_sends_his_resting_order_there() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(5)
        console.see_price()
        owner(made).modify(his.order_id, {"orderType": "MARKET"})
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1, 2)] == [10, 5, 20]

    with world(2, settings=LOOKING, switches=Switches(web_market="accept")) as made:
        made.live(script)


def test_copies_that_filled_before_the_master_made_his_order_larger_are_named() -> None:
    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        his.parts = 5
        await made.clock.sleep(5)
        key = made.instruments[0].key
        made.broker.set_price(key.exchange, key.instrument_id, his.terms.price)
        await made.clock.sleep(2.5)
        owner(made).modify(his.order_id, {"quantity": "30"})
        await made.clock.sleep(15)
        assert (position(made, 0), position(made, 1)) == (30, 5)
        assert len([one for one in said if "filled before and stay as they are: F001" in one]) == 1

    still = Switches(fill_ms=800, market="still", partial_rate=0)
    with world(1, settings=LOOKING, switches=still) as made:
        made.live(script)


def test_a_copy_that_left_as_an_entry_grows_also_while_the_masters_positions_are_being_read() -> (
    None
):
    """Whether his order was an exit followed from what he had before it: that does not change."""

    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        masters = console.engine.exits.masters
        masters.look(made.master, 0.0)
        await made.clock.sleep(0.1)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(20)
        assert [one.terms.quantity for one in copies(console, only(console))] == [5]
        masters.look(made.master, 0.0)
        for _ in range(40):
            if not masters.settled(made.master):
                break
            await made.clock.sleep(0.05)
        assert not masters.settled(made.master)
        owner(made).modify(his.order_id, {"quantity": "20"})
        await made.clock.sleep(15)
        assert [one.terms.quantity for one in copies(console, only(console))] == [10]
        assert said == []

    with world(1, settings=LOOKING) as made:
        made.line.feed = True
        made.live(script)


@pytest.mark.parametrize(
    ("state", "quantity"),
    [(LinkState.ACTIVE, 8), (LinkState.ACTIVE, 30), (LinkState.CLOSE_ONLY, 30)],
)
def test_an_exit_that_is_made_larger_opens_only_where_the_master_and_the_link_open(
    state: LinkState, quantity: int
) -> None:
    """He holds 10; the first copy holds 5 and the second 20, of which its owner sold 12."""

    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        trades_himself(made, made.accounts[2], ticket(made, Side.SELL), 12)
        await made.clock.sleep(130)
        for account in made.accounts[1:]:
            link = console.engine.lanes[account.account_id].links[made.master].link
            console.engine.put_link(replace(link, state=state), "test")
        his = elsewhere(made, ticket(made, Side.SELL, 4, away=200))
        await made.clock.sleep(20)
        owner(made).modify(his.order_id, {"quantity": str(quantity)})
        await made.clock.sleep(20)
        key = made.instruments[0].key
        made.broker.set_price(key.exchange, key.instrument_id, his.terms.price)
        await made.clock.sleep(20)
        opens = quantity > 10 and state is LinkState.ACTIVE
        held = [position(made, number) for number in (1, 2)]
        assert opens is any(one < 0 for one in held)
        assert position(made, 0) == 10 - quantity
        assert any("stay smaller" in one for one in said) is (state is LinkState.CLOSE_ONLY)

    with world(2, settings=LOOKING) as made:
        made.live(script)
