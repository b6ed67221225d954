"""A ticket's preview makes its orders ready; what leaves is what the moment of the press asks for.

Each case is played twice, with and without a rehearsal: the broker must see the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.submission import DeniedError
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world

FOLLOWERS = 4
FIRST = AccountId("F001")
COMMAND = CommandId("pressed once")

Change = Callable[[Console], None]


def nothing(_console: Console) -> None:
    """Between preview and press nothing happens."""


def switched_off(console: Console) -> None:
    console.engine.put_account(replace(console.world.account(FIRST), active=False))


def sized_otherwise(console: Console) -> None:
    rule = SizingRule(Strategy.FIXED, Decimal(3))
    console.engine.put_account(replace(console.world.account(FIRST), sizing=rule))


def sized_alike(console: Console) -> None:
    """The same account in new words: its rehearsed order may leave."""
    console.engine.put_account(replace(console.world.account(FIRST), name="Another name"))


def removed(console: Console) -> None:
    console.engine.drop_account(FIRST)


def added(console: Console) -> None:
    """F001 is away during the preview, see ``play``."""
    console.engine.put_account(console.world.account(FIRST))
    console.log_in(FIRST)


def logged_in_again(console: Console) -> None:
    console.log_in(FIRST)


def session_over(console: Console) -> None:
    console.engine.detach(FIRST, SessionState.EXPIRED, "Log in.")


def halted(console: Console) -> None:
    console.engine.lanes[FIRST].status = replace(
        console.engine.lanes[FIRST].status, halted="Looked odd."
    )


def price_moved(console: Console) -> None:
    """A MARKET order leaves with a protection price made from the newest quote."""
    made = console.world
    last = made.price(made.instruments[0]) * Decimal("1.01")
    tick = made.instruments[0].tick
    last -= last % tick
    console.engine.submission.quotes.put(
        Quote(made.instruments[0].key, last, last, last, last, made.time.wall_ns())
    )


def capital_known(console: Console) -> None:
    console.engine.note_margin(FIRST, Paise(50_000_00))


def asked_to_wait(console: Console) -> None:
    """The broker answered 429 to something of this account."""
    lane = console.engine.lanes[FIRST]
    lane.wait_until_ns = console.world.time.mono_ns() + 2_000_000_000


CHANGES = [
    nothing, switched_off, sized_otherwise, sized_alike, removed, added, logged_in_again,
    session_over, halted, price_moved, capital_known, asked_to_wait,
]  # fmt: skip


def play(
    change: Change, terms: OrderTerms, made: World, *, rehearse: bool, reading_s: float
) -> list[bytes | None]:
    """What left for the broker. Read for long enough, the plan is laid out in the database."""

    async def script(console: Console) -> None:
        console.log_all_in()
        await made.clock.sleep(5)
        if change is added:
            console.engine.drop_account(FIRST)
        if change is capital_known:
            rule = SizingRule(Strategy.CAPITAL_PERCENT, Decimal(50))
            console.engine.put_account(replace(made.account(FIRST), sizing=rule))
        console.see_price()
        submission = console.engine.submission
        if rehearse:
            submission.rehearse(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        await made.clock.sleep(reading_s)
        assert not made.wire
        change(console)
        await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        await made.clock.sleep(20)
        assert not console.bugs

    made.live(script)
    return [body for _, _, _, body in made.wire]


@pytest.mark.parametrize("reading_s", [0, 0.5])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_broker_sees_the_same_orders_with_and_without_a_rehearsal(
    change: Change, reading_s: float
) -> None:
    sent = []
    for rehearse in (True, False):
        with world(FOLLOWERS) as made:
            terms = made.terms(order_type=OrderType.MARKET, side=Side.BUY)
            sent.append(play(change, terms, made, rehearse=rehearse, reading_s=reading_s))
    assert sent[0] == sent[1]
    assert len(sent[0]) >= FOLLOWERS


def test_a_rehearsed_order_is_not_encoded_twice_and_serves_one_press() -> None:
    async def script(console: Console) -> None:
        made, submission = console.world, console.engine.submission
        console.log_all_in()
        await made.clock.sleep(5)
        terms = made.terms()
        submission.rehearse(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        order = submission._clear(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        rehearsed = submission._rehearsal
        assert rehearsed is not None
        assert rehearsed.fits(order)
        assert len([item for item in rehearsed.worked_out.ready if item]) == FOLLOWERS + 1
        await made.clock.sleep(3)
        pressed_ns = made.time.wall_ns()
        await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        attempts = [one.attempt for one in console.engine.book if one.attempt is not None]
        assert len(attempts) == FOLLOWERS + 1
        assert all(attempt.marked_ns >= pressed_ns for attempt in attempts)
        assert not any(islice(submission._worked_out(order).ready, FOLLOWERS + 1))
        # A press that is over is not rehearsed again.
        submission.rehearse(made.master, terms, FanOut.WITH_MASTER, COMMAND)
        assert submission._rehearsal is None
        (await settled(console, 1)).must_be_clean("rehearsed")

    with world(FOLLOWERS) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == FOLLOWERS + 1


def test_another_order_in_between_turns_the_send_order_and_the_rehearsal_is_dropped() -> None:
    def ranks(*, rehearse: bool) -> list[bytes | None]:
        async def script(console: Console) -> None:
            made, submission = console.world, console.engine.submission
            console.log_all_in()
            await made.clock.sleep(5)
            terms = made.terms()
            if rehearse:
                submission.rehearse(made.master, terms, FanOut.WITH_MASTER, COMMAND)
            await console.engine.submit(
                made.master, made.terms(which=1), FanOut.WITH_MASTER, CommandId("before")
            )
            await made.clock.sleep(5)
            await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, COMMAND)
            await made.clock.sleep(20)

        with world(FOLLOWERS) as made:
            made.live(script)
            return [body for _, _, _, body in made.wire]

    assert ranks(rehearse=True) == ranks(rehearse=False)


def test_a_master_whose_session_ends_after_the_preview_sends_nothing() -> None:
    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        console.engine.submission.rehearse(made.master, made.terms(), FanOut.WITH_MASTER, COMMAND)
        made.broker.expire_sessions()
        console.engine.detach(made.master, SessionState.EXPIRED, "Log in.")
        with pytest.raises(DeniedError, match="The master account cannot trade: Log in"):
            await console.engine.submit(made.master, made.terms(), FanOut.WITH_MASTER, COMMAND)

    with world(FOLLOWERS) as made:
        made.live(script)
        assert not made.broker.ledger.wire
