"""A link that waits for a better price: what waits, what leaves, and what is given up.

Nothing of what waits is at the broker: the simulator's order books and positions are the judge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import time
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import Alarm
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.simulator.course import Scene
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, change, held
from tests.engine.test_margin import needs, told
from tests.engine.test_market_hours import WEDNESDAY, wall_ns
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, ready
from tests.engine.test_price_guard import HALF, at_broker, at_market, average, moves
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL


def waiting(seconds: int = 60) -> PriceGuard:
    return PriceGuard(HALF, seconds, Beyond.WAIT)


async def kept_for_its_price(
    console: Console,
    side: Side = BUY,
    fan_out: FanOut = FanOut.ON_MASTER_WORKING,
    seconds: int = 60,
) -> tuple[Order, Decimal]:
    """The copy of F1, whose market ran away before it left; and what the master paid."""
    await begin(console)
    change(console, F1, guard=waiting(seconds))
    await moves(console, 0.01)
    orders = await at_market(console, side, fan_out)
    await moves(console, 0.7 if side is BUY else -0.7)
    await console.world.clock.sleep(4)
    copy = orders[F1]
    assert (copy.state, copy.code) == (State.PLANNED, "awaits_price")
    assert at_broker(console.world, 1) == []
    return copy, average(orders[M])


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_a_copy_waits_here_and_leaves_once_the_market_is_back_inside_the_guard(
    side: Side, fan_out: FanOut
) -> None:
    async def script(console: Console) -> None:
        made, away = console.world, 1 if side is BUY else -1
        copy, paid = await kept_for_its_price(console, side, fan_out)
        since, until = copy.reason[14:22], copy.reason[30:38]
        assert copy.reason.startswith(f"Waiting since {since}, until {until}, with nothing at")
        assert since < until
        assert copy.view().reason == copy.reason
        await made.clock.sleep(20)  # longer than an order at the market may otherwise be late
        assert at_broker(made, 1) == []
        await moves(console, -away * 0.5)
        await made.clock.sleep(3)
        worst = paid * (1 + away * Decimal("0.005"))
        ((units, limit),) = at_broker(made, 1)
        assert units == 5
        assert (worst - limit) * away >= 0
        assert position(made, 1) == 5 * away
        assert (worst - average(copy)) * away >= 0
        (await settled(console, 1)).must_be_clean("a copy that waited for its price")

    with world(2) as made:
        made.live(script)


def test_the_broker_is_asked_for_prices_while_a_copy_waits() -> None:
    """Nobody looks at the instrument: the price that lets it go is asked for."""

    async def script(console: Console) -> None:
        made = console.world
        copy, _ = await kept_for_its_price(console)
        made.broker.play([Scene(scene="move", percent=-0.6, seconds=1)])
        await made.clock.sleep(5)
        assert copy.state is State.FILLED

    with world(1) as made:
        made.live(script)


def test_a_copy_that_is_beyond_the_guard_when_it_is_planned_waits_from_then_on() -> None:
    """Seen late, and copied by a person; who skips is skipped."""

    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        change(console, F1, guard=waiting())
        change(console, F2, guard=PriceGuard(HALF))
        await moves(console, 0.01)
        elsewhere(made, ticket(made, BUY))
        await made.clock.sleep(3)
        await moves(console, 0.7)
        seen = only(console)
        await console.engine.master_signals.copy(M, seen.broker_order_id, seen.quantity)
        await made.clock.sleep(3)
        orders = {one.intent.account_id: one for one in copies(console, only(console))}
        assert {name: one.code for name, one in orders.items()} == {
            F1: "awaits_price",
            F2: "price_guard",
        }
        assert orders[F1].intent.code == "awaits_price"
        await moves(console, -0.8)
        await made.clock.sleep(3)
        assert [position(made, number) for number in (1, 2)] == [5, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_what_a_short_margin_leaves_of_a_copy_waits_for_its_price_as_well() -> None:
    """Three units of five fit into what F1 has free; they are bought once the price is good."""

    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        change(console, F1, guard=waiting(), when_short=WhenShort.SHRINK)
        await moves(console, 0.01)
        terms = ticket(made, BUY)
        elsewhere(made, terms)
        await made.clock.sleep(3)
        await moves(console, 0.7)
        await told(console, terms, needs(console, terms, 3) * 10 / 9 + 100)
        seen = only(console)
        await console.engine.master_signals.copy(M, seen.broker_order_id, seen.quantity)
        await made.clock.sleep(5)
        (copy,) = (one for one in copies(console, only(console)) if one.intent.account_id == F1)
        assert (copy.state, copy.code, copy.ordered) == (State.PLANNED, "awaits_price", 3)
        assert "Of 5 units 3 fit." in copy.intent.reason
        assert at_broker(made, 1) == []
        await moves(console, -0.8)
        await made.clock.sleep(3)
        assert [units for units, _ in at_broker(made, 1)] == [3]
        assert position(made, 1) == 3

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_a_copy_that_found_no_price_in_its_links_delay_is_given_up_and_told_of() -> None:
    async def script(console: Console) -> None:
        made = console.world
        told: list[Alarm] = []
        console.engine.bus.subscribe(told.append, Alarm)
        copy, _ = await kept_for_its_price(console, seconds=30)
        await made.clock.sleep(26)
        assert (copy.state, copy.code) == (State.STALE, "no_better_price")
        assert "30 s" in copy.reason
        (alarm,) = [one for one in told if one.code == "no_better_price"]
        assert made.accounts[1].name in alarm.sentence
        await moves(console, -0.5)
        await made.clock.sleep(5)
        assert at_broker(made, 1) == []
        (await settled(console, 1)).must_be_clean("a copy that was given up")

    with world(1) as made:
        made.live(script)


async def by_hand(console: Console, copy: Order) -> None:
    console.engine.cancel([copy.intent.intent_id], "Cancelled by the operator.")


async def master_exits(console: Console, _copy: Order) -> None:
    await press(console, ticket(console.world, SELL), wait_s=0)


async def master_out_by_phone(console: Console, _copy: Order) -> None:
    made = console.world
    trades_himself(made, made.accounts[0], ticket(made, SELL), 10)
    await console.world.clock.sleep(15)


async def link_pauses(console: Console, _copy: Order) -> None:
    change(console, F1, state=LinkState.PAUSED)
    await console.world.clock.sleep(2)
    change(console, F1, state=LinkState.ACTIVE)


async def link_closes_only(console: Console, _copy: Order) -> None:
    change(console, F1, state=LinkState.CLOSE_ONLY)
    await console.world.clock.sleep(2)
    change(console, F1, state=LinkState.ACTIVE)


def stops(state: TradingState) -> Callable[[Console, Order], Awaitable[None]]:
    async def stop(console: Console, _copy: Order) -> None:
        await console.engine.stop_trading(state, "operator", "Looking.")
        await console.engine.resume("operator", "Go on.")

    return stop


ENDS: dict[str, tuple[Callable[[Console, Order], Awaitable[None]], str]] = {
    "by hand": (by_hand, "cancelled"),
    "his master's exit": (master_exits, "master_exits"),
    "his master is out, by phone": (master_out_by_phone, "master_exits"),
    "a paused link": (link_pauses, "paused"),
    "a link that only closes": (link_closes_only, "close_only"),
    "PAUSE": (stops(TradingState.PAUSE), "stopped"),
    "HALT": (stops(TradingState.HALT), "stopped"),
    "KILL": (stops(TradingState.KILL), "stopped"),
}


@pytest.mark.parametrize("what", list(ENDS))
def test_what_waits_is_given_up_and_never_leaves_after_that(what: str) -> None:
    async def script(console: Console) -> None:
        made = console.world
        copy, _ = await kept_for_its_price(console)
        await made.clock.sleep(5)
        act, code = ENDS[what]
        await act(console, copy)
        assert (copy.state, copy.code) == (State.SKIPPED, code)
        await moves(console, -0.5)
        await made.clock.sleep(5)
        assert at_broker(made, 1) == []
        assert held(console)[1] == 0

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_what_waits_over_the_close_of_its_market_ends_with_the_sessions_name() -> None:
    async def script(console: Console) -> None:
        made = console.world
        copy, _ = await kept_for_its_price(console, seconds=3_600)
        await made.clock.sleep(60)
        assert (copy.state, copy.code) == (State.BLOCKED, "session")
        assert at_broker(made, 1) == []

    settings = EngineSettings(keeps_sessions=True)
    with world(1, settings=settings, starts_ns=wall_ns(WEDNESDAY, time(15, 14, 30))) as made:
        made.live(script)


def test_a_master_who_cancels_the_rest_of_his_order_takes_what_waits_with_it() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        change(console, F1, guard=waiting())
        await moves(console, 0.01)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        terms = made.terms(order_type=OrderType.MARKET)
        console.see_price()
        placed = await console.engine.submit(
            M, terms, FanOut.WITH_MASTER, CommandId("market that ends")
        )
        await moves(console, 0.7)
        await made.clock.sleep(3)
        master, copy = console.engine.book.of_plan(placed.plan.plan_id)
        assert copy.code == "awaits_price"
        master.attempt_state = State.WORKING
        console.engine.book.move(master, State.CANCELLED, reason="The rest was cancelled.")
        assert (copy.state, copy.code) == (State.SKIPPED, "master_failed")

    with world(1, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("crash", [False, True])
def test_after_a_start_nothing_that_waited_is_sent(crash: bool) -> None:
    async def script(console: Console) -> None:
        console.world.links = [
            one.link for lane in console.engine.lanes for one in lane.links.values()
        ]
        await kept_for_its_price(console)
        console.world.links = [
            one.link for lane in console.engine.lanes for one in lane.links.values()
        ]
        await console.store.journal.flush()
        if crash:
            raise ProgramStopped

    async def again(console: Console) -> None:
        made = console.world
        await moves(console, -0.5)
        console.log_all_in()
        for _ in range(3):
            await made.clock.sleep(4)
            console.see_price()
        (copy,) = [one for one in console.engine.book if one.intent.account_id == F1]
        assert copy.state is State.STALE
        assert "not sent after a start" in copy.reason
        assert at_broker(made, 1) == []

    with world(1) as made:
        made.live(script)
        made.live(again)
