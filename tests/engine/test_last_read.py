"""Of a read only what changed or is not settled is merged: nothing may come out otherwise."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.orders.last_read import LastReadOrders
from copytrade_gui.ports import MARK, BrokerOrder, BrokerTrade, Read
from tests.engine.book_reads import Doubt, with_a_doubt

STATES = (
    (State.ACKED, 0), (State.WORKING, 0), (State.WORKING, 4), (State.FILLED, 10),
    (State.CANCELLED, 0), (State.CANCELLED, 4), (State.REJECTED, 0), (None, 4), (State.FILLED, 14),
)  # fmt: skip
Told = list[object]


def marks(rows: Sequence[BrokerOrder | BrokerTrade]) -> bytes:
    """What an adapter that tells its rows apart gives with them."""
    return b"".join(hashlib.sha256(repr(one).encode()).digest()[:MARK] for one in rows)


def whole(*rows: BrokerOrder) -> Read[BrokerOrder]:
    return Read(rows, whole=True, marks=marks(rows))


def play(seed: int, *, marked: bool) -> Told:
    """Random reads and acts of a person; what our order and the account came to, read by read."""
    told: Told = []

    def test(doubt: Doubt) -> None:
        dice = random.Random(f"shown/{seed}")  # noqa: S311 - a test's dice
        book, lane = doubt.console.engine.book, doubt.lane
        alarms: list[str] = []
        doubt.console.engine.bus.subscribe(lambda event: alarms.append(type(event).__name__))
        rows: list[BrokerOrder] = []
        trades: list[BrokerTrade] = []
        for _ in range(30):
            rows = shuffled(dice, doubt, rows)
            if dice.random() < 0.4:
                number = f"T{len(trades) + 1}"
                trades = [*trades, doubt.trade(number, dice.choice("BCS") + "1", 3)]
            act = dice.random()
            if act < 0.1:
                book.acknowledge(doubt.order, BrokerOrderId(dice.choice(("B1", "C1"))))
            elif act < 0.3 and doubt.order.broker_order_id is not None:
                book.move(doubt.order, State.CANCEL_PENDING)
            elif act < 0.35:
                doubt.lift()
            absorbed = doubt.console.engine.parts.reconciler.absorb_orders(
                lane,
                Read(
                    tuple(rows),
                    whole=dice.random() < 0.9,
                    marks=marks(rows) if marked else b"",
                ),
            )
            doubt.console.engine.parts.reconciler.absorb_trades(
                lane, Read(tuple(trades), whole=True, marks=marks(trades) if marked else b"")
            )
            told.append(
                (
                    absorbed, doubt.order.view(), doubt.halted(), list(alarms),
                    book.filled_by_trades(lane.account_id),
                )
            )  # fmt: skip
        doubt.console.bugs.clear()

    with_a_doubt(test)
    return told


def shuffled(dice: random.Random, doubt: Doubt, rows: list[BrokerOrder]) -> list[BrokerOrder]:
    """The book a moment later."""
    what = dice.random()
    if what < 0.3 or not rows:
        number = dice.choice(("B1", "B1", "C1", f"S{dice.randint(1, 3)}"))
        tag = doubt.row().tag if dice.random() < 0.6 else ""
        return [*rows, doubt.row(number, tag=tag)]
    at = dice.randrange(len(rows))
    if what < 0.7:
        state, filled = dice.choice(STATES)
        changed = replace(
            rows[at], state=state, filled_quantity=filled, status_text=str(state).lower()
        )
        return [*rows[:at], changed, *rows[at + 1 :]]
    if what < 0.75:
        return [*rows[:at], *rows[at + 1 :]]
    if what < 0.8:
        return dice.sample(rows, len(rows))
    return rows


@pytest.mark.parametrize("seed", range(40))
def test_rows_that_stayed_the_same_come_to_the_same_as_rows_made_anew(seed: int) -> None:
    assert play(seed, marked=True) == play(seed, marked=False)


def test_an_old_row_is_merged_again_when_its_order_has_become_ours() -> None:
    def test(doubt: Doubt) -> None:
        filled = doubt.row(tag="", state=State.FILLED, filled_quantity=10, placed_ns=1)
        rows = whole(filled)
        engine = doubt.console.engine
        assert engine.parts.reconciler.absorb_orders(doubt.lane, rows).strangers == [filled]
        engine.book.acknowledge(doubt.order, BrokerOrderId("B1"))
        assert engine.parts.reconciler.absorb_orders(doubt.lane, rows).strangers == []
        assert doubt.state() is State.FILLED

    with_a_doubt(test)


def test_a_settled_row_that_changes_is_merged() -> None:
    def test(doubt: Doubt) -> None:
        cancelled = doubt.row(state=State.CANCELLED)
        doubt.read(cancelled)
        doubt.read(cancelled)
        assert doubt.state() is State.CANCELLED
        doubt.read(replace(cancelled, filled_quantity=10, state=State.FILLED))
        assert doubt.state() is State.FILLED

    with_a_doubt(test)


def test_an_ended_order_that_fills_later_ends_again_by_a_row_that_was_let_go() -> None:
    def test(doubt: Doubt) -> None:
        reconciler = doubt.console.engine.parts.reconciler
        account, order = doubt.lane.account_id, doubt.order
        cancelled = doubt.row(state=State.CANCELLED, filled_quantity=1)
        book = whole(doubt.row("S1", tag=""), cancelled)
        reconciler.absorb_orders(doubt.lane, book)
        shown = reconciler.last_orders(account)
        assert shown.row(cancelled.broker_order_id) is None
        assert shown.shows(cancelled.broker_order_id)

        told = doubt.row(state=State.PARTIAL, filled_quantity=2)
        reconciler.absorb_history(doubt.lane, whole(told))
        assert (order.state, order.filled) == (State.PARTIAL, 2)
        for rows in (book, whole(*book.rows)):
            assert reconciler.absorb_orders(doubt.lane, rows).complete
            assert (order.state, order.filled) == (State.CANCELLED, 2)

    with_a_doubt(test)


@pytest.mark.parametrize(
    ("state", "more", "kept"),
    [(State.CANCELLED, 0, False), (State.CANCELLED, 5, True), (None, 0, True)],
)
def test_a_row_is_kept_while_it_says_more_than_its_order(
    state: State | None, more: int, *, kept: bool
) -> None:
    """It is for more units, or its word is not known to be an end."""

    def test(doubt: Doubt) -> None:
        units = doubt.order.intent.terms.quantity
        shown = LastReadOrders()
        row = doubt.row(state=state, filled_quantity=units, quantity=units + more)
        shown.take(whole(row), doubt.console.engine.book, doubt.lane.account_id)
        shown.settle(row, units)
        assert shown.is_settled(row.broker_order_id)
        assert shown.row(row.broker_order_id) is (row if kept else None)

    with_a_doubt(test)


def test_a_trade_with_the_tag_of_another_order_is_told_by_every_read() -> None:
    """It was traded, so nothing about the order with that tag is absent."""

    def test(doubt: Doubt) -> None:
        book, reconciler = doubt.console.engine.book, doubt.console.engine.parts.reconciler
        book.acknowledge(doubt.order, BrokerOrderId("B1"))
        tags = {one.attempt.tag for one in book if one.attempt is not None}
        other = (tags - {doubt.row().tag}).pop()
        rows = (
            doubt.trade("T1", "B1", 1, other),
            doubt.trade("T2", "B1", 1, doubt.row().tag),
            doubt.trade("T3", "B1", 1),
            doubt.trade("T4", "X9", 1),
        )
        trades = Read(rows, whole=True, marks=marks(rows))
        for _ in range(2):
            told = reconciler.absorb_trades(doubt.lane, trades).rows
            assert sorted(one.trade_id for one in told) == ["T1", "T4"]

    with_a_doubt(test)


def test_a_trade_of_an_order_that_becomes_ours_later_counts_then() -> None:
    def test(doubt: Doubt) -> None:
        book, account = doubt.console.engine.book, doubt.lane.account_id
        trades = Read((doubt.trade("T1", "B1", 3), doubt.trade("T2", "X9", 3)), whole=True)
        doubt.read(trades=trades)
        assert book.filled_by_trades(account) == 0
        doubt.read(doubt.row(filled_quantity=3), trades=trades)
        assert book.filled_by_trades(account) == 3

    with_a_doubt(test)


@pytest.mark.parametrize("pushed", [True, False])
def test_trades_beyond_what_was_ordered_wait_for_a_complete_book(pushed: bool) -> None:
    """Its owner made the order larger, and the book lacks its row, however often it is read."""

    def test(doubt: Doubt) -> None:
        ordered = doubt.order.intent.terms.quantity
        reconciler = doubt.console.engine.parts.reconciler
        doubt.read(doubt.row())
        trades = (doubt.trade("T1", "B1", ordered + 2),)
        for _ in range(3):
            if pushed:
                doubt.read(doubt.row("S1", tag=""))
                assert reconciler.absorb_pushed_trade(doubt.lane, trades[0])
            else:
                doubt.read(doubt.row("S1", tag=""), trades=Read(trades, whole=True))
        assert not doubt.halted()
        larger = doubt.row(quantity=ordered + 4, filled_quantity=ordered + 2)
        doubt.read(larger, doubt.row("S1", tag=""), trades=Read(trades, whole=True))
        assert not doubt.halted()
        assert (doubt.order.filled, doubt.order.ordered) == (ordered + 2, ordered + 4)

    with_a_doubt(test)


def test_trades_beyond_what_a_complete_book_shows_halt_the_account() -> None:
    def test(doubt: Doubt) -> None:
        ordered = doubt.order.intent.terms.quantity
        trades = Read((doubt.trade("T1", "B1", ordered + 2),), whole=True)
        doubt.read(doubt.row(), trades=trades)
        assert not doubt.halted()
        doubt.read(doubt.row(), trades=trades)
        assert f"traded {ordered + 2} of {ordered}" in doubt.halted()
        doubt.console.bugs.clear()

    with_a_doubt(test)


def test_an_overfill_that_a_person_has_seen_halts_again_only_when_it_grows() -> None:
    def test(doubt: Doubt) -> None:
        ordered = doubt.order.intent.terms.quantity
        rows = doubt.row(filled_quantity=ordered + 1)
        trades = [doubt.trade("T1", "B1", ordered + 1)]
        for shown, traded in (((rows,), []), ((rows,), trades)):
            doubt.read(*shown, trades=Read(tuple(traded), whole=True))
            assert bool(doubt.halted()) == (not traded)
            doubt.lift()
        trades.append(doubt.trade("T2", "B1", 1))
        doubt.read(rows, trades=Read(tuple(trades), whole=True))
        assert f"traded {ordered + 2} of {ordered}" in doubt.halted()
        doubt.lift()
        doubt.read(
            replace(rows, filled_quantity=ordered + 3), trades=Read(tuple(trades), whole=True)
        )
        assert f"filled {ordered + 3} of {ordered}" in doubt.halted()

    with_a_doubt(test)


def test_a_book_that_loses_an_order_of_today_is_incomplete_until_it_shows_it_again() -> None:
    def test(doubt: Doubt) -> None:
        absorb = doubt.console.engine.parts.reconciler.absorb_orders
        stranger, ours = doubt.row("S1", tag="", quantity=1), doubt.row("B1")
        both = (stranger, ours)
        reads = [both, both, (stranger,), (), (ours,), both, (ours,)]
        told = [absorb(doubt.lane, Read(rows, whole=True)).complete for rows in reads]
        assert told == [True, True, False, False, False, True, False]

    with_a_doubt(test)
