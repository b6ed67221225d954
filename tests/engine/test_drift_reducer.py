"""Drift that is reduced without a person: only where the link says so, once, and only to reduce.

The simulator's positions are the judge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from copytrade_gui.domain.drift import REDUCED_AFTER_S, ReduceDrift
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.drift import Drift
from copytrade_gui.services.masters import Masters
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exit_rules import clean, told
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, becomes_master, change, held, order
from tests.proof.rig import MORNING_NS, Console, World, world

BUY, SELL = Side.BUY, Side.SELL
YES, NO = ReduceDrift.YES, ReduceDrift.NO
LONG = 3 * REDUCED_AFTER_S


def refuse(made: World, *numbers: int) -> None:
    """The broker refuses whatever these accounts order from now on."""
    clients = [made.accounts[number].client_id for number in numbers]
    made.broker.add_fault(Fault(action="reject", accounts=clients, text="RMS:Blocked"))


async def outlives(console: Console, *who: int, side: Side = BUY) -> None:
    """The master enters and leaves; of these followers the exit was refused."""
    made = console.world
    await begin(console)
    await press(console, ticket(made, side, 40), wait_s=15)
    refuse(made, *who)
    await press(console, ticket(made, side.opposite, 40), wait_s=10)
    made.broker.clear_faults()


def by_itself(console: Console) -> list[CommandId]:
    """Plans that reduced drift, by their commands."""
    plans = console.engine.book.plans.values()
    commands = [plan.signal.command_id for plan in plans if plan.closes]
    return [one for one in commands if one is not None and one.startswith("drift at")]


@pytest.mark.parametrize("side", list(Side))
def test_copies_that_outlive_their_master_are_closed_after_the_time_where_the_link_says_so(
    side: Side,
) -> None:
    async def script(console: Console) -> None:
        made, way, heard = console.world, 1 if side is BUY else -1, told(console, "drift_reduced")
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1, 2, side=side)
        assert held(console) == [0, 20 * way, 80 * way]
        await made.clock.sleep(REDUCED_AFTER_S - 12)
        assert held(console) == [0, 20 * way, 80 * way], "not before the time is over"
        await made.clock.sleep(LONG)
        assert held(console) == [0, 0, 80 * way], "F2's link leaves it to a person"
        (sent,) = (one for one in console.engine.book if one.closes)
        assert (sent.state, sent.code, sent.filled) == (State.FILLED, "drift_reduced", 20)
        assert [one.startswith("Follower 1, INFY") for one in heard] == [True]
        assert "20 copied units outlived the master's position by 60 s" in heard[0]
        report = console.engine.square_offs.report()
        assert report is not None
        assert report.proven
        # It is another finding when it happens again.
        await outlives(console, 1, side=side)
        await made.clock.sleep(LONG)
        assert held(console)[1] == 0
        assert len(by_itself(console)) == 2
        await clean(console, "drift reduced by itself")

    with world(2) as made:
        made.live(script)


async def is_converted_by_its_master(console: Console) -> None:
    """He still holds it, in another product."""
    positions = console.world.broker.accounts[0].positions
    (name,) = (one for one in positions if "INTRADAY" in one)
    converted = positions.pop(name)
    converted.product = "DELIVERY"
    positions[(*name[:-1], "DELIVERY")] = converted


def test_what_a_master_converts_to_another_product_is_left_to_a_person() -> None:
    async def script(console: Console) -> None:
        change(console, F1, reduce_drift=YES)
        await begin(console)
        await press(console, ticket(console.world, BUY, 40), wait_s=15)
        await is_converted_by_its_master(console)
        await console.world.clock.sleep(LONG)
        assert held(console)[1:] == [20, 80]
        assert by_itself(console) == []

    with world(2) as made:
        made.live(script)


async def sells_a_part(console: Console) -> None:
    made = console.world
    trades_himself(made, made.accounts[1], ticket(made, SELL), 15)


async def buys_more(console: Console) -> None:
    made = console.world
    trades_himself(made, made.accounts[1], ticket(made, BUY), 7)


async def is_sold_without_an_order(console: Console) -> None:
    made = console.world
    key = made.instruments[0].key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    entry = made.broker.accounts[1].positions[(*found.key, "INTRADAY")]
    entry.sell_value += entry.buy_value * 3 // entry.bought
    entry.sold += 3


async def is_ignored(console: Console) -> None:
    made = console.world
    drift = Drift(console.engine, console.store.journal, made.clock)
    (line,) = (one for one in (await drift.report()).lines if one.verdict.units)
    await drift.ignore(line.key, line.verdict.units, CommandId("let it be"))


async def is_paused(console: Console) -> None:
    change(console, F1, state=LinkState.PAUSED)


async def is_stopped(console: Console) -> None:
    await console.engine.stop_trading(TradingState.PAUSE, "operator", "Looking.")


async def is_asked_for_no_more(console: Console) -> None:
    change(console, F1, reduce_drift=NO)


_WHOSE = (
    sells_a_part, buys_more, is_sold_without_an_order, is_ignored, is_paused, is_stopped,
    is_asked_for_no_more,
)  # fmt: skip


@pytest.mark.parametrize(
    ("then", "late"), [*((then, True) for then in _WHOSE), *((then, False) for then in _WHOSE[:3])]
)
def test_it_is_a_persons_where_the_owner_traded_or_nothing_adds_up_or_somebody_said_so(
    then: Callable[[Console], Awaitable[None]], late: bool
) -> None:
    """Before the time began to run, and shortly before it is over."""

    async def script(console: Console) -> None:
        made = console.world
        await outlives(console, 1)
        change(console, F1, reduce_drift=YES)
        if late:
            await made.clock.sleep(REDUCED_AFTER_S - 15)
        await then(console)
        await made.clock.sleep(6)
        before = position(made, 1)
        await made.clock.sleep(LONG + 120)
        assert position(made, 1) == before != 0
        assert by_itself(console) == []

    with world(2) as made:
        made.line.feed = late
        made.live(script)


@pytest.mark.parametrize("late_s", [0, 40, 58, 60, 61, 62, 63, 64, 66, 70])
def test_who_trades_in_between_whenever_it_is_is_neither_turned_round_nor_robbed_of_a_copy(
    late_s: int,
) -> None:
    """The master enters anew, or the owner sells; at the end everybody holds what he should."""

    async def script(console: Console) -> None:
        made = console.world
        for account in (F1, F2):
            change(console, account, reduce_drift=YES)
        await outlives(console, 1, 2)
        assert held(console) == [0, 20, 80]
        await made.clock.sleep(late_s)
        before = held(console)
        trades_himself(made, made.accounts[2], ticket(made, SELL), min(70, before[2]) or 70)
        await press(console, ticket(made, BUY, 10), wait_s=30)
        entered = held(console)
        assert entered[0] == 10
        assert entered[1] in (5, 25)  # his old copies were closed before, or are kept
        assert entered[2] in (30, -50), "the owner's own sale, and nothing of ours beside it"
        await made.clock.sleep(LONG)
        assert held(console) == entered, "while the master holds some nothing is too many"
        kept = entered[1] - 5
        await press(console, ticket(made, SELL, 10), wait_s=LONG + 30)
        assert (held(console)[0], held(console)[1]) == (0, 0)
        assert kept in (0, 20)
        assert held(console)[2] == min(0, entered[2])

    with world(2) as made:
        made.line.feed = True
        made.live(script)


def test_only_exits_lets_it_pass_and_of_two_masters_the_other_ones_copies_stay() -> None:
    """F1 copies M and F2. M leaves; under REDUCE what copies him goes, what copies F2 stays."""

    async def script(console: Console) -> None:
        made = console.world
        becomes_master(console, F2)
        console.engine.put_link(Link(F2, F1, SizingRule(Strategy.RATIO, Decimal(1))), "operator")
        console.engine.drop_link(M, F2, "operator")
        change(console, F1, reduce_drift=YES)
        await begin(console)
        await order(console, M, ticket(made, BUY, 40))
        await order(console, F2, ticket(made, BUY, 10))
        await made.clock.sleep(20)
        refuse(made, 1)
        await order(console, M, ticket(made, SELL, 40))
        await order(console, F2, ticket(made, SELL, 4))
        await made.clock.sleep(10)
        made.broker.clear_faults()
        assert held(console) == [0, 30, 6]
        await console.engine.stop_trading(TradingState.REDUCE, "operator", "Only exits.")
        await made.clock.sleep(LONG)
        assert held(console) == [0, 10, 6]
        # F2 leaves as well: his link leaves it to a person.
        refuse(made, 1)
        await order(console, F2, ticket(made, SELL, 6))
        made.broker.clear_faults()
        await made.clock.sleep(LONG)
        assert held(console) == [0, 10, 0]
        change(console, F1, reduce_drift=YES)
        console.engine.put_link(
            Link(F2, F1, SizingRule(Strategy.RATIO, Decimal(1)), reduce_drift=YES), "operator"
        )
        await made.clock.sleep(LONG)
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("says", ["nothing", "no"])
def test_an_exit_that_the_master_made_elsewhere_is_a_persons_who_is_asked_or_said_no(
    says: str,
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=15)
        trades_himself(made, made.accounts[0], ticket(made, SELL), 40)
        await made.clock.sleep(10)
        (seen,) = console.engine.master_signals.orders()
        masters = Masters(console.engine, console.store.journal, made.clock)
        assert await masters.follow(M) is Follow.ASK
        if says == "no":
            await masters.ignore(M, seen.broker_order_id, CommandId("no"))
        await made.clock.sleep(LONG)
        assert held(console) == [0, 20, 80]
        if says == "nothing":
            await masters.copy(M, seen.broker_order_id, CommandId("yes"))
            await made.clock.sleep(20)
            assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.line.feed = True
        made.live(script)


def test_an_order_of_the_master_that_still_works_is_no_exit() -> None:
    """With it his copies may be right in a moment."""

    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1)
        resting = ticket(made, BUY, 40, away=60)
        await console.engine.submit(
            made.master, resting, FanOut.ON_MASTER_WORKING, CommandId("rests")
        )
        await made.clock.sleep(LONG)
        assert position(made, 1) == 20
        assert by_itself(console) == []

    with world(2) as made:
        made.live(script)


def test_an_account_that_is_gone_or_out_of_reach_waits() -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1)
        refused = Fault(action="book_failed", accounts=[made.accounts[1].client_id])
        made.broker.add_fault(refused)
        await made.clock.sleep(LONG)
        assert position(made, 1) == 20
        made.broker.clear_faults()
        await made.clock.sleep(LONG + 120)
        assert position(made, 1) == 0

    with world(2) as made:
        made.live(script)


def test_who_gets_a_new_copy_while_the_square_off_reads_loses_none_of_it() -> None:
    """The master enters anew after it was begun and before its order has left."""

    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1)
        await made.clock.sleep(REDUCED_AFTER_S - 15)
        while console.engine.square_offs.report() is None:
            await made.clock.sleep(0.01)
        unread = Fault(
            action="book_failed", call="positions", accounts=[made.accounts[1].client_id]
        )
        made.broker.add_fault(unread)
        await press(console, ticket(made, BUY, 10), wait_s=2)
        made.broker.clear_faults()
        await made.clock.sleep(LONG)
        assert held(console) == [10, 25, 20]
        assert by_itself(console) == []

    with world(2) as made:
        made.live(script)


def test_what_brokers_close_by_themselves_before_the_end_of_the_day_is_left_to_them() -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, reduce_drift=YES)
        await outlives(console, 1)
        await made.clock.sleep(LONG)
        assert position(made, 1) == 20
        assert by_itself(console) == []

    starts_ns = MORNING_NS + (5 * 60 - 1) * 60_000_000_000  # 14:59, a minute before
    with world(2, settings=EngineSettings(keeps_sessions=True), starts_ns=starts_ns) as made:
        made.live(script)
