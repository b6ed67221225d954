"""A master's target and stop that rest together: copies leave by whichever of them fills.

Copies close once, so one of the two has them, and the other takes them over when it fills. The
simulator's positions are the judge: out with him, and nobody turned round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.course import Scene
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as BrokersOrder
from tests.engine.test_exit_rules import clean, told
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_fill_copy import fills
from tests.engine.test_links import M, becomes_master, change, held
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.engine.test_modify import lead
from tests.engine.test_reverse import reverse
from tests.proof.rig import Console, ProgramStopped, World, world

BUY, SELL = Side.BUY, Side.SELL
Script = Callable[[Console], Coroutine[object, object, None]]


def live(*scripts: Script, followers: int = 2) -> None:
    with world(followers, settings=LOOKING) as made:
        for script in scripts:
            made.live(script)


@dataclass
class Bracket:
    """A target and a stop of the master's that both rest, each for so many units."""

    target: OrderTerms
    stop: OrderTerms
    plans: tuple[PlanId, PlanId]


async def enters(console: Console, side: Side = BUY) -> World:
    made = await ready(console, Follow.COPY)
    await press(console, ticket(made, side, 10), wait_s=15)
    return made


async def brackets(
    console: Console,
    target: int = 10,
    stop: int = 10,
    side: Side = SELL,
    *,
    stop_first: bool = False,
) -> Bracket:
    made = console.world
    product = ticket(made, side).product
    one = ticket(made, side, target, away=200)
    other = replace(made.terms(side=side, quantity=stop, order_type=OrderType.SL), product=product)
    plans: dict[int, PlanId] = {}
    for number, terms in (
        reversed([*enumerate((one, other))]) if stop_first else enumerate((one, other))
    ):
        command = CommandId(f"exit {number}")
        placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
        plans[number] = placed.plan.plan_id
        await made.clock.sleep(10)
    return Bracket(one, other, (plans[0], plans[1]))


def masters(console: Console, plan: PlanId) -> str:
    number = lead(console, plan).broker_order_id
    assert number is not None
    return number


async def changes(console: Console, plan: PlanId, quantity: int) -> None:
    order = lead(console, plan)
    await console.engine.modify(order.intent.intent_id, replace(order.terms, quantity=quantity))
    await console.world.clock.sleep(10)


def squared_off(console: Console) -> int:
    """Orders that closed something by themselves."""
    return sum(one.closes and one.attempt is not None for one in console.engine.book)


@pytest.mark.parametrize("stop_first", [False, True])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("fills", ["target", "stop"])
def test_copies_leave_by_whichever_fills(fills: str, side: Side, *, stop_first: bool) -> None:
    async def script(console: Console) -> None:
        made = await enters(console, side.opposite)
        both = await brackets(console, side=side, stop_first=stop_first)
        first, then = both.plans if fills == "target" else both.plans[::-1]
        await trade_through(made, both.target.price if fills == "target" else both.stop.trigger)
        owner(made).cancel(masters(console, then))
        await made.clock.sleep(20)
        assert held(console) == [0, 0, 0]
        assert squared_off(console) == (2 if (fills == "stop") is not stop_first else 0)
        assert first in console.engine.book.plans
        await clean(console, "a bracket")

    live(script)


@pytest.mark.parametrize("wait_s", [0, 1, 10, 4_000])
@pytest.mark.parametrize("way", ["here", "elsewhere"])
def test_a_target_that_he_cancels_and_an_exit_at_the_market(way: str, wait_s: int) -> None:
    """At once or long after; of copies whose cancel is on its way nobody knows what is left."""

    async def script(console: Console) -> None:
        made = await enters(console)
        target = ticket(made, SELL, 10, away=200)
        placed = await console.engine.submit(M, target, FanOut.WITH_MASTER, CommandId("target"))
        await made.clock.sleep(10)
        owner(made).cancel(masters(console, placed.plan.plan_id))
        await made.clock.sleep(wait_s)
        if way == "here":
            await press(console, ticket(made, SELL, 10))
        else:
            elsewhere(made, ticket(made, SELL, 10))
        await made.clock.sleep(30)
        assert held(console) == [0, 0, 0]

    live(script)


def test_what_the_other_exit_closes_meanwhile_is_not_closed_twice() -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console)
        made.broker.add_fault(Fault(action="fill_after_cancel"))
        await trade_through(made, both.stop.trigger)
        await made.clock.sleep(20)
        assert held(console) == [0, 0, 0]
        await clean(console, "a copy that fills as it is cancelled")

    live(script)


def test_a_part_leaves_by_the_stop_and_the_rest_by_the_target() -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console, stop=4)
        await trade_through(made, both.stop.trigger)
        assert held(console) == [6, 3, 12]
        await changes(console, both.plans[0], 6)
        await trade_through(made, both.target.price)
        assert held(console) == [0, 0, 0]
        await clean(console, "a part by each")

    live(script)


def test_a_copy_whose_master_filled_goes_on_resting_and_the_other_exit_takes_the_rest() -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        made.broker.play([Scene(scene="still", seconds=20_000)])
        both = await brackets(console)
        target = made.broker.accounts[0].orders[masters(console, both.plans[0])]
        await changes(console, both.plans[0], 6)
        await fills(console, target, 6)
        await changes(console, both.plans[1], 4)
        await trade_through(made, both.stop.trigger, 30)
        assert held(console) == [0, 3, 12]
        rest = [one for one in console.engine.book.open_of(F2) if not one.closes]
        assert [(one.ordered, one.filled, one.cancel_requested) for one in rest] == [(12, 0, False)]
        await trade_through(made, both.target.price)
        assert held(console) == [0, 0, 0]
        await clean(console, "a copy that rests on")

    live(script)


@pytest.mark.parametrize("parts", [2, 5])
def test_a_stop_that_fills_in_parts(parts: int) -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console)
        made.broker.add_fault(Fault(action="parts", copies=parts))
        await trade_through(made, both.stop.trigger, 60)
        assert held(console) == [0, 0, 0]
        await clean(console, "a stop in parts")

    live(script)


async def is_halted(console: Console) -> None:
    await console.engine.stop_trading(TradingState.HALT, "operator", "Looking.")


async def goes_on(console: Console) -> None:
    await console.engine.resume("operator", "Looked.")


async def loses_a_session(console: Console) -> None:
    console.engine.detach(F2, SessionState.LOGGED_OUT)


async def logs_in_again(console: Console) -> None:
    console.log_in(F2)


async def is_paused(console: Console) -> None:
    change(console, F2, state=LinkState.PAUSED)


async def is_linked_again(console: Console) -> None:
    change(console, F2, state=LinkState.ACTIVE)


@pytest.mark.parametrize(
    ("hinders", "helps", "left"),
    [
        (is_halted, goes_on, [0, 5, 20]),
        (loses_a_session, logs_in_again, [0, 0, 20]),
        (is_paused, is_linked_again, [0, 0, 20]),
    ],
)
def test_who_cannot_leave_now_is_told_and_leaves_once_he_can(
    hinders: Callable[[Console], Awaitable[None]],
    helps: Callable[[Console], Awaitable[None]],
    left: list[int],
) -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both, said = await brackets(console), told(console, "handed_over")
        await hinders(console)
        await trade_through(made, both.stop.trigger)
        assert held(console) == left
        (why,) = (one for one in said if "copies are still held" in one)
        assert "Follower 2" in why
        await helps(console)
        await made.clock.sleep(40)
        assert held(console) == [0, 0, 0]
        await clean(console, "a hand-over that waited")

    live(script)


@pytest.mark.parametrize("how", ["close", "silence", "reset"])
def test_a_cancel_without_an_answer_is_found_out_before_anything_is_closed(how: str) -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console)
        lost = Fault(action="drop_reply", call="cancel", how=how, count=4)  # type: ignore[arg-type]  # a parameter of three words
        made.broker.add_fault(lost)
        await trade_through(made, both.stop.trigger, 90)
        assert held(console) == [0, 0, 0]
        await clean(console, "a cancel in doubt")

    live(script)


def test_it_is_handed_over_after_a_start_as_well() -> None:
    triggers: list[Decimal] = []

    async def before(console: Console) -> None:
        await enters(console)
        both = await brackets(console)
        assert both.stop.trigger is not None
        triggers.append(both.stop.trigger)

    async def after(console: Console) -> None:
        made = console.world
        await trade_through(made, triggers[0])  # nobody is logged in, so nobody sees it
        made.broker.advance()
        assert held(console) == [0, 5, 20]
        console.log_all_in()
        await made.clock.sleep(60)
        assert held(console) == [0, 0, 0]
        await clean(console, "a hand-over after a start")

    with world(2, settings=LOOKING) as made:
        made.live(before)
        key = made.instruments[0].key
        made.broker.set_price(
            key.exchange, key.instrument_id, int(made.price(made.instruments[0]) * 9_000)
        )
        made.live(after)


@pytest.mark.parametrize("seconds", [0.05, 0.35, 0.5, 1.0, 2.0])
def test_a_crash_in_the_middle_is_gone_on_with(seconds: float) -> None:
    async def before(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console)
        await trade_through(made, both.stop.trigger, seconds)
        raise ProgramStopped

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(120)
        assert held(console) == [0, 0, 0]
        await clean(console, "a crash in a hand-over")

    live(before, after)


def test_who_copies_the_opposite_side_leaves_as_well() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        console.see_price()
        reverse(console, F1)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        assert held(console) == [10, -5, 20]
        both = await brackets(console)
        await trade_through(made, both.stop.trigger, 40)
        assert held(console) == [0, 0, 0]
        await clean(console, "a reversed link")

    live(script)


def test_what_another_master_had_copied_stays() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        becomes_master(console, F1)
        change(console, state=LinkState.PAUSED)
        engine.put_link(Link(F1, F2, SizingRule(Strategy.RATIO, Decimal(2))), "test")
        await enters(console)
        assert held(console) == [10, 0, 20]
        await engine.submit(F1, ticket(made, BUY, 3), FanOut.WITH_MASTER, CommandId("another"))
        await made.clock.sleep(30)
        assert held(console) == [10, 3, 26]
        both = await brackets(console)
        await trade_through(made, both.stop.trigger, 40)
        assert held(console) == [0, 3, 6]

    live(script)


def test_a_copy_that_its_owner_changed_is_his() -> None:
    async def script(console: Console) -> None:
        made = await enters(console)
        both = await brackets(console)
        (his,) = (
            one for one in console.engine.book.open_of(F2) if one.intent.plan_id == both.plans[0]
        )
        assert his.broker_order_id is not None
        account = made.broker.accounts[2]
        changed: BrokersOrder = account.orders[his.broker_order_id]
        type(owner(made))(made.broker.desk, account).modify(changed.order_id, {"quantity": "12"})
        await made.clock.sleep(30)
        await trade_through(made, both.stop.trigger)
        assert held(console) == [0, 0, 20]
        assert his.state.open_at_broker

    live(script)
