"""One intent, one live attempt, one broker order: what the book of our own orders refuses."""

from __future__ import annotations

import pytest
from msgspec import structs

from copytrade_gui.domain.ids import BrokerOrderId, attempt_id
from copytrade_gui.domain.order import IllegalTransitionError, State
from tests.engine.book_reads import Doubt, with_a_doubt


def test_an_order_in_doubt_takes_no_second_attempt() -> None:
    def test(doubt: Doubt) -> None:
        order = doubt.order
        assert order.attempt is not None
        again = structs.replace(
            order.attempt, attempt_id=attempt_id(order.intent.intent_id, 2), number=2
        )
        with pytest.raises(IllegalTransitionError):
            doubt.console.engine.book.mark(order, again)
        assert order.attempt.number == 1

    with_a_doubt(test)


def test_one_broker_order_belongs_to_one_order() -> None:
    def test(doubt: Doubt) -> None:
        book = doubt.console.engine.book
        (other,) = [one for one in book if one.intent.account_id == doubt.console.world.master]
        doubt.read(doubt.row("B1"))
        # The same account, another order: as if the broker had answered with an id it gave before.
        other.intent = structs.replace(other.intent, account_id=doubt.lane.account_id)
        assert not book.acknowledge(other, BrokerOrderId("B1"))
        assert other.broker_order_id is None

    with_a_doubt(test)


def test_what_is_leaving_cannot_be_given_up() -> None:
    def test(doubt: Doubt) -> None:
        book, order = doubt.console.engine.book, doubt.order
        order.attempt_state, order.leaving = None, True
        assert not book.give_up(order, State.SKIPPED, code="x", reason="x")
        order.leaving = False
        assert book.give_up(order, State.SKIPPED, code="x", reason="x")

    with_a_doubt(test)


def test_also_a_settled_plan_sends_no_more_than_was_marked() -> None:
    def test(doubt: Doubt) -> None:
        engine = doubt.console.engine
        assert not engine.core.progress.wrote(doubt.order.intent.plan_id)
        assert not engine.gate.may_send
        doubt.console.bugs.clear()  # the alarm was meant

    with_a_doubt(test)


def test_one_more_on_the_wire_than_was_marked_is_refused() -> None:
    def test(doubt: Doubt) -> None:
        engine, plan = doubt.console.engine, doubt.order.intent.plan_id
        engine.core.progress.start(plan, 1)
        engine.core.progress.marked(plan, 1)
        assert engine.core.progress.wrote(plan)
        assert not engine.core.progress.wrote(plan)
        assert not engine.gate.may_send
        doubt.console.bugs.clear()  # the alarm was meant

    with_a_doubt(test)
