"""What the broker tells by itself: late, twice, out of order, beside reads, and with gaps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import BrokerOrderId, CommandId, TradeId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.engine.books.updates import MOST_HELD
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.ports import BrokerOrder, BrokerTrade, Read, UpdateListener
from copytrade_gui.simulator.config import Switches
from tests.engine.book_reads import LOST, Doubt, live, with_a_doubt
from tests.proof.rig import Console, world


def feed_of(console: Console, lane: Lane) -> UpdateListener:
    """What the account's session tells its updates to."""
    return console.engine.parts.updates._feeds[lane.account_id]


def stands(doubt: Doubt) -> UpdateListener:
    """The account's feed, standing and without a gap."""
    feed = feed_of(doubt.console, doubt.lane)
    feed.feed(FeedState.LIVE, "")
    closes_gap(doubt.console, doubt.lane)
    return feed


def closes_gap(console: Console, lane: Lane, *rows: BrokerOrder) -> None:
    """A read that was asked for just now, as the poller takes it in."""
    parts = console.engine.parts
    absorbed = parts.reconciler.absorb_orders(lane, Read(rows, whole=True))
    absorbed.began_ns = console.world.clock.mono_ns()
    parts.poller._schedule.forget(lane.account_id)
    parts.updates.after_read(lane, absorbed)


def due_in_s(doubt: Doubt) -> float | None:
    """When the account's book is read next."""
    due = doubt.console.engine.parts.poller._schedule._due.get(doubt.lane.account_id)
    return None if due is None else (due - doubt.console.world.clock.mono_ns()) / 1e9


# ---------------------------------------------------------------- any order, repeated, with reads


def history(dice: random.Random, first: BrokerOrder) -> list[BrokerOrder]:
    """What a broker could truly say about an order, one row after the other."""
    rows = [replace(first, state=State.ACKED, status_text="put order req received")]
    filled = 0
    if dice.random() < 0.3:
        rows.append(replace(first, state=State.TRIGGER_PENDING, status_text="trigger pending"))
    rows.append(first)
    while filled < first.quantity and dice.random() < 0.7:
        filled += dice.randint(1, first.quantity - filled)
        rows.append(fills(first, filled, State.PARTIAL, "open"))
    if filled == first.quantity:
        rows[-1] = fills(first, filled, State.FILLED, "complete")
    elif dice.random() < 0.3 and filled == 0:
        rows.append(
            replace(first, state=State.REJECTED, rejection_reason=f"RMS: {first.broker_order_id}")
        )
    elif dice.random() < 0.8:
        end = fills(first, filled, State.CANCELLED, "cancelled")
        rows.append(replace(end, rejection_reason="by the exchange"))
    return rows


def fills(row: BrokerOrder, filled: int, state: State, status: str) -> BrokerOrder:
    return replace(
        row, filled_quantity=filled, pending_quantity=row.quantity - filled, state=state,
        status_text=status, average_price=row.price if filled else Decimal(0),
    )  # fmt: skip


def trades_of(row: BrokerOrder) -> list[BrokerTrade]:
    """Two trades for what the row says was filled."""
    parts = [row.filled_quantity // 2, row.filled_quantity - row.filled_quantity // 2]
    return [
        BrokerTrade(
            TradeId(f"T{row.broker_order_id}/{number}"), row.broker_order_id, row.key, row.side,
            quantity, row.price, "", "",
        )
        for number, quantity in enumerate(parts) if quantity
    ]  # fmt: skip


def told(dice: random.Random, said: Sequence[object]) -> list[object]:
    """The same, some of it twice, and in any order."""
    again = [one for one in said if dice.random() < 0.5]
    return dice.sample([*said, *again], len(said) + len(again))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_of_pushes_and_reads_an_order_ends_as_the_broker_says(
    seed: int,
) -> None:
    dice = random.Random(f"pushes/{seed}")  # noqa: S311 - a test's dice

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        console.log_all_in()
        await made.clock.sleep(5)
        for _ in range(25):
            made.broker.add_fault(LOST)
        await engine.submit(made.master, made.terms(), FanOut.WITH_MASTER, CommandId("a"))
        await made.clock.sleep(7.5)
        alarms: list[Event] = []

        def hear(event: Event) -> None:
            if isinstance(event, Alarm):
                alarms.append(event)

        engine.bus.subscribe(hear)
        for order in list(engine.book):
            if order.state is not State.UNKNOWN:
                continue
            lane = engine.lanes[order.intent.account_id]
            doubt = Doubt(console, lane, order)
            feed = stands(doubt)
            rows = history(dice, doubt.row(f"B{lane.account_id}"))
            last = rows[-1]
            seen_filled = 0
            for one in told(dice, [*rows, *trades_of(last)]):
                if isinstance(one, BrokerTrade):
                    feed.trades([one])
                elif isinstance(one, BrokerOrder):
                    if dice.random() < 0.2:
                        closes_gap(console, lane, one)  # a read in between, of that moment
                    else:
                        feed.orders([one])
                if dice.random() < 0.1:
                    feed.feed(FeedState.RECONNECTING, "")
                    feed.feed(FeedState.LIVE, "")
                    closes_gap(console, lane, dice.choice(rows))
                assert order.filled >= seen_filled
                seen_filled = order.filled
            doubt.read(last, trades=Read(tuple(trades_of(last)), whole=True))
            assert (order.state, order.filled) == (last.state, last.filled_quantity)
            traded = engine.book.traded_of(lane.account_id, last.broker_order_id)
            assert traded == last.filled_quantity
            assert not lane.status.halted
        assert alarms == []

    live(script, 25)


def test_pushes_alone_bring_an_order_to_its_end() -> None:
    """No read is needed where every row was pushed, in whatever order."""

    def test(doubt: Doubt) -> None:
        feed = stands(doubt)
        first = doubt.row("B1")
        end = fills(first, first.quantity, State.FILLED, "complete")
        feed.trades(trades_of(end)[:1])  # before anything says whose it is
        feed.orders([fills(first, 4, State.PARTIAL, "open")])
        assert (doubt.state(), doubt.order.filled) == (State.PARTIAL, 4)
        feed.orders([end, first])
        feed.trades(trades_of(end))
        assert (doubt.state(), doubt.order.filled) == (State.FILLED, first.quantity)
        book, account = doubt.console.engine.book, doubt.lane.account_id
        assert book.traded_of(account, BrokerOrderId("B1")) == first.quantity
        assert doubt.order.average_price == first.price

    with_a_doubt(test)


def test_an_order_that_ended_is_not_opened_again_by_a_late_row() -> None:
    def test(doubt: Doubt) -> None:
        feed = stands(doubt)
        first = doubt.row("B1")
        feed.orders([first, fills(first, 2, State.CANCELLED, "cancelled")])
        feed.orders([fills(first, 1, State.PARTIAL, "open"), first])
        assert (doubt.state(), doubt.order.filled) == (State.CANCELLED, 2)
        feed.orders([fills(first, 3, State.PARTIAL, "open")])  # a late fill counts all the same
        assert (doubt.state(), doubt.order.filled) == (State.CANCELLED, 3)

    with_a_doubt(test)


def test_a_late_row_does_not_undo_that_we_asked_to_cancel() -> None:
    def test(doubt: Doubt) -> None:
        feed = stands(doubt)
        first = doubt.row("B1")
        feed.orders([first])
        book = doubt.console.engine.book
        book.move(doubt.order, State.CANCEL_PENDING)
        feed.orders([first, fills(first, 3, State.PARTIAL, "open")])
        assert (doubt.state(), doubt.order.filled) == (State.CANCEL_PENDING, 3)
        feed.orders([fills(first, 3, State.CANCELLED, "cancelled")])
        assert doubt.state() is State.CANCELLED

    with_a_doubt(test)


# ---------------------------------------------------------------- gaps


def test_what_is_told_in_a_gap_waits_for_a_book_that_was_asked_for_after_it() -> None:
    def test(doubt: Doubt) -> None:
        console, lane = doubt.console, doubt.lane
        feed = feed_of(console, lane)
        feed.orders([doubt.row("B1")])  # it does not stand: nothing is believed
        feed.feed(FeedState.LIVE, "")
        assert due_in_s(doubt) == 0.0
        before = console.world.clock.mono_ns() - 1
        feed.orders([doubt.row("B1")])
        assert doubt.state() is State.UNKNOWN
        parts = console.engine.parts
        for whole, began_ns in ((True, before), (False, before + 2)):
            absorbed = parts.reconciler.absorb_orders(lane, Read((), whole=whole))
            absorbed.began_ns = began_ns
            parts.updates.after_read(lane, absorbed)
            assert (doubt.state(), lane.pushed) == (State.UNKNOWN, False)
        closes_gap(console, lane)
        assert (doubt.state(), lane.pushed) == (State.WORKING, True)
        feed.feed(FeedState.RECONNECTING, "cut")
        assert not lane.pushed
        assert lane.status.feed_reason == "cut"

    with_a_doubt(test)


def test_more_than_is_held_in_a_gap_begins_another_gap() -> None:
    def test(doubt: Doubt) -> None:
        console, lane = doubt.console, doubt.lane
        feed = feed_of(console, lane)
        feed.feed(FeedState.LIVE, "")
        asked = console.world.clock.mono_ns()
        doubt.pass_time(0.1)
        feed.orders([doubt.row(f"S{number}", tag="") for number in range(MOST_HELD + 1)])
        absorbed = console.engine.parts.reconciler.absorb_orders(lane, Read((), whole=True))
        absorbed.began_ns = asked
        console.engine.parts.updates.after_read(lane, absorbed)
        assert not lane.pushed
        closes_gap(console, lane)
        assert lane.pushed

    with_a_doubt(test)


def test_a_session_that_is_over_is_not_heard_any_more() -> None:
    def test(doubt: Doubt) -> None:
        feed = stands(doubt)
        doubt.console.log_in(doubt.lane.account_id)
        feed.orders([doubt.row("B1")])
        feed.feed(FeedState.LIVE, "")
        assert doubt.state() is State.UNKNOWN
        assert doubt.lane.status.feed is FeedState.OFF

    with_a_doubt(test)


# ---------------------------------------------------------------- what is none of ours


def test_an_order_made_elsewhere_is_handed_on_and_an_unknown_tag_has_the_book_read() -> None:
    def test(doubt: Doubt) -> None:
        feed, seen = stands(doubt), list[BrokerOrder]()
        doubt.console.engine.core.news.seen.to(lambda _lane, rows: seen.extend(rows))
        stranger = doubt.row("S1", tag="")
        feed.orders([stranger])
        assert seen == [stranger]
        assert due_in_s(doubt) != 0.0
        theirs = doubt.console.engine.lanes[doubt.console.world.master]
        other = next(
            one for one in doubt.console.engine.book if one.intent.account_id == theirs.account_id
        )
        assert other.attempt is not None
        feed.orders([doubt.row("S2", tag=other.attempt.tag), doubt.row("S3", tag="CT" + "A" * 14)])
        assert not doubt.halted()
        assert due_in_s(doubt) == 0.0

    with_a_doubt(test)


def test_a_change_by_somebody_else_is_judged_by_a_book_at_once() -> None:
    def test(doubt: Doubt) -> None:
        feed = stands(doubt)
        first = doubt.row("B1")
        feed.orders([first])
        assert (due_in_s(doubt) or 0) > 0.0
        moved = replace(first, price=first.price + 5)
        feed.orders([moved])
        assert (due_in_s(doubt), doubt.order.diverged) == (0.0, None)
        doubt.read(moved)
        assert doubt.order.view().diverged is not None
        doubt.console.bugs.clear()

    with_a_doubt(test)


@pytest.mark.parametrize("known", [True, False])
def test_an_update_without_an_exchange_finds_the_instrument_of_our_order(known: bool) -> None:
    def test(doubt: Doubt) -> None:
        feed, row = stands(doubt), doubt.row("B1")
        if known:
            feed.orders([row])
        assert feed.key_of(BrokerOrderId("B1"), "" if known else row.tag) == row.key
        assert feed.key_of(BrokerOrderId("S1"), "") is None
        other = feed_of(doubt.console, doubt.console.engine.lanes[doubt.console.world.master])
        assert other.key_of(BrokerOrderId("S1"), row.tag) is None

    with_a_doubt(test)


def test_a_push_that_comes_before_the_reply_to_its_order_is_the_same_order() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        console.log_all_in()
        await made.clock.sleep(5)
        for lane in engine.lanes:
            feed_of(console, lane).feed(FeedState.LIVE, "")
        await made.clock.sleep(1)
        await engine.submit(made.master, made.terms(away=60), FanOut.WITH_MASTER, CommandId("a"))
        await made.clock.sleep(0.2)
        orders = list(engine.book)
        assert {order.state for order in orders} == {State.SENDING}
        for order in orders:
            lane = engine.lanes[order.intent.account_id]
            assert lane.session is not None
            rows = await lane.session.order_book()
            feed_of(console, lane).orders(rows.rows)
        before = [(order.state, order.broker_order_id) for order in orders]
        assert {state for state, _ in before} <= {State.ACKED, State.WORKING}
        await made.clock.sleep(3)
        assert [order.broker_order_id for order in orders] == [number for _, number in before]
        assert all(order.timing is not None for order in orders)
        assert not any(lane.status.halted for lane in engine.lanes)

    with world(2, switches=Switches(latency_ms=1500, jitter_ms=0)) as made:
        made.live(script)
        assert len(made.broker.ledger.accepted) == 3
