"""The broker as others know it: its words, its empty books, and what becomes of an order then."""

from __future__ import annotations

from typing import Literal

import pytest

from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, State
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import Doubt, with_a_doubt
from tests.engine.test_evidence import order_of
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world

AT_ONCE = (0.0, 0.0, 0.0)
"""From acceptance to the exchange, ms: an order fills before any book shows it open."""
EmptyBooks = Literal["live", "object", "array", "list", "stub", "stub_row"]


@pytest.mark.parametrize("word", ["", "exchange_done", "transit done", "complete "])
def test_an_order_that_filled_before_it_was_seen_open_is_filled_whatever_its_word(
    word: str,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        told: list[str] = []

        def hear(event: Event) -> None:
            if isinstance(event, Alarm):
                told.append(event.code)

        console.engine.bus.subscribe(hear)
        if word:
            console.world.broker.add_fault(Fault(action="end_status", text=word))
        await press(console, "copy")
        await console.world.clock.sleep(30)
        for account in ("M", "F001", "F002"):
            order = order_of(console, account)
            assert (order.state, order.filled) == (State.FILLED, order.intent.terms.quantity)
        assert ("unmapped" in told) is (word in ("exchange_done", "transit done"))

    switches = Switches(latency_ms=2, walk_ms=AT_ONCE, fill_ms=0.0, partial_rate=0.0)
    with world(2, switches=switches) as made:
        made.live(script)
        made.broker.advance()
        assert all(order.pending == 0 for order in made.broker.ledger.accepted)


@pytest.mark.parametrize("state", [None, State.ACKED, State.WORKING, State.CANCELLED])
def test_quantities_come_before_the_word(state: State | None) -> None:
    """Also where the word is one we know: a whole fill cannot be undone."""

    def test(doubt: Doubt) -> None:
        sent = doubt.order.intent.terms.quantity
        doubt.read(doubt.row(state=state, status_text="on hold", filled_quantity=sent))
        assert (doubt.state(), doubt.order.filled) == (State.FILLED, sent)

    with_a_doubt(test)


def test_an_order_that_filled_in_part_under_a_word_we_do_not_know_is_partial() -> None:
    def test(doubt: Doubt) -> None:
        sent = doubt.order.intent.terms.quantity
        doubt.read(doubt.row(state=None, status_text="on hold", filled_quantity=sent - 1))
        assert doubt.state() is State.PARTIAL
        doubt.read(doubt.row(state=State.FILLED, status_text="done", filled_quantity=sent - 1))
        assert doubt.state() is State.PARTIAL

    with_a_doubt(test)


def test_a_word_we_do_not_know_without_a_fill_moves_nothing() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(state=None, status_text="on hold"))
        assert doubt.state() is State.ACKED

    with_a_doubt(test)


@pytest.mark.parametrize("empty", ["live", "object", "array", "list", "stub", "stub_row"])
def test_a_lost_order_settles_whichever_way_the_account_says_that_its_book_is_empty(
    empty: EmptyBooks,
) -> None:
    """An account that had no order today: only whole reads of its empty book prove an absence."""

    async def script(console: Console) -> None:
        await begin(console)
        lost = Fault(
            action="drop_reply",
            call="place",
            placed=False,
            accounts=[console.world.accounts[1].client_id],
        )
        console.world.broker.add_fault(lost)
        await press(console, "lost", away=60)
        await console.world.clock.sleep(9)
        console.world.broker.clear_faults()
        assert order_of(console, "F001").state is State.UNKNOWN
        await console.world.clock.sleep(400)
        assert order_of(console, "F001").state is State.NOT_PLACED

    with world(1, switches=Switches(latency_ms=5, empty_books=empty)) as made:
        made.live(script)
        assert [order.account for order in made.broker.ledger.accepted] == [
            made.accounts[0].client_id
        ]


@pytest.mark.parametrize("row", [False, True])
def test_a_row_that_holds_only_a_status_disturbs_no_book(row: bool) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "resting", away=60)
        await console.world.clock.sleep(30)
        for account in ("M", "F001"):
            assert order_of(console, account).state is State.WORKING
        lane = console.engine.lanes[console.world.accounts[1].account_id]
        assert lane.session is not None
        book = await lane.session.order_book()
        assert (book.whole, len(book.rows)) == (True, 1)

    with world(1, switches=Switches(latency_ms=5, status_row=row)) as made:
        made.live(script)


@pytest.mark.parametrize("case", ["lower", "snake", "title", "upper"])
def test_a_resting_stop_is_known_in_every_spelling(
    case: Literal["lower", "snake", "title", "upper"],
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.broker.set_switches({"status_case": case})
        await begin(console)
        terms = made.terms(order_type=OrderType.SL)

        await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId("stop"))
        await made.clock.sleep(30)
        assert order_of(console, "F001").state is State.TRIGGER_PENDING

    with world(1) as made:
        made.live(script)
