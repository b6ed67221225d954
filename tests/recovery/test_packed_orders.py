"""Orders that ended a while ago are packed, and nothing that is told of them later is lost."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.events import AccountHalted, Alarm, Event
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, TradeId
from copytrade_gui.domain.order import FanOut, Product, State
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.day_charges import DayCharges
from copytrade_gui.ports import BrokerOrder, BrokerTrade, Read
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.files.charges_file import ChargesFile
from tests.proof.judge import judge
from tests.proof.rig import Console, world

FOLLOWERS = 4
MARK = Divergence(5, (), cancelled=True, seen_ns=1, updated_ns=0)
F1 = AccountId("F001")


async def place(console: Console, name: str, away: int = -4) -> Plan:
    """An order and its copies, followed until they had time to fill."""
    console.see_price()
    terms = replace(console.world.terms(quantity=20, away=away), product=Product.INTRADAY)
    placed = await console.engine.submit(
        console.world.master, terms, FanOut.WITH_MASTER, CommandId(name)
    )
    await console.world.clock.sleep(12)
    return placed.plan


async def later(console: Console) -> None:
    """So long that all that has ended is packed."""
    await console.world.clock.sleep(640)
    await tidy(console)


async def tidy(console: Console) -> None:
    """What a running program does once a second, as often as it takes."""
    await console.world.clock.sleep(61)
    for _ in range(20):
        console.engine.ended.tidy()


def says(orders: list[Order]) -> list[tuple[object, ...]]:
    return [structs.astuple(order) for order in orders]


def in_memory(console: Console) -> int:
    return len(list(console.engine.book.recent))


def played(script: Callable[[Console], Coroutine[object, object, None]]) -> None:
    with world(FOLLOWERS) as made:
        made.live(script)


def found_by_all(console: Console, intent: IntentId, account: AccountId, *names: str) -> None:
    book, (number, tag) = console.engine.book, names
    traded = book.traded_of_any(account, BrokerOrderId(number))
    order = book.by_tag(tag)
    assert order is not None
    assert order is book.by_broker(account, BrokerOrderId(number))
    assert order is book.get(intent)
    assert order in list(book.of_account(account))
    assert traded == order.filled == book.traded_of_any(account, BrokerOrderId(number))


def test_a_packed_order_is_found_by_all_that_names_it_and_is_as_it_was() -> None:
    async def script(console: Console) -> None:
        book = console.engine.book
        console.log_all_in()
        await console.world.clock.sleep(30)
        plans = [await place(console, "first"), await place(console, "rests", away=60)]
        await place(console, "second")
        console.engine.cancel_plan(plans[1].plan_id, "no more")
        await console.world.clock.sleep(12)
        before = {plan.plan_id: says(book.of_plan(plan.plan_id)) for plan in plans}
        assert {row[-1] for rows in before.values() for row in rows}
        names = [
            (intent.intent_id, intent.account_id, one.broker_order_id or "", one.view().tag or "")
            for plan in plans
            for one in book.of_plan(plan.plan_id)
            for intent in (one.intent,)
        ]
        await later(console)
        assert in_memory(console) == 0
        assert len(list(book)) == book.index.count == 3 * (FOLLOWERS + 1)
        assert len(list(book.of_account(F1))) == 3

        for name in names:
            found_by_all(console, *name)
        assert len(list(book)) == book.index.count == 3 * (FOLLOWERS + 1)
        assert {name: says(book.of_plan(name)) for name in before} == before
        assert [book.plan(plan.plan_id) for plan in plans] == plans
        await tidy(console)
        assert in_memory(console) == 0  # nothing was changed by looking at them

    played(script)


async def rows_of(console: Console, account: AccountId) -> tuple[BrokerOrder, ...]:
    session = console.engine.lanes[account].session
    assert session is not None
    read = await session.order_book()
    assert read.whole
    return tuple(read.rows)


def test_a_fill_that_is_told_late_is_one_of_the_packed_order() -> None:
    async def script(console: Console) -> None:
        engine, lane = console.engine, console.engine.lanes[F1]
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "rests", away=60)
        engine.cancel_plan(plan.plan_id, "no more")
        await later(console)
        assert in_memory(console) == 0

        (row,) = await rows_of(console, F1)
        told = replace(row, filled_quantity=3, average_price=Decimal(100))
        engine.parts.reconciler.absorb_orders(lane, Read((told,), whole=True))
        (order,) = engine.book.of_account(F1)
        assert (order.state, order.filled) == (State.CANCELLED, 3)
        assert engine.book.filled_by_orders(F1) == 3
        assert engine.exits.ledger.held_of(plan.signal.terms) == {F1: 3}
        await tidy(console)
        assert [one.filled for one in engine.book.of_plan(plan.plan_id)].count(3) == 1

    played(script)


def test_a_second_order_with_the_tag_of_a_packed_one_halts_its_account() -> None:
    async def script(console: Console) -> None:
        engine, lane = console.engine, console.engine.lanes[F1]
        halted: list[Event] = []
        console.log_all_in()
        await console.world.clock.sleep(30)
        await place(console, "first")
        await later(console)
        engine.bus.subscribe(halted.append, AccountHalted, Alarm)
        (row,) = await rows_of(console, F1)
        twin = replace(row, broker_order_id=BrokerOrderId("B99"))
        absorbed = engine.parts.reconciler.absorb_orders(lane, Read((row, twin), whole=True))
        assert absorbed.strangers == [twin]
        assert [one.halt.account_id for one in halted if isinstance(one, AccountHalted)] == [F1]
        assert [one.code for one in halted if isinstance(one, Alarm)] == ["duplicate"]

    played(script)


def test_a_book_that_lacks_a_packed_order_is_not_complete() -> None:
    async def script(console: Console) -> None:
        engine, lane = console.engine, console.engine.lanes[F1]
        console.log_all_in()
        await console.world.clock.sleep(30)
        await place(console, "first")
        await place(console, "second")
        await later(console)
        first, second = await rows_of(console, F1)
        for rows in ((first,), (second,), ()):
            absorbed = engine.parts.reconciler.absorb_orders(lane, Read(rows, whole=True))
            assert not absorbed.complete
        assert engine.parts.reconciler.absorb_orders(
            lane, Read((first, second), whole=True)
        ).complete

    played(script)


def test_a_new_login_reads_all_of_them_once_more_and_they_are_nobody_elses() -> None:
    async def script(console: Console) -> None:
        alarms: list[Event] = []
        console.log_all_in()
        await console.world.clock.sleep(30)
        for number in range(3):
            await place(console, f"order {number}")
        await later(console)
        console.engine.bus.subscribe(alarms.append, Alarm)
        console.log_in_again()
        await console.world.clock.sleep(30)
        for entry in console.world.accounts:
            absorbed = await console.engine.read_books(entry.account_id)
            assert absorbed.complete
            assert absorbed.strangers == []
        assert alarms == []
        await tidy(console)
        assert in_memory(console) == 0
        known = await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("order 1")
        )
        assert known.known
        (await judge(console, 3)).must_be_clean("after a new login")

    played(script)


def test_an_order_that_somebody_holds_stays_the_one_object_it_is() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "first")
        held = console.engine.book.of_plan(plan.plan_id)[1]
        await later(console)
        assert in_memory(console) == FOLLOWERS + 1
        assert console.engine.book.get(held.intent.intent_id) is held
        del held
        await tidy(console)
        assert in_memory(console) == 0

    played(script)


@pytest.mark.parametrize("away", [60, -4])
def test_what_has_not_ended_is_never_packed(away: int) -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        await place(console, "works", away=away)
        await later(console)
        assert in_memory(console) == (FOLLOWERS + 1 if away == 60 else 0)

    played(script)


def test_an_order_whose_trades_were_not_read_yet_is_not_packed() -> None:
    async def script(console: Console) -> None:
        unread = Fault(action="book_failed", call="trades")
        console.log_all_in()
        await console.world.clock.sleep(30)
        console.world.broker.add_fault(unread)
        await place(console, "first")
        await later(console)
        assert in_memory(console) == FOLLOWERS + 1
        console.world.broker.clear_faults()
        await later(console)
        assert in_memory(console) == 0

    played(script)


def test_an_order_that_changes_while_it_is_packed_stays_as_it_is() -> None:
    async def script(console: Console) -> None:
        book = console.engine.book
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "rests", away=60)
        console.engine.cancel_plan(plan.plan_id, "no more")
        await console.world.clock.sleep(100)
        packing = book.index.begin_packing(plan)
        packing.step(3)
        book.diverge(packing.orders[1], MARK)
        packing.step(3)
        assert packing.done
        assert not book.index.end_packing(packing)
        assert packing.orders is book.of_plan(plan.plan_id)
        assert [one.diverged for one in book.recent].count(MARK) == 1

    played(script)


def test_the_days_charges_are_those_of_packed_orders_too() -> None:
    async def script(console: Console) -> None:
        engine = console.engine
        charges = DayCharges(engine.core, engine.copies.master_of)
        engine.core.news.packed.to(charges.packed)
        charges.put(ChargesFile(Path("charges.toml")).shipped)
        console.log_all_in()
        await console.world.clock.sleep(30)
        first = await place(console, "first")
        await place(console, "second")
        cost = charges.of(F1)
        assert cost.total > 0
        await later(console)
        assert in_memory(console) == 0
        assert charges.of(F1) == cost
        engine.book.of_plan(first.plan_id)  # whole again
        assert charges.of(F1) == cost
        await tidy(console)
        assert in_memory(console) == 0
        assert charges.of(F1) == cost
        charges.put(ChargesFile(Path("charges.toml")).shipped)
        assert charges.of(F1) == cost  # counted anew

    played(script)


def diverged(console: Console, account: AccountId, number: BrokerOrderId) -> None:
    order = console.engine.book.by_broker(account, number)
    assert order is not None
    console.engine.book.diverge(order, MARK)


def test_what_a_packed_order_became_is_packed_with_it() -> None:
    async def script(console: Console) -> None:
        book = console.engine.book
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "first")
        number = book.of_plan(plan.plan_id)[1].broker_order_id
        account = book.of_plan(plan.plan_id)[1].intent.account_id
        await later(console)
        assert number is not None
        diverged(console, account, number)
        for _ in range(2):
            assert [one.diverged for one in book.of_account(account)] == [MARK]
            await tidy(console)
        await later(console)
        assert in_memory(console) == 0
        assert [one.diverged for one in book.of_account(account)] == [MARK]

    played(script)


def test_a_trade_that_is_told_before_its_row_keeps_its_order_whole_and_counts_once() -> None:
    async def script(console: Console) -> None:
        engine, lane = console.engine, console.engine.lanes[F1]
        console.log_all_in()
        await console.world.clock.sleep(30)
        plan = await place(console, "rests", away=60)
        engine.cancel_plan(plan.plan_id, "no more")
        await later(console)
        assert in_memory(console) == 0
        (row,) = await rows_of(console, F1)
        trade = BrokerTrade(
            trade_id=TradeId("T1"), broker_order_id=row.broker_order_id, key=row.key, side=row.side,
            quantity=3, price=Decimal(100), tag=row.tag, at_text="",
        )  # fmt: skip
        reconciler = engine.parts.reconciler
        reconciler.absorb_pushed_trade(lane, trade)
        await tidy(console)
        told = replace(row, filled_quantity=3, average_price=Decimal(100))
        reconciler.absorb_orders(lane, Read((told,), whole=True))
        reconciler.absorb_trades(lane, Read((trade,), whole=True))
        (order,) = engine.book.of_account(F1)
        assert order.filled == engine.book.traded_of_any(F1, row.broker_order_id) == 3
        assert [one.position.net for one in engine.parts.copies.of(F1).values()] == [3]

    played(script)


def test_the_next_mornings_reads_leave_yesterdays_orders_packed() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        for name in ("one", "two", "three"):
            await place(console, name)
        await later(console)
        assert in_memory(console) == 0
        console.world.time.now_ns += 86_400 * 1_000_000_000
        console.log_all_in()
        await console.world.clock.sleep(120)
        assert in_memory(console) == 0

    played(script)
