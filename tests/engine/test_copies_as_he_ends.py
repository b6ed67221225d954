"""Wherever a copy is as its master's order ends: what goes with it never trades again.

The simulator's order book is the judge. One follower's copy is brought into a state; the copies of
the other rest at the exchange.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import BrokerOrderId, CommandId, PlanId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import Read
from copytrade_gui.simulator.faults import Action, Fault
from tests.engine.book_reads import Doubt
from tests.engine.test_exits import F1, ticket
from tests.engine.test_fill_copy import begins
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, only, ready
from tests.engine.test_master_ends_short import FAN_OUT, SHORT, SLICE, End, at_broker, cut, ends
from tests.engine.test_resting_entries import alarms
from tests.proof.owner import Owner
from tests.proof.rig import Console, world

Place = Callable[[float], Awaitable[PlanId]]
"""Places his order, and looks on for so many seconds."""
Bring = Callable[[Console, Place], Awaitable[PlanId]]
CASES: tuple[tuple[End, ...], ...] = (
    (("cancelled", 0),),
    (("cancelled", 2),),
    (("rejected", 0),),
    (("complete", SLICE),),
    (("cancelled", 2), ("cancelled", 0)),
    (("complete", SLICE), ("rejected", 0)),
    (("expired", 2), ("complete", SLICE)),
)
ENDED = {
    "cancelled": State.CANCELLED,
    "rejected": State.REJECTED,
    "expired": State.EXPIRED,
    "complete": State.FILLED,
}


def keep_back(console: Console, seconds: int) -> None:
    """Nothing new of the follower leaves for so long."""
    now = console.world.clock.mono_ns()
    console.engine.lanes[F1].wait_until_ns = now + seconds * 10**9


def strike(console: Console, action: Action, call: str = "place", seconds: float = 0.0) -> None:
    client = console.world.accounts[1].client_id
    fault = Fault(action=action, call=call, seconds=seconds, accounts=[client], count=1)
    if call == "modify":
        fault.placed, fault.how = False, "silence"
    console.world.broker.add_fault(fault)


async def unsent(console: Console, place: Place) -> PlanId:
    keep_back(console, 12)
    return await place(4)


async def leaving(console: Console, place: Place) -> PlanId:
    """As the last byte is about to go: its mark is stored."""
    keep_back(console, 6)
    return await place(4)


async def in_doubt(console: Console, place: Place) -> PlanId:
    strike(console, "drop_reply")
    strike(console, "show_late", seconds=15.0)
    return await place(4)


async def refused(console: Console, place: Place) -> PlanId:
    """For its rate: it is tried once more."""
    strike(console, "too_many")
    plan = await place(2)
    keep_back(console, 15)
    await console.world.clock.sleep(8)
    return plan


async def taken(console: Console, place: Place) -> PlanId:
    """By the broker, and not at the exchange yet."""
    strike(console, "accept_late", seconds=12.0)
    return await place(4)


async def filled_in_part(console: Console, place: Place) -> PlanId:
    plan, made = await place(4), console.world
    account, now = made.broker.accounts[1], made.time.wall_ns()
    for order in account.orders.values():
        if order.live:
            account.schedule(now, "fill", order, 1)
    made.broker.desk.exchange.settle(account, now)
    await made.clock.sleep(3)
    return plan


async def changing(console: Console, place: Place) -> PlanId:
    """A change of it is asked and not answered; the book shows it as it was."""
    plan, made = await place(4), console.world
    strike(console, "drop_reply", "modify")
    lead, *_ = console.engine.book.of_plan(plan)
    terms = lead.intent.terms
    assert terms.price is not None
    lower = replace(terms, price=terms.price - terms.instrument.tick)
    await console.engine.modify(lead.intent.intent_id, lower)
    await made.clock.sleep(3)
    return plan


STATES: dict[Bring, State] = {
    unsent: State.PLANNED,
    leaving: State.PLANNED,
    in_doubt: State.UNKNOWN,
    refused: State.REFUSED,
    taken: State.ACKED,
    filled_in_part: State.PARTIAL,
    changing: State.WORKING,
}


def end(console: Console, plan: PlanId, case: tuple[End, ...]) -> None:
    """The master's orders end so, and his book is read at once."""
    master = console.world.master
    lane = console.engine.lanes[master]
    orders = at_broker(console, plan, masters=True)
    for his, (status, units) in zip(orders, case, strict=True):
        ends(console, his, (status, units))
        order = console.engine.book.by_broker(master, BrokerOrderId(his.order_id))
        assert order is not None
        shown = {"filled_quantity": units, "pending_quantity": 0, "state": ENDED[status]}
        row = Doubt(console, lane, order).row(his.order_id, status_text=status, **shown)
        console.engine.parts.reconciler.absorb_orders(lane, Read((row,), whole=False))


@FAN_OUT
@pytest.mark.parametrize("bring", STATES)
def test_a_copy_goes_with_its_masters_order_from_wherever_it_is(
    bring: Bring, fan_out: FanOut
) -> None:
    due: list[Callable[[], None]] = []

    def see(name: str) -> None:
        if name == faultpoints.AFTER_MARK and due:
            due.pop()()

    async def script(console: Console) -> None:
        await begins(console)
        cut(console)
        for case in CASES:
            if bring is not changing or len(case) == 1:  # what is sliced is not changed as one
                await one_plan(console, case)

    async def one_plan(console: Console, case: tuple[End, ...]) -> None:
        made, book = console.world, console.engine.book

        async def place(seconds: float) -> PlanId:
            terms = ticket(made, Side.BUY, SLICE * len(case), 60)
            command = CommandId(str(case))
            placed = await console.engine.submit(made.master, terms, fan_out, command)
            await made.clock.sleep(seconds)
            return placed.plan.plan_id

        plan = await bring(console, place)
        copies = [one for one in book.of_plan(plan) if one.intent.account_id == F1]
        assert STATES[bring] in {one.state for one in copies}
        if bring is leaving:
            due.append(lambda: end(console, plan, case))
        else:
            end(console, plan, case)
        await made.clock.sleep(45)
        assert not due
        nothing = fan_out is FanOut.WITH_MASTER and not any(units for _, units in case)
        goes = nothing or any(status in SHORT for status, _ in case)
        for account in made.broker.accounts[1:]:
            live = [one for one in account.orders.values() if one.live]
            assert bool(live) is not goes, (case, account.client_id)
            for order in live:
                made.broker.desk.exchange.withdraw(account, order, made.time.wall_ns(), "")
        await made.clock.sleep(10)

    with world(2, settings=LOOKING) as made:
        made.live(script, fault=see)


def live_copies(console: Console) -> list[int]:
    """How many orders of each follower may still trade at the broker."""
    accounts = console.world.broker.accounts[1:]
    return [sum(one.live for one in account.orders.values()) for account in accounts]


@pytest.mark.parametrize("filled", [0, 2])
def test_what_he_cancels_elsewhere_while_the_program_is_down_takes_its_copies_with_it(
    filled: int,
) -> None:
    async def rests(console: Console) -> None:
        await begins(console)
        elsewhere(console.world, ticket(console.world, Side.BUY, away=60))
        await console.world.clock.sleep(10)
        assert live_copies(console) == [1, 1]

    async def again(console: Console) -> None:
        (his,) = console.world.broker.accounts[0].orders.values()
        ends(console, his, ("cancelled", filled))
        await begin(console)
        await console.world.clock.sleep(30)
        assert live_copies(console) == [0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(rests)
        made.live(again)


def test_copies_of_what_he_had_filled_of_an_order_as_he_cancelled_it_stay() -> None:
    """A person copied it then; whatever is told of that order later is no end of these."""

    async def copied(console: Console) -> None:
        made = console.world
        his = elsewhere(made, ticket(made, Side.BUY, away=60))
        await made.clock.sleep(2)
        ends(console, his, ("cancelled", 4))
        await ready(console)
        await made.clock.sleep(10)
        await console.engine.master_signals.copy(made.master, only(console).broker_order_id)
        await made.clock.sleep(10)
        assert live_copies(console) == [1, 1]

    async def again(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(30)
        assert live_copies(console) == [1, 1]

    with world(2, settings=LOOKING) as made:
        made.live(copied)
        made.live(again)


def test_a_copy_that_its_owner_changed_is_named_as_the_masters_order_elsewhere_ends() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=60))
        await made.clock.sleep(10)
        (copy,) = console.engine.book.of_account(F1)
        assert Owner(made, F1).change(str(copy.broker_order_id), quantity="3")
        await made.clock.sleep(30)
        told = alarms(console)
        ends(console, his, ("cancelled", 0))
        await made.clock.sleep(30)
        assert live_copies(console) == [1, 0]
        (sentence,) = told["not_followed"]
        assert str(copy.broker_order_id) in sentence

    with world(2, settings=LOOKING) as made:
        made.live(script)
