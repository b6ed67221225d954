"""What ended orders cost in memory, and when they leave it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, TradeId
from copytrade_gui.domain.order import FanOut, Product, Side, State
from copytrade_gui.domain.records import Fill, Plan
from copytrade_gui.engine.orders.fills import Fills
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import judge
from tests.proof.rig import Console, world

FOLLOWERS = 4
DAY_NS = 86_400 * 1_000_000_000
SOON = EngineSettings(ended_whole=5)
MOST_BYTES = 640
"""A packed order, and of its row and its trade in the broker's books what tells them again: 340 of
many orders, and 570 of so few; 1,250 while both were kept, 1,950 while it was not packed, and 4,650
while texts were kept."""


async def place(
    console: Console, name: str, side: Side = Side.BUY, product: Product = Product.INTRADAY
) -> Plan:
    """An order and its copies, followed until they had time to fill."""
    terms = replace(console.world.terms(side=side, quantity=20, away=-4), product=product)
    placed = await console.engine.submit(
        console.world.master, terms, FanOut.WITH_MASTER, CommandId(name)
    )
    await console.world.clock.sleep(12)
    return placed.plan


def forget(console: Console) -> None:
    """What a running program does once a second, as often as it takes."""
    for _ in range(20):
        console.engine.ended.tidy()


async def pack(console: Console) -> None:
    """So long that every ended order is packed."""
    for _ in range(20):
        await console.world.clock.sleep(1)
        forget(console)
        if not list(console.engine.book.recent):
            for one in console.world.accounts:
                console.engine.margins.funds_read(one.account_id)
            return
    raise AssertionError("orders that ended are not packed")


async def next_day(console: Console) -> None:
    """A day passes; in its morning everybody logs in."""
    console.world.time.now_ns += DAY_NS
    console.log_all_in()
    await console.world.clock.sleep(60)


def test_an_ended_order_takes_little_memory() -> None:
    """In a process of its own: what grows in steps there was not grown by other tests before."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.recovery.ended_memory"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(said.stdout) < MOST_BYTES


@pytest.mark.parametrize("packed", [False, True])
def test_orders_of_a_day_that_is_over_leave_the_memory_and_nothing_else_changes(
    *, packed: bool
) -> None:
    async def script(console: Console) -> None:
        book, made = console.engine.book, console.world
        console.log_all_in()
        await made.clock.sleep(30)
        plan = await place(console, "first")
        orders = [structs.replace(order) for order in book.of_plan(plan.plan_id)]
        assert {order.state for order in orders} == {State.FILLED}
        forget(console)
        assert len(list(book)) == FOLLOWERS + 1  # of today: all of it stays
        if packed:
            await pack(console)
            assert len(list(book)) == FOLLOWERS + 1

        await next_day(console)
        forget(console)
        assert list(book) == []
        for order in orders:
            account, number = order.intent.account_id, order.broker_order_id
            assert number is not None
            assert order.attempt is not None
            assert book.by_broker(account, number) is None
            assert book.by_tag(order.attempt.tag) is None
            assert not list(book.numbers_of(account))
            assert book.filled_by_orders(account) == book.filled_by_trades(account) == 0

        # The same button, pressed again a day later, is still not a new order.
        sent = len(made.broker.ledger.accepted)
        with pytest.raises(DeniedError, match="placed before"):
            await place(console, "first")
        assert len(made.broker.ledger.accepted) == sent

        # And the day after trades as any other.
        console.see_price()
        await place(console, "second")
        assert {order.state for order in book} == {State.FILLED}
        assert len(list(book)) == FOLLOWERS + 1
        for entry in made.accounts:
            assert (await console.engine.read_books(entry.account_id)).complete
        (await judge(console, 2)).must_be_clean("the day after")
        assert console.bugs == []

    with world(FOLLOWERS, settings=SOON) as made:
        made.live(script)


def test_what_is_not_settled_stays_however_long_it_takes() -> None:
    """No reply came and no book ever showed them: a person still has to decide."""

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(30)
        plan = await place(console, "filled")
        made.broker.add_fault(Fault(action="drop_reply", call="place", placed=False))
        doubt = await place(console, "doubt")
        made.broker.clear_faults()
        await next_day(console)
        forget(console)
        assert plan.plan_id not in console.engine.book.plans
        kept = console.engine.book.of_plan(doubt.plan_id)
        assert len(kept) == FOLLOWERS + 1
        assert not any(order.state.ended for order in kept)

    with world(FOLLOWERS) as made:
        made.live(script)


def test_an_order_that_the_brokers_book_still_shows_stays() -> None:
    """A broker that is late to empty its books meets no tag that we have forgotten."""

    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "shown")
        # A day passes, and nobody reads the books of it: the last ones read are those of before.
        console.world.time.now_ns += DAY_NS * 3 // 2
        forget(console)
        assert len(console.engine.book.of_plan(plan.plan_id)) == FOLLOWERS + 1

    with world(FOLLOWERS) as made:
        made.live(script)


def test_copies_of_a_day_that_left_the_memory_can_be_sold() -> None:
    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(30)
        bought = await place(console, "bought", product=Product.DELIVERY)
        held = {
            order.intent.account_id: order.filled
            for order in console.engine.book.of_plan(bought.plan_id)
        }
        assert min(held.values()) > 0
        await next_day(console)
        forget(console)
        assert list(console.engine.book) == []
        console.see_price()
        sold = await place(console, "sold", Side.SELL, Product.DELIVERY)
        assert {
            order.intent.account_id: order.filled
            for order in console.engine.book.of_plan(sold.plan_id)
        } == held

    with world(FOLLOWERS) as made:
        made.live(script)


def test_a_trade_is_told_once_however_often_a_day_of_trades_is_let_go() -> None:
    def trade(number: str) -> Fill:
        return Fill(AccountId("A"), TradeId(number), BrokerOrderId("B1"), 5, Decimal(10), "")

    fills = Fills()
    assert fills.add(trade("1"))
    fills.age()
    assert fills.add(trade("2"))
    assert not fills.add(trade("1"))  # a book that is late to be emptied still shows it
    assert not fills.add(trade("2"))
    assert fills.of_account(AccountId("A")) == 10
    assert fills.of_order(AccountId("A"), BrokerOrderId("B1")) == 10
    fills.forget_order(AccountId("A"), BrokerOrderId("B1"))
    assert fills.of_account(AccountId("A")) == 0
