"""However a master's order ends that was placed here, and in whichever slices: its copies too.

The simulator's order book is the judge: what of the copies may still trade there.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from operator import contains

import pytest

from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.order import FanOut, Side, State, Validity
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as BrokersOrder
from tests.engine.test_exits import press, ticket
from tests.engine.test_fill_copy import begins
from tests.engine.test_links import held
from tests.engine.test_resting_entries import alarms, live
from tests.proof.rig import Console

FAN_OUT = pytest.mark.parametrize("fan_out", list(FanOut))
SLICE = 5
End = tuple[str, int]
"""The broker's last word, and units that had filled before."""
ENDS: tuple[End, ...] = (
    ("cancelled", 0),
    ("cancelled", 2),
    ("rejected", 0),  # at its trigger, or by a change; nothing that has filled is rejected
    ("expired", 0),
    ("expired", 2),
    ("complete", SLICE),
)
SHORT = {"cancelled", "rejected"}
STAY = "its copies stay as they are"


def ends(console: Console, order: BrokersOrder, end: End) -> None:
    """The exchange fills so much of a resting order of the master's, then it ends."""
    made = console.world
    account, now, exchange = made.broker.accounts[0], made.time.wall_ns(), made.broker.desk.exchange
    status, units = end
    if units:
        account.schedule(now, "fill", order, units)
        exchange.settle(account, now)
    if status == "cancelled":
        exchange.withdraw(account, order, now, "")
    elif status != "complete":
        exchange._stop(account, order)
        order.end(now, status)
        exchange._tell(account, order, now)
    assert (order.live, order.filled) == (False, units)


async def place(console: Console, name: str, quantity: int, away: int, fan_out: FanOut) -> PlanId:
    made = console.world
    terms = ticket(made, Side.BUY, quantity, away)
    placed = await console.engine.submit(made.master, terms, fan_out, CommandId(name))
    await made.clock.sleep(4)
    return placed.plan.plan_id


def cut(console: Console) -> None:
    instrument = console.world.instruments[0]
    table = FreezeTable({(instrument.key.exchange, instrument.underlying): SLICE})
    console.engine.clearing.freeze = table


def at_broker(console: Console, plan: PlanId, *, masters: bool) -> list[BrokersOrder]:
    """The master's orders of a plan in the broker's books, or those of its copies, by place."""
    made, found = console.world, []
    for order in console.engine.book.of_plan(plan):
        number = made.accounts.index(
            next(one for one in made.accounts if one.account_id == order.intent.account_id)
        )
        if masters is (number == 0) and order.broker_order_id is not None:
            found.append(made.broker.accounts[number].orders[order.broker_order_id])
    return found


def told_in_part(console: Console) -> dict[PlanId | None, list[str]]:
    """What a person is told from now on of masters' orders that failed in part, by their plans."""
    told: dict[PlanId | None, list[str]] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Alarm) and event.code == "master_in_part":
            told.setdefault(event.plan_id, []).append(event.sentence)

    console.engine.bus.subscribe(hear, Alarm)
    return told


def to_be_told(case: tuple[End, ...]) -> list[str]:
    """Words of what a person must hear when the slices end so, each long after the one before.

    Who takes all of his order back knows that, as with an order in one piece.
    """
    first, last = case[0], case[-1]
    if len(case) == 1 or (first[1] == 0 and last[1] == 0):
        return [STAY] if len(case) > 1 else []
    told = [STAY] if first[1] == 0 else []
    short, taken_back = {status for status, _ in case} & SHORT, {first[0], last[0]} == {"cancelled"}
    if short and not taken_back:
        return [*told, "had not filled is cancelled"]
    return told if short or last[1] else [STAY]


@FAN_OUT
@pytest.mark.parametrize("slices", [1, 2])
def test_what_ends_before_its_time_takes_what_is_left_of_its_copies_along(
    fan_out: FanOut, slices: int
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        cut(console)
        plans = {
            case: await place(console, str(case), SLICE * slices, 60 + number, fan_out)
            for number, case in enumerate(product(ENDS, repeat=slices))
        }
        told = told_in_part(console)
        for number in range(slices):
            for case, plan in plans.items():
                assert all(one.live for one in at_broker(console, plan, masters=False))
                ends(console, at_broker(console, plan, masters=True)[number], case[number])
            await made.clock.sleep(30)
        for case, plan in plans.items():
            copies = at_broker(console, plan, masters=False)
            assert {one.account for one in copies} == {
                one.client_id for one in made.accounts if one.account_id != made.master
            }
            nothing = fan_out is FanOut.WITH_MASTER and not any(units for _, units in case)
            goes = nothing or any(status in SHORT for status, _ in case)
            assert {one.live for one in copies} == {not goes}, case
            sentences, words = told.get(plan, []), to_be_told(case)
            assert len(sentences) == len(words), case
            assert all(map(contains, sentences, words)), case

    live(script)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(action="reject", text="RMS: Blocked", count=1), State.REJECTED),
        (Fault(action="code", call="place", code="EC904", count=1), State.REFUSED),
    ],
)
def test_a_slice_that_never_was_there_keeps_no_copy_alive(fault: Fault, state: State) -> None:
    """It failed for good while the other worked; then that one is cancelled, filled in part."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        cut(console)
        fault.accounts = [made.accounts[0].client_id]
        made.broker.add_fault(fault)
        plan = await place(console, "one", 2 * SLICE, 60, FanOut.WITH_MASTER)
        await made.clock.sleep(30)
        leads = {one.state for one in console.engine.book.of_account(made.master)}
        assert leads == {state, State.WORKING}
        assert all(one.live for one in at_broker(console, plan, masters=False))
        (his,) = [one for one in at_broker(console, plan, masters=True) if one.live]
        ends(console, his, ("cancelled", 2))
        await made.clock.sleep(30)
        assert not any(one.live for one in at_broker(console, plan, masters=False))

    live(script)


@pytest.mark.parametrize("pushed", [False, True])
def test_what_ended_short_before_anybody_saw_it_at_the_exchange_is_not_copied_and_told(
    pushed: bool,
) -> None:
    """Its fill may be told before its end is: its copies are about to leave then."""

    async def script(console: Console) -> None:
        made, told = console.world, alarms(console)
        await begins(console)
        terms = ticket(made, Side.BUY, 10, 60)
        await console.engine.submit(made.master, terms, FanOut.ON_MASTER_WORKING, CommandId("one"))
        account, exchange = made.broker.accounts[0], made.broker.desk.exchange
        # Its own steps cannot be read: the book shows what became of it, or what is pushed.
        exchange.listener = exchange.listener if pushed else None
        made.broker.add_fault(Fault(action="answer", call="order"))
        while not any(one.stage == "open" for one in account.orders.values()):
            await made.clock.sleep(0.01)
            exchange.settle(account, made.time.wall_ns())
        (his,) = account.orders.values()
        (lead,) = console.engine.book.of_account(made.master)
        assert not lead.state.at_exchange
        ends(console, his, ("cancelled", 4))
        await console.engine.read_books(made.master)
        await made.clock.sleep(30)
        assert (lead.state, lead.filled) == (State.CANCELLED, 4)
        assert [len(one.orders) for one in made.broker.accounts] == [1, 0, 0]
        (sentence,) = told["master_in_part"]
        assert "nothing was copied" in sentence

    live(script)


def test_what_an_ioc_order_of_the_masters_did_not_fill_ends_for_him_alone() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        client = made.accounts[0].client_id
        made.broker.add_fault(Fault(action="parts", copies=2, accounts=[client], count=1))
        terms = replace(ticket(made, Side.BUY), validity=Validity.IOC)
        await press(console, terms, FanOut.ON_MASTER_WORKING, wait_s=30)
        (lead,) = console.engine.book.of_account(made.master)
        assert lead.state is State.CANCELLED
        assert 0 < lead.filled < 10
        assert all(units > 0 for units in held(console)[1:])

    live(script)


def test_a_slice_that_may_be_tried_once_more_is_not_over() -> None:
    """One was refused for its rate, the other is rejected before that one is tried again."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        cut(console)
        told, client = told_in_part(console), made.accounts[0].client_id
        made.broker.add_fault(Fault(action="too_many", call="place", accounts=[client], count=1))
        terms = ticket(made, Side.BUY, 2 * SLICE, 60)
        placed = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("one")
        )
        plan = placed.plan.plan_id
        await made.clock.sleep(1)
        console.engine.lanes[made.master].wait_until_ns = made.clock.mono_ns() + 20 * 10**9
        await made.clock.sleep(8)
        leads = {one.state for one in console.engine.book.of_account(made.master)}
        assert leads == {State.REFUSED, State.WORKING}
        (his,) = at_broker(console, plan, masters=True)
        ends(console, his, ("rejected", 0))
        await made.clock.sleep(5)
        assert all(one.live for one in at_broker(console, plan, masters=False))
        await made.clock.sleep(30)
        assert [one.live for one in at_broker(console, plan, masters=True)].count(True) == 1
        assert all(one.live for one in at_broker(console, plan, masters=False))
        (sentence,) = told[plan]
        assert STAY in sentence

    live(script)


def test_slices_that_fail_one_after_the_other_are_told_once_and_nothing_is_copied() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        cut(console)
        told, client = told_in_part(console), made.accounts[0].client_id
        made.broker.add_fault(
            Fault(action="reject", text="RMS: Blocked", accounts=[client], count=2)
        )
        plan = await place(console, "one", 3 * SLICE, 60, FanOut.ON_MASTER_WORKING)
        await made.clock.sleep(30)
        assert sum(one.live for one in at_broker(console, plan, masters=True)) == 1
        assert [len(one.orders) for one in made.broker.accounts[1:]] == [0, 0]
        (sentence,) = told[plan]
        assert "nothing was copied" in sentence

    live(script)


@FAN_OUT
def test_who_cancels_all_slices_here_is_not_told_that_a_part_failed(fan_out: FanOut) -> None:
    async def script(console: Console) -> None:
        made, told = console.world, alarms(console)
        await begins(console)
        cut(console)
        plan = await place(console, "one", 3 * SLICE, 60, fan_out)
        lost = Fault(action="answer", call="cancel", placed=False, skip=1, count=1)
        lost.accounts = [made.accounts[0].client_id]  # one of them ends seconds later
        made.broker.add_fault(lost)
        console.engine.cancel_plan(plan, "operator")
        await made.clock.sleep(30)
        assert not any(one.live for one in at_broker(console, plan, masters=True))
        assert not any(one.live for one in at_broker(console, plan, masters=False))
        assert not told

    live(script)


@FAN_OUT
def test_an_exit_of_his_that_is_rejected_does_not_keep_the_copies_in_at_his_next(
    fan_out: FanOut,
) -> None:
    """Left at the broker, the copies' exits would be in the way of those that follow."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        await press(console, ticket(made, Side.BUY), FanOut.ON_MASTER_WORKING, wait_s=20)
        terms = ticket(made, Side.SELL, away=60)
        placed = await console.engine.submit(made.master, terms, fan_out, CommandId("rests"))
        await made.clock.sleep(10)
        (his,) = at_broker(console, placed.plan.plan_id, masters=True)
        ends(console, his, ("rejected", 0))
        await made.clock.sleep(20)
        assert all(units > 0 for units in held(console))
        await press(console, ticket(made, Side.SELL), FanOut.ON_MASTER_WORKING, wait_s=20)
        assert held(console) == [0, 0, 0]

    live(script)


@FAN_OUT
def test_what_may_not_leave_any_more_when_only_exits_do_takes_its_copies_along(
    fan_out: FanOut,
) -> None:
    """The master's order still waited for its turn as the stop came, and ended as BLOCKED."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        console.engine.lanes[made.master].wait_until_ns = made.clock.mono_ns() + 20 * 10**9
        plan = await place(console, "one", 10, 60, fan_out)
        await console.engine.stop_trading(TradingState.REDUCE, "operator", "only exits")
        await made.clock.sleep(30)
        (lead,) = console.engine.book.of_account(made.master)
        assert lead.state is State.BLOCKED
        assert not any(one.live for one in at_broker(console, plan, masters=False))
        followers = [one for one in console.engine.book.of_plan(plan) if one is not lead]
        assert all(one.state.ended for one in followers)

    live(script)
