"""A person says which row of the broker's book is our order: only one that can be."""

from __future__ import annotations

import pytest
from msgspec import structs

from copytrade_gui.domain.ids import BrokerOrderId, CommandId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.ports import Read
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.trading import Trading
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import LOST, Doubt, with_a_doubt
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, ProgramStopped, world

SHOWN, OTHER = BrokerOrderId("B1"), BrokerOrderId("B2")


def review(doubt: Doubt) -> None:
    """The book shows an order like ours without its tag, and one more of the account."""
    doubt.read(
        doubt.row(SHOWN, tag=""),
        doubt.row(OTHER, tag="", quantity=999),
        doubt.row("B3", tag="", side=Side.SELL),
    )
    assert doubt.state() is State.REVIEW


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("B3", "another instrument or side"),
        ("B9", "not in the broker's book"),
        ("../../orders", "not in the broker's book"),
    ],
)
def test_a_row_that_cannot_be_ours_is_refused_in_a_sentence(number: str, words: str) -> None:
    def test(doubt: Doubt) -> None:
        review(doubt)
        engine, intent = doubt.console.engine, doubt.order.intent.intent_id
        assert words in engine.decisions.why_not_found(intent, BrokerOrderId(number))
        assert not engine.decisions.found(intent, BrokerOrderId(number), "seen")
        assert doubt.state() is State.REVIEW

    with_a_doubt(test)


@pytest.mark.parametrize("number", [SHOWN, OTHER])
def test_a_candidate_or_a_row_of_the_last_read_is_taken(number: BrokerOrderId) -> None:
    def test(doubt: Doubt) -> None:
        review(doubt)
        engine, intent = doubt.console.engine, doubt.order.intent.intent_id
        assert engine.decisions.why_not_found(intent, number) == ""
        assert engine.decisions.found(intent, number, "seen")
        assert doubt.state() is State.ACKED
        assert doubt.order.broker_order_id == number
        assert "not in review" in engine.decisions.why_not_found(intent, number)

    with_a_doubt(test)


def test_a_row_of_another_order_of_ours_is_refused_and_the_refusal_can_be_mended() -> None:
    """The dialog keeps its command: after a refusal the right row is taken with the same one."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "first", away=60)
        await made.clock.sleep(2)
        follower = made.accounts[1]
        (first,) = console.engine.book.of_account(follower.account_id)
        assert first.broker_order_id is not None
        made.broker.add_fault(structs.replace(LOST, accounts=[follower.client_id]))
        await press(console, "second", away=60, which=1)
        await made.clock.sleep(7.5)
        (_, second) = console.engine.book.of_account(follower.account_id)
        lane = console.engine.lanes[follower.account_id]
        doubt = Doubt(console, lane, second)
        read = Read((Doubt(console, lane, first).row(first.broker_order_id),
                     doubt.row(SHOWN, tag="")), whole=True)  # fmt: skip
        absorbed = console.engine.parts.reconciler.absorb_orders(lane, read)
        console.engine.parts.resolver.judge(lane, absorbed, None)
        assert second.state is State.REVIEW
        store = console.store
        closing = Closing(console.engine, store.journal, store.seals, made.clock)
        desk = Trading(console.engine, store.journal, made.clock, closing)
        intent, command = second.intent.intent_id, CommandId("dialog")
        with pytest.raises(RefusedError, match="another order of ours"):
            await desk.decide_found(intent, first.broker_order_id, "seen", command)
        assert second.state is State.REVIEW
        assert not lane.status.halted
        await desk.decide_found(intent, SHOWN, "seen", command)
        assert second.broker_order_id == SHOWN
        made.broker.clear_faults()

    with world(1) as made:
        made.live(script)


def test_a_review_of_before_a_restart_shows_its_candidates_again() -> None:
    """Without them a person could only say that the order does not exist, and it does."""

    async def die(console: Console) -> None:
        await begin(console)
        made = console.world
        follower = [made.accounts[1].client_id]
        made.broker.add_fault(Fault(action="tag", form="NA", accounts=follower, count=1))
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=follower, count=1))
        await press(console, "no tag", away=60)
        await made.clock.sleep(10)
        (item,) = console.engine.decisions.awaited
        assert len(item.candidates) == 1
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        await begin(console)
        (item,) = console.engine.decisions.awaited
        (candidate,) = item.candidates
        assert console.engine.decisions.found(item.intent_id, candidate.broker_order_id, "seen")
        await console.world.clock.sleep(10)
        assert {order.state for order in console.engine.book} == {State.WORKING}

    with world(1) as made:
        made.live(die)
        made.live(again)
