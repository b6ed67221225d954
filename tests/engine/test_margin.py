"""An entry and its account's margin, as the broker told both beforehand; its ledger is the judge.

The simulator asks 20 % of an intraday share's value, and holds it for orders that rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms, Side, State
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Action, Fault
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world

FREE = Paise(100_000_00)


def of_ledger(console: Console) -> int:
    return len(console.world.broker.ledger.accepted)


def needs(console: Console, terms: OrderTerms, quantity: int) -> Decimal:
    """What the simulator asks for so many units, in paise."""
    assert terms.price is not None
    return terms.price * quantity * 20


async def told(console: Console, terms: OrderTerms, free: Decimal | int = FREE) -> None:
    """A ticket was looked at for a while, and F1's funds were read: so much is free."""
    console.engine.margins.want(terms)
    await console.world.clock.sleep(3)
    for lane in console.engine.lanes:
        console.engine.note_margin(lane.account_id, FREE)
    console.engine.note_margin(F1, Paise(int(free)))


def link(console: Console, then: WhenShort) -> None:
    one = next(one for one in console.world.links if one.follower_id == F1)
    console.engine.put_link(replace(one, when_short=then), "operator")


async def found_of(console: Console, terms: OrderTerms) -> tuple[Shown, ...]:
    """What a person is shown before it leaves."""
    with pytest.raises(DeniedError) as denied:
        await send(console, terms)
    return denied.value.found


async def send(
    console: Console,
    terms: OrderTerms,
    despite: Sequence[Shown] | None = (),
    confirmed: int | None = None,
) -> dict[str, tuple[State, str, int, str]]:
    command = CommandId(f"press at {console.world.time.now_ns}")
    made = console.world
    placed = await console.engine.submit(
        made.master, terms, FanOut.WITH_MASTER, command, confirmed, despite=despite
    )
    await made.clock.sleep(2)
    return {
        one.intent.account_id: (one.state, one.intent.code, one.ordered, one.intent.reason)
        for one in console.engine.book.of_plan(placed.plan.plan_id)
    }


def test_what_the_broker_says_an_order_needs_is_what_it_then_holds_for_it() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = made.terms(quantity=40, away=60)
        assert console.engine.margins.of(terms, [F1]) is None
        await told(console, terms)
        found = console.engine.margins.of(terms, [F1])
        assert found is not None
        margin = found.of(F1)
        assert margin is not None
        await send(console, terms)
        held = made.broker.accounts[1].blocked_by_orders
        assert margin.of(20, terms.price) == held // 100 == needs(console, terms, 20)
        # Until the funds are read again they are less by what the order took.
        after = console.engine.margins.of(terms, [F1])
        assert after is not None
        assert after.free[F1][0] == FREE - held // 100
        await made.clock.sleep(10)
        console.engine.note_margin(F1, FREE)
        later = console.engine.margins.of(terms, [F1])
        assert later is not None
        assert later.free[F1] == (FREE, 0)

    with world(2) as made:
        made.live(script)


def free(console: Console, terms: OrderTerms) -> int:
    """What F1 has free for an order of this kind, as a ticket shows it and a check asks it."""
    found = console.engine.margins.of(terms, [F1])
    assert found is not None
    return found.free[F1][0]


@pytest.mark.parametrize("fault", ["reject", "bad_address"])
def test_an_order_that_the_broker_did_not_take_leaves_free_what_was_free(fault: Action) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = made.terms(quantity=40, away=60)
        most = int(needs(console, terms, 60))
        await told(console, terms, most)
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action=fault, accounts=[client], text="RMS:Margin exceeds"))
        for tries in range(2):  # both need two thirds of what is free
            await press(console, made.terms(quantity=40, away=60 + 10 * tries))
            assert free(console, terms) == most
        assert made.broker.accounts[1].blocked_by_orders == 0

    with world(2) as made:
        made.live(script)


def test_an_order_that_was_cancelled_in_part_took_what_it_filled() -> None:
    slow = Switches(latency_ms=2, jitter_ms=0, fill_ms=4_000, partial_rate=1, market="still")

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = made.terms(quantity=400, away=-20)
        await told(console, terms)
        command = CommandId("press")
        placed = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, command, despite=None
        )
        orders = console.engine.book.of_plan(placed.plan.plan_id)
        copy = next(one for one in orders if one.intent.account_id == F1)
        while not copy.filled:
            await made.clock.sleep(0.1)
        assert free(console, terms) == FREE - needs(console, terms, 200)
        console.engine.cancel([copy.intent.intent_id], "")
        await made.clock.sleep(2)
        assert copy.state is State.CANCELLED
        assert 0 < copy.filled < 200
        assert free(console, terms) == FREE - needs(console, terms, copy.filled)

    with world(2, switches=slow) as made:
        made.live(script)


def test_nothing_is_free_where_orders_took_more_and_less_only_by_the_brokers_word() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = made.terms(quantity=40, away=60)
        needed = needs(console, terms, 20)
        await told(console, terms, needed // 2)
        await send(console, terms, despite=await found_of(console, terms))
        assert made.broker.accounts[1].blocked_by_orders // 100 == needed
        assert free(console, terms) == 0
        console.engine.note_margin(F1, Paise(-500))
        assert free(console, terms) == -500

    with world(2) as made:
        made.live(script)


def test_a_tick_lets_pass_what_was_shown_of_whom_it_was_shown_and_no_more() -> None:
    async def script(console: Console) -> None:
        terms = console.world.terms(quantity=40, away=60)
        await begin(console)
        needed = needs(console, terms, 20)
        await told(console, terms, needed)
        with pytest.raises(DeniedError) as denied:
            await send(console, terms)
        shown = denied.value.found
        # Less was free by the time it was sent: he saw another figure.
        await told(console, terms, needed - 100)
        with pytest.raises(DeniedError) as grown:
            await send(console, terms, shown)
        assert grown.value.code == "warn"
        assert grown.value.found[0].amount == shown[0].amount + 100
        assert grown.value.lines != denied.value.lines
        # It is too little for another follower as well: nobody has seen that.
        await told(console, terms, needed)
        console.engine.note_margin(F2, Paise(int(needed)))
        with pytest.raises(DeniedError) as other:
            await send(console, terms, shown)
        assert {one.whose for one in other.value.found} == {F1, F2}
        assert of_ledger(console) == 0
        # A figure that is better by now is what he let pass, and more.
        await told(console, terms, needed + 100)
        await send(console, terms, shown)
        assert of_ledger(console) == 3

    with world(2) as made:
        made.live(script)


def test_a_typed_quantity_lets_pass_what_holds_and_no_warning_that_was_not_shown() -> None:
    async def script(console: Console) -> None:
        terms = console.world.terms(quantity=40, away=60)
        await begin(console)
        await told(console, terms)
        await send(console, terms)
        console.engine.clearing.limits.put(None, Limits(collar=None))
        with pytest.raises(DeniedError) as held:
            await send(console, terms)
        assert [one.code for one in held.value.found] == ["duplicate_order"]
        await told(console, terms, needs(console, terms, 20))
        accepted = of_ledger(console)
        with pytest.raises(DeniedError) as more:
            await send(console, terms, held.value.found, terms.quantity)
        assert [one.code for one in more.value.found] == ["margin"]
        assert of_ledger(console) == accepted

    with world(2) as made:
        made.live(script)


def test_a_link_that_tells_sends_it_after_a_tick_and_the_verdict_says_so() -> None:
    async def script(console: Console) -> None:
        terms = console.world.terms(quantity=40, away=60)
        await begin(console)
        await told(console, terms, needs(console, terms, 20))
        with pytest.raises(DeniedError, match=r"Follower 1: It needs .* above 90 %") as denied:
            await send(console, terms)
        assert denied.value.code == "warn"
        assert [(one.code, one.whose) for one in denied.value.found] == [("margin", F1)]
        assert of_ledger(console) == 0
        rows = await send(console, terms, denied.value.found)
        state, code, ordered, reason = rows[F1]
        assert (state, code, ordered) == (State.WORKING, "margin", 20)
        assert "of margin (asked" in reason
        assert rows[F2][:2] == (State.WORKING, "")
        assert of_ledger(console) == 3

    with world(2) as made:
        made.live(script)


def test_a_link_that_skips_sends_nothing_and_nobody_is_asked() -> None:
    async def script(console: Console) -> None:
        terms = console.world.terms(quantity=40, away=60)
        await begin(console)
        link(console, WhenShort.SKIP)
        await told(console, terms, needs(console, terms, 20))
        rows = await send(console, terms)
        assert rows[F1][:2] == (State.SKIPPED, "no_margin")
        assert "The link skips such an entry" in rows[F1][3]
        assert of_ledger(console) == 2

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(("free", "sent"), [(20, 18), (22, 19), (23, 20), (1, 0)])
def test_a_link_that_shrinks_sends_what_fits_and_the_broker_takes_it(free: int, sent: int) -> None:
    """Nine tenths of what so many units need is free."""

    async def script(console: Console) -> None:
        terms = console.world.terms(quantity=40, away=60)
        await begin(console)
        link(console, WhenShort.SHRINK)
        await told(console, terms, needs(console, terms, free))
        state, code, ordered, _ = (await send(console, terms))[F1]
        if not sent:
            assert (state, code) == (State.SKIPPED, "no_margin")
        else:
            assert (state, ordered) == (State.WORKING, sent)
            assert code == ("" if sent == 20 else "cut_to_margin")
        held = console.world.broker.accounts[1].blocked_by_orders
        assert held // 100 == needs(console, terms, sent)

    with world(2) as made:
        made.live(script)


def test_an_exit_asks_no_margin_and_where_nothing_was_told_the_broker_decides() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        link(console, WhenShort.SKIP)
        console.engine.note_margin(F1, Paise(1))
        await press(console, ticket(made, Side.BUY))
        assert position(made, 1) == 5
        leaving = ticket(made, Side.SELL)
        await told(console, leaving, 1)
        asked = calls(console)
        await press(console, leaving)
        assert [position(made, number) for number in (0, 1, 2)] == [0, 0, 0]
        assert calls(console) == asked, "nobody wants to know it of an exit"

    with world(2) as made:
        made.live(script)


def test_it_is_asked_seldom_and_is_a_minute_old_at_most_all_day_for_what_was_wanted_last() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms, margins = made.terms(quantity=40, away=60), console.engine.margins
        for _ in range(40):  # a ticket that is looked at each second
            margins.want(terms)
            await made.clock.sleep(1)
        assert calls(console) == 2
        for _ in range(12):
            await made.clock.sleep(299)
            known = margins.of(terms, [F1])
            assert known is not None
            assert known.age_s <= 60, "its master trades on his phone, and looks at no ticket"
        for number in range(30):  # so many others are wanted since
            key = InstrumentKey(terms.instrument.key.exchange, f"other{number}")
            margins.want(replace(terms, instrument=replace(terms.instrument, key=key)))
        await made.clock.sleep(900)
        known = margins.of(terms, [F1])
        assert known is not None
        assert known.age_s >= 800, "nobody has looked for long"
        before = calls(console)
        await made.clock.sleep(60)
        assert calls(console) - before <= 2 * 30
        await made.clock.sleep(8 * 3_600)
        before = calls(console)
        await made.clock.sleep(600)
        assert calls(console) == before, "the day is over"

    with world(2) as made:
        made.live(script)


def calls(console: Console) -> int:
    return sum(path.endswith("/preordermargin") for _, _, path, _ in console.world.wire)
