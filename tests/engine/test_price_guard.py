"""A link's price guard: what entries it keeps out or rests, and that no exit waits for it.

The simulator's positions and order books are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Filters
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.seen import Follow
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.planner import share_out
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.course import Scene
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, change, held, link_of
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, ready
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
F3 = AccountId("F003")
HALF = Offset(Decimal("0.5"), percent=True)
NEAR = PriceGuard(Offset(Decimal("0.1"), percent=True), None, Beyond.LIMIT)
SKIPS, RESTS = PriceGuard(HALF), PriceGuard(HALF, None, Beyond.LIMIT)


async def moves(console: Console, percent: float) -> None:
    """The market goes so far, and stands."""
    made = console.world
    made.broker.play(
        [
            Scene(scene="move", percent=percent, seconds=1),
            Scene(scene="still", after_s=1, seconds=3_600),
        ]
    )
    await made.clock.sleep(2)
    console.see_price()


def at_broker(made: World, number: int) -> list[tuple[int, Decimal]]:
    """Quantity and limit, in rupees, of every order the account has at the broker."""
    orders = made.broker.accounts[number].orders.values()
    return [(one.terms.quantity, Decimal(one.terms.price) / 10_000) for one in orders]


def average(order: Order) -> Decimal:
    assert order.average_price is not None
    return order.average_price


async def at_market(console: Console, side: Side, fan_out: FanOut) -> dict[AccountId, Order]:
    """A master's MARKET order whose copies wait three seconds for their slots."""
    made, engine = console.world, console.engine
    for account in {lane.account_id for lane in engine.lanes} - {M}:
        engine.lanes[account].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
    console.see_price()
    terms = made.terms(side=side, order_type=OrderType.MARKET)
    command = CommandId(f"at {made.time.now_ns}")
    placed = await engine.submit(M, terms, fan_out, command)
    orders = engine.book.of_plan(placed.plan.plan_id)
    return {one.intent.account_id: one for one in orders}


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_an_entry_that_waited_is_skipped_or_rests_at_the_guard_by_what_the_master_paid(
    side: Side, fan_out: FanOut
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        away = 1 if side is BUY else -1
        await begin(console)
        change(console, F1, guard=SKIPS)
        change(console, F2, guard=RESTS)
        await moves(console, 0.01)
        orders = await at_market(console, side, fan_out)
        await moves(console, away * 0.7)
        await made.clock.sleep(8)
        paid = average(orders[M])
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, "price_guard")
        assert "0.5 %" in orders[F1].reason
        assert at_broker(made, 1) == []
        ((units, limit),) = at_broker(made, 2)
        assert (orders[F2].state, units) == (State.WORKING, 20)
        worst = paid * (1 + away * Decimal("0.005"))
        assert 0 <= (worst - limit) * away < made.instruments[0].tick
        assert orders[F2].view().terms.price == limit
        await moves(console, -away * 0.5)
        await made.clock.sleep(10)
        assert [abs(position(made, number)) for number in (0, 1, 2)] == [10, 0, 20]
        assert (worst - average(orders[F2])) * away >= 0
        (await settled(console, 1)).must_be_clean("a price guard")

    with world(3) as made:
        made.live(script)


def test_no_price_guard_holds_an_exit_back_and_of_a_reversal_only_the_exit_passes() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY))
        assert held(console) == [10, 5, 20]
        change(console, F1, guard=PriceGuard(Offset(Decimal(0), percent=False)))
        change(console, F2, guard=NEAR)
        orders = {}
        for fan_out in FanOut:
            orders = await at_market(console, SELL, fan_out)
            await moves(console, -0.9)
            await made.clock.sleep(12)
            assert {orders[one].code for one in (F1, F2)}.isdisjoint({"price_guard"})
            assert held(console)[0] == 0
            # The protected price is a limit too: what it found no other side for rests as the
            # plan's own does, never at the guard.
            assert orders[F2].view().terms.price == orders[M].view().terms.price
            await moves(console, 1.2)
            await made.clock.sleep(10)
            assert held(console) == [0, 0, 0]
            await press(console, ticket(made, BUY))
            orders = {}
        assert held(console) == [10, 5, 20]
        # A reversal seen late: F1 closes his five and opens nothing.
        for account in (F1, F2):
            console.engine.lanes[account].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        await press(console, ticket(made, SELL, 30), wait_s=0.5)
        await moves(console, -0.9)
        await made.clock.sleep(10)
        await moves(console, 1.2)
        await made.clock.sleep(10)
        assert held(console)[:2] == [-20, 0]

    with world(2) as made:
        made.live(script)


def test_an_order_placed_elsewhere_is_guarded_by_what_he_got_and_by_how_long_ago() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        change(console, F1, guard=SKIPS)
        change(console, F2, guard=PriceGuard(None, 30))
        change(console, F3, guard=PriceGuard(HALF, 5))
        await moves(console, 0.01)
        elsewhere(made, ticket(made, BUY))
        await made.clock.sleep(6)
        await moves(console, 0.7)
        seen = only(console)
        await console.engine.master_signals.copy(M, seen.broker_order_id, seen.quantity)
        await made.clock.sleep(5)
        orders = {one.intent.account_id: one for one in copies(console, only(console))}
        assert {name: (one.state, one.code) for name, one in orders.items()} == {
            F1: (State.SKIPPED, "price_guard"),
            F2: (State.WORKING, ""),
            F3: (State.SKIPPED, "delay_guard"),
        }
        assert " s old" in orders[F3].reason
        assert "5 s after" in orders[F3].reason
        assert [len(at_broker(made, number)) for number in (1, 2, 3)] == [0, 1, 0]

    with world(3, settings=LOOKING) as made:
        made.live(script)


def test_an_entry_that_waits_longer_than_its_links_delay_stays_and_an_exit_leaves() -> None:
    async def script(console: Console) -> None:
        made, lane = console.world, console.engine.lanes[F1]
        await begin(console)
        change(console, F1, guard=PriceGuard(None, 2))
        lane.wait_until_ns = made.clock.mono_ns() + 4_000_000_000
        orders = await press(console, ticket(made, BUY), wait_s=8)
        assert (orders[F1].state, orders[F1].code) == (State.STALE, "too_old")
        assert "2 s" in orders[F1].reason
        assert held(console) == [10, 0, 20]
        await press(console, ticket(made, BUY))
        lane.wait_until_ns = made.clock.mono_ns() + 4_000_000_000
        await press(console, ticket(made, SELL, 20), wait_s=8)
        assert held(console) == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_the_ticket_shows_the_guards_limit_before_anything_leaves_and_it_leaves_with_it() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        change(console, F1, guard=NEAR)
        console.see_price()
        terms = made.terms(order_type=OrderType.MARKET)
        last = made.price(terms.instrument)
        clearing, leaving = console.engine.clearing, protect(terms, last)
        assert leaving is not None
        followers = console.engine.lanes.followers_of(M)
        moment = clearing.checks.moment(terms.instrument)
        cover = clearing.cover(M, leaving, followers, moment, terms)
        first, second = share_out(leaving, [one.facts for one in followers], last, cover)
        assert (first.sized.quantity, first.sized.code) == (5, "at_price_guard")
        assert second.limit is None
        orders = await press(console, terms)
        assert orders[F1].intent.code == "at_price_guard"
        assert "0.1 %" in orders[F1].intent.reason
        ((units, limit),) = at_broker(made, 1)
        assert (units, limit) == (5, orders[F1].intent.terms.price)
        assert limit <= last * Decimal("1.001")
        assert orders[F2].intent.terms.price == leaving.price

    with world(2) as made:
        made.live(script)


def test_after_a_restart_the_guard_still_holds_what_waits() -> None:
    """The master's price is known again from what he traded at."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        change(console, F1, guard=SKIPS)
        change(console, F2, guard=RESTS)
        made.links = [one.link for lane in engine.lanes for one in lane.links.values()]
        made.broker.add_fault(
            Fault(action="delay", accounts=[made.accounts[0].client_id], ms=2_500)
        )
        console.see_price()
        terms = made.terms(order_type=OrderType.MARKET)
        await engine.submit(M, terms, FanOut.ON_MASTER_WORKING, CommandId("one"))
        await made.clock.sleep(0.5)

    async def again(console: Console) -> None:
        made = console.world
        await moves(console, 0.7)
        console.log_all_in()
        for _ in range(4):
            await made.clock.sleep(4)
            console.see_price()
        orders = {one.intent.account_id: one for one in console.engine.book}
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, "price_guard")
        assert orders[F2].state is State.WORKING
        assert at_broker(made, 1) == []
        ((_, limit),) = at_broker(made, 2)
        assert limit <= average(orders[M]) * Decimal("1.005")

    with world(2, settings=EngineSettings(signal_age_market_ms=60_000)) as made:
        made.live(script)
        made.live(again)


def test_a_change_of_the_masters_order_takes_no_entry_beyond_the_guard() -> None:
    """He has traded a part, and raises the limit of the rest; one who has no guard follows."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        change(console, F1, guard=RESTS)
        await moves(console, 0.01)
        made.broker.add_fault(
            Fault(action="parts", copies=9, accounts=[made.accounts[0].client_id])
        )
        for account in (F1, F2):
            engine.lanes[account].wait_until_ns = made.clock.mono_ns() + 2_000_000_000
        terms = ticket(made, BUY)
        placed = await engine.submit(M, terms, FanOut.WITH_MASTER, CommandId("one"))
        await moves(console, 1.2)
        own, first, second = engine.book.of_plan(placed.plan.plan_id)
        await made.clock.sleep(3)
        worst = average(own) * Decimal("1.005")
        assert own.state is State.PARTIAL
        assert {first.state, second.state} == {State.WORKING}
        assert terms.price is not None
        after = replace(own.terms, price=terms.price + 12)
        await engine.modify(own.intent.intent_id, after)
        await made.clock.sleep(8)
        ((_, limit),), ((_, other),) = at_broker(made, 1), at_broker(made, 2)
        assert after.price == other
        assert limit <= worst < other

    with world(2, switches=Switches(latency_ms=60, jitter_ms=80, fill_ms=1_500)) as made:
        made.live(script)


def test_a_guard_is_asked_although_another_link_lets_only_exits_pass() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        change(console, F1, guard=replace(NEAR, delay_s=2))
        change(console, F2, filters=Filters(sides=frozenset({SELL})))
        console.see_price()
        orders = await press(console, made.terms(order_type=OrderType.MARKET))
        assert orders[F2].code == "filtered_side"
        assert orders[F1].intent.code == "at_price_guard"
        assert orders[F1].intent.signal_age_ms == 2_000
        ((_, limit),) = at_broker(made, 1)
        own = orders[F1].intent.terms
        assert limit == own.price

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("move", [-0.7, 0.7])
def test_on_the_opposite_side_a_price_is_worse_the_other_way(move: float) -> None:
    """F1 sells where the master buys: what falls is worse for him, what rises is not."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        for account, guard in ((F1, SKIPS), (F2, NEAR)):
            turned = replace(link_of(console, account).sizing, reverse=True)
            change(console, account, guard=guard, sizing=turned)
        await moves(console, 0.01)
        orders = await at_market(console, BUY, FanOut.WITH_MASTER)
        await moves(console, move)
        await made.clock.sleep(8)
        assert (orders[F1].code == "price_guard") is (move < 0)
        assert position(made, 1) == (0 if move < 0 else -5)
        ((_, limit),) = at_broker(made, 2)
        assert limit >= average(orders[M]) * Decimal("0.999")
        assert position(made, 2) == (0 if move < 0 else -20)
        console.see_price()
        await press(console, ticket(made, SELL), wait_s=15)
        assert position(made, 1) == 0

    with world(2) as made:
        made.live(script)
