"""A master's exit that he makes larger or smaller: a copy becomes what it would be placed so.

The simulator's positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import FanOut, Product, Side
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.simulator.config import Switches
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_exits_in_proportion import give
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, owner, ready
from tests.engine.test_modify import alarms, lead
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
FIXED = SizingRule(Strategy.FIXED, Decimal(4))
FIXED_12 = SizingRule(Strategy.FIXED, Decimal(12))
HALF, TWICE = (SizingRule(Strategy.RATIO, Decimal(ratio)) for ratio in ("0.5", "2"))


async def trade_through(made: World, price: Decimal | None, wait_s: float = 20) -> None:
    """The market goes to the price of an order that rests."""
    key = made.instruments[0].key
    assert price is not None
    made.broker.set_price(key.exchange, key.instrument_id, int(price * 10_000))
    await made.clock.sleep(wait_s)


@pytest.mark.parametrize(
    ("rule", "then", "first", "later", "left"),
    [
        (FIXED, FIXED, 5, 10, 0),
        (FIXED, FIXED, 10, 5, 2),
        (FIXED, FIXED, 15, 10, 0),
        (FIXED, FIXED, 15, 5, 2),
        (HALF, HALF, 3, 10, 0),
        (HALF, HALF, 10, 4, 3),
        (HALF, TWICE, 15, 10, 0),
        (HALF, TWICE, 10, 15, -10),
        (TWICE, HALF, 15, 5, 10),
        (None, HALF, 15, 10, 0),
        (None, HALF, 15, 20, -5),
    ],
)
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_an_exit_that_is_changed_takes_what_it_would_take_placed_so(
    rule: SizingRule | None,
    then: SizingRule,
    first: int,
    later: int,
    left: int,
    where: str,
) -> None:
    """He holds 10; the copy what its rule, if it copied then, gave for that."""

    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        console.engine.put_account(replace(made.account(F1), active=rule is not None))
        give(console, F1, rule or then)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        console.engine.put_account(made.account(F1))
        give(console, F1, then)
        terms = ticket(made, SELL, first, away=200)
        if where == "here":
            command = CommandId("exit")
            placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
            await made.clock.sleep(10)
            own = lead(console, placed.plan.plan_id).intent.intent_id
            await console.engine.modify(own, replace(terms, quantity=later))
        else:
            his = elsewhere(made, terms)
            await made.clock.sleep(15)
            owner(made).modify(his.order_id, {"quantity": str(later)})
        await made.clock.sleep(15)
        await trade_through(made, terms.price)
        assert (position(made, 0), position(made, 1)) == (10 - later, left)

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_of_an_exit_that_is_made_larger_who_has_no_order_for_it_is_named() -> None:
    """The first copy's one unit is less than its part at first; the second has filled whole."""

    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        give(console, F1, SizingRule(Strategy.FIXED, Decimal(1)))
        give(console, F2, FIXED)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        terms = ticket(made, SELL, 5, away=200)
        his = elsewhere(made, terms)
        his.parts = 5
        await made.clock.sleep(10)
        await trade_through(made, terms.price, 2.5)
        owner(made).modify(his.order_id, {"quantity": "10"})
        await made.clock.sleep(20)
        assert [position(made, number) for number in range(3)] == [0, 1, 2]
        told = "2 of its copies close less than their part, and nothing of them works: F001, F002."
        assert len([one for one in said if told in one]) == 1

    still = Switches(fill_ms=800, market="still", partial_rate=0)
    with world(2, settings=LOOKING, switches=still) as made:
        made.live(script)


def test_an_exit_in_slices_is_changed_as_a_whole() -> None:
    """Twelve units in slices of five: none grows above five, and together they close a part."""

    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        give(console, F1, FIXED_12)
        await press(console, ticket(made, BUY, 30), wait_s=15)
        key = (made.instruments[0].key.exchange, made.instruments[0].underlying)
        console.engine.clearing.freeze = FreezeTable({key: 5})
        his = elsewhere(made, terms := ticket(made, SELL, 30, away=200))
        await made.clock.sleep(15)
        for quantity, sizes in ((40, [5, 5, 4]), (15, [2, 3, 1]), (5, [1, 1]), (30, [5, 4])):
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(15)
            live = [one for one in copies(console, only(console)) if not one.state.ended]
            assert [one.terms.quantity for one in live] == sizes
        await trade_through(made, terms.price)
        assert (position(made, 0), position(made, 1)) == (0, 3)

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_a_sale_for_delivery_that_is_made_larger_sells_no_more_than_the_copy_holds() -> None:
    """What he bought at the broker is in no position book: what he sells a part of is not known."""

    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        elsewhere(made, ticket(made, BUY, 30, product=Product.DELIVERY))
        await made.clock.sleep(20)
        give(console, F1, TWICE)
        his = elsewhere(made, ticket(made, SELL, 4, away=200, product=Product.DELIVERY))
        await made.clock.sleep(20)
        for quantity, copied in ((6, 12), (20, 15)):
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(20)
            sale = console.engine.master_signals.orders()[0]
            assert [one.terms.quantity for one in copies(console, sale)] == [copied]
        assert any("1 of its copies stay smaller" in one for one in said)

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_a_copy_that_leaves_after_the_change_goes_by_what_the_master_has_filled_by_then() -> None:
    """His position is less by these units, and they are a part of the same exit."""

    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        give(console, F1, FIXED)
        await press(console, ticket(made, BUY, 20), wait_s=15)
        late = console.engine.lanes[F1]
        late.wait_until_ns = made.clock.mono_ns() + 12_000_000_000
        his = elsewhere(made, terms := ticket(made, SELL, 20, away=200))
        his.parts = 5
        await made.clock.sleep(3)
        owner(made).modify(his.order_id, {"quantity": "10"})
        await made.clock.sleep(3)
        before = made.price(made.instruments[0])
        await trade_through(made, terms.price, 2)
        assert 10 < position(made, 0) < 20
        await trade_through(made, before, 0.1)
        assert late.queue
        await made.clock.sleep(20)
        await trade_through(made, terms.price)
        assert (position(made, 0), position(made, 1)) == (10, 2)

    still = Switches(fill_ms=800, market="still", partial_rate=0)
    with world(1, settings=LOOKING, switches=still) as made:
        made.live(script)


def test_a_link_that_was_paused_during_one_change_takes_up_the_next() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        give(console, F1, FIXED)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        his = elsewhere(made, terms := ticket(made, SELL, 10, away=200))
        await made.clock.sleep(10)
        link = console.engine.lanes[F1].links[made.master].link
        for state, quantity, copied in ((LinkState.PAUSED, 2, 4), (LinkState.ACTIVE, 5, 2)):
            console.engine.put_link(replace(link, state=state), "test")
            owner(made).modify(his.order_id, {"quantity": str(quantity)})
            await made.clock.sleep(15)
            exit_ = console.engine.master_signals.orders()[0]
            assert [one.terms.quantity for one in copies(console, exit_)] == [copied]
        await trade_through(made, terms.price)
        assert (position(made, 0), position(made, 1)) == (5, 2)

    with world(1, settings=LOOKING) as made:
        made.live(script)
