"""What the wire sees of every ambiguous answer: one request; the book decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import BrokerOrderId, CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import BrokerOrder, Read
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world

FOUND_LATER = BrokerOrderId("L1")
AMBIGUOUS: dict[str, dict[str, object]] = {
    "time-out": {"action": "drop_reply", "how": "silence"},
    "reset": {"action": "drop_reply", "how": "reset"},
    "5xx": {"action": "answer", "http_status": 503, "form": "text"},
    "HTML": {"action": "answer", "http_status": 200, "form": "html"},
    "400 that hides a time-out": {"action": "timed_out"},
    "EC003": {"action": "code", "code": "EC003"},
    "EC912": {"action": "code", "code": "EC912"},
}


@pytest.mark.parametrize("placed", [True, False], ids=["placed", "not placed"])
@pytest.mark.parametrize("answer", AMBIGUOUS)
def test_an_ambiguous_answer_is_unknown_then_settled_from_the_book(
    answer: str, placed: bool
) -> None:
    seen: list[OrderView] = []

    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        fault = {**AMBIGUOUS[answer], "call": "place", "placed": placed}
        console.world.broker.add_fault(Fault(**fault))  # type: ignore[arg-type]  # checked by msgspec
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("one")
        )
        await console.world.clock.sleep(8)
        states = {order.state for order in console.engine.book}
        assert State.REFUSED not in states
        assert State.NOT_PLACED not in states
        console.world.broker.clear_faults()
        (await settled(console, 1)).must_be_clean(answer)
        seen.extend(await console.store.history.orders(100))

    with world(4) as made:
        made.live(script)
        posts = [
            body for _, method, path, body in made.wire if (method, path) == ("POST", "/orders")
        ]
        assert len(posts) == 5
        assert len(set(posts)) == 5
    if placed:
        assert all(view.broker_order_id is not None for view in seen)
    else:
        assert Counter(view.state for view in seen) == {State.NOT_PLACED: 5}


def test_only_an_order_of_which_no_byte_left_is_repeated() -> None:
    """No connection for a second: nothing reaches the broker twice, everything arrives once."""

    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.world.line.not_sent = 1.0
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("one")
        )
        await console.world.clock.sleep(0.2)
        console.world.line.not_sent = 0.0
        verdict = await settled(console, 1)
        verdict.must_be_clean("no connection")
        assert verdict.accepted == 5

    with world(4) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 5


def test_a_refused_order_is_tried_once_more_also_when_a_restart_lies_between() -> None:
    """Refused for its rate before and after the restart: the second refusal is the last."""

    async def held(console: Console) -> None:
        console.log_all_in()
        made = console.world
        await made.clock.sleep(5)
        made.broker.add_fault(
            Fault(action="too_many", call="place", accounts=[made.accounts[1].client_id])
        )
        await console.engine.submit(
            made.master, made.terms(away=60), FanOut.WITH_MASTER, CommandId("a")
        )
        await made.clock.sleep(0.5)
        await console.engine.stop_trading(TradingState.HALT, "operator", "test")
        await made.clock.sleep(6)
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(3)
        await console.engine.resume("operator", "looked")
        await console.world.clock.sleep(45)
        assert console.engine.gate.may_send

    with world(1) as made:
        made.live(held)
        made.live(again)
        follower = made.accounts[1].client_id
        assert sum(line.account == follower for line in made.broker.ledger.wire) == 2


def test_no_connection_is_tried_three_times_also_when_a_restart_lies_between() -> None:
    async def nowhere(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.world.line.not_sent = 1.0
        await console.engine.submit(
            console.world.master,
            console.world.terms(away=60),
            FanOut.WITH_MASTER,
            CommandId("a"),
        )
        await console.world.clock.sleep(0.4)  # the second try failed, the third waits
        await console.engine.stop_trading(TradingState.HALT, "operator", "test")
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        console.world.line.not_sent = 0.0
        console.log_all_in()
        await console.world.clock.sleep(3)
        console.world.line.not_sent = 1.0
        await console.engine.resume("operator", "looked")
        await console.world.clock.sleep(20)
        tries = [order.attempt.number for order in console.engine.book if order.attempt]
        assert tries == [3, 3]
        console.world.line.not_sent = 0.0

    with world(1) as made:
        made.live(nowhere)
        made.live(again)


def test_a_first_try_that_appears_after_a_restart_is_a_duplicate_and_no_stranger() -> None:
    """Its tag is ours, though it is not the newest: one account is halted, not everything."""
    rows: list[BrokerOrder] = []

    async def twice(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.world.line.not_sent = 1.0
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("a")
        )
        first = {
            order.intent.account_id: order.attempt.tag
            for order in console.engine.book
            if order.attempt is not None
        }
        await console.world.clock.sleep(0.1)  # no byte left; the second try is to come
        console.world.line.not_sent = 0.0
        await console.world.clock.sleep(5)
        for lane in console.engine.lanes:
            assert lane.session is not None
            (row,) = (await lane.session.order_book()).rows
            assert row.tag != first[lane.account_id]
            rows.append(replace(row, tag=first[lane.account_id], broker_order_id=FOUND_LATER))
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        for lane, row in zip(console.engine.lanes, rows, strict=True):
            console.engine.parts.reconciler.absorb_orders(lane, Read((row,), whole=True))
        assert all(lane.status.halted for lane in console.engine.lanes)
        assert console.engine.gate.may_send

    with world(1) as made:
        made.live(twice)
        made.live(again)
