"""What one read of the book may prove, and what it may not (docs/safety.md 6)."""

from __future__ import annotations

from copytrade_gui.domain.ids import AttemptId, order_tag
from copytrade_gui.domain.order import State
from copytrade_gui.ports import Read
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import Doubt, with_a_doubt

FOREIGN = order_tag(b"another installation", AttemptId("x.1"))


def test_absence_takes_four_complete_reads_over_three_minutes() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read()
        doubt.pass_time(200)
        doubt.read()
        doubt.read()
        assert doubt.state() is State.UNKNOWN  # long enough, but only three reads
        doubt.read()
        assert doubt.state() is State.NOT_PLACED

    with_a_doubt(test)


def test_four_reads_in_less_than_three_minutes_prove_nothing() -> None:
    def test(doubt: Doubt) -> None:
        for _ in range(8):
            doubt.read()
            doubt.pass_time(20)
        assert doubt.state() is State.UNKNOWN

    with_a_doubt(test)


def test_a_read_that_is_not_whole_begins_the_count_again() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read()
        doubt.pass_time(200)
        doubt.read(whole=False)
        for _ in range(3):
            doubt.read()
        assert doubt.state() is State.UNKNOWN
        doubt.read()
        assert doubt.state() is State.UNKNOWN  # four again, but no three minutes since the gap
        doubt.pass_time(181)
        doubt.read()
        assert doubt.state() is State.NOT_PLACED

    with_a_doubt(test)


def test_broken_reads_never_prove_an_absence_nor_a_state() -> None:
    def test(doubt: Doubt) -> None:
        for _ in range(10):
            doubt.read(doubt.row(filled_quantity=1), whole=False)
            doubt.pass_time(60)
        assert doubt.state() is State.UNKNOWN
        assert doubt.order.broker_order_id is None

    with_a_doubt(test)


def test_a_read_without_an_order_that_we_know_is_not_complete() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row())
        assert doubt.state() is State.WORKING
        absorbed = doubt.console.engine.parts.reconciler.absorb_orders(
            doubt.lane, Read((), whole=True)
        )
        assert not absorbed.complete

    with_a_doubt(test)


def test_the_trade_book_must_be_whole_and_lack_the_order_too() -> None:
    def test(doubt: Doubt) -> None:
        assert doubt.order.attempt is not None
        tag = doubt.order.attempt.tag
        doubt.read()
        doubt.pass_time(200)
        for _ in range(4):
            doubt.read(trades=Read((), whole=False))
        assert doubt.state() is State.UNKNOWN
        doubt.read(trades=Read((doubt.trade("T1", "B1", 1, tag),), whole=True))
        assert doubt.state() is State.UNKNOWN
        doubt.read()
        assert doubt.state() is State.UNKNOWN  # the trade began the count again

    with_a_doubt(test)


def test_a_row_that_looks_like_ours_without_a_tag_goes_to_a_person() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(tag=""))
        assert doubt.state() is State.REVIEW
        (item,) = doubt.console.engine.decisions.awaited
        assert [one.broker_order_id for one in item.candidates] == ["B1"]

    with_a_doubt(test)


def test_thirty_minutes_without_proof_go_to_a_person() -> None:
    def test(doubt: Doubt) -> None:
        for _ in range(30):
            doubt.read(whole=False)
            assert doubt.state() is State.UNKNOWN
            doubt.pass_time(60)
        doubt.read(whole=False)
        assert doubt.state() is State.REVIEW

    with_a_doubt(test)


def test_a_rate_refusal_needs_two_reads_two_seconds_apart() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read()
        doubt.read()
        assert doubt.state() is State.UNKNOWN
        doubt.pass_time(2.1)
        doubt.read()
        assert doubt.state() in (State.REFUSED, State.SENDING)

    with_a_doubt(test, Fault(action="too_many", call="place"), after_s=0.4)


def test_a_rate_refusal_is_queued_once_more_only() -> None:
    def test(doubt: Doubt) -> None:
        doubt.order.requeued = 1
        queued = len(doubt.lane.queue)
        doubt.read()
        doubt.pass_time(2.1)
        doubt.read()
        assert doubt.state() is State.REFUSED
        assert len(doubt.lane.queue) == queued

    with_a_doubt(test, Fault(action="too_many", call="place"), after_s=0.4)


def test_two_orders_with_one_tag_halt_the_account() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row("B1"), doubt.row("B2"))
        assert doubt.order.broker_order_id == "B1"
        assert doubt.halted()

    with_a_doubt(test)


def test_more_filled_than_ordered_halts_the_account() -> None:
    def test(doubt: Doubt) -> None:
        ordered = doubt.order.intent.terms.quantity
        doubt.read(doubt.row(filled_quantity=ordered + 1))
        assert doubt.halted()
        assert doubt.order.filled == ordered + 1

    with_a_doubt(test)


def test_a_tag_on_another_quantity_is_not_linked() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(quantity=doubt.order.intent.terms.quantity + 5))
        assert doubt.state() is State.REVIEW
        assert doubt.order.broker_order_id is None

    with_a_doubt(test)


def test_a_tag_of_another_account_is_not_linked() -> None:
    def test(doubt: Doubt) -> None:
        engine = doubt.console.engine
        engine.parts.reconciler.absorb_orders(engine.lanes[doubt.console.world.master],
                                         Read((doubt.row(),), whole=True))  # fmt: skip
        assert doubt.order.broker_order_id is None

    with_a_doubt(test)


def test_complete_with_less_than_the_whole_quantity_is_partial() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(state=State.FILLED, filled_quantity=1))
        assert doubt.state() is State.PARTIAL

    with_a_doubt(test)


def test_the_filled_quantity_never_falls_and_a_trade_counts_once() -> None:
    def test(doubt: Doubt) -> None:
        trades = Read((doubt.trade("T1", "B1", 2),), whole=True)
        doubt.read(doubt.row(filled_quantity=2), trades=trades)
        doubt.read(doubt.row(filled_quantity=1), trades=trades)
        assert doubt.order.filled == 2
        assert doubt.console.engine.book.filled_by_trades(doubt.lane.account_id) == 2

    with_a_doubt(test)


def test_a_tag_of_another_installation_halts_everything() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(tag=FOREIGN, quantity=1))
        assert not doubt.console.engine.gate.may_send
        doubt.console.bugs.clear()  # the alarm was meant

    with_a_doubt(test)
