"""What the checks do to a real order: held until the quantity is typed, or blocked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms, Side, State
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_every_check import left, place
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


def with_limits(limits: Limits) -> EngineSettings:
    return EngineSettings(limits=limits)


async def ready(console: Console) -> OrderTerms:
    console.log_all_in()
    await console.world.clock.sleep(5)
    console.see_price()
    return ticket(console.world, Side.BUY)


async def submit(
    console: Console, terms: OrderTerms, name: str, confirmed: int | None = None
) -> list[State]:
    placed = await console.engine.submit(
        console.world.master, terms, FanOut.WITH_MASTER, CommandId(name), confirmed
    )
    await console.world.clock.sleep(4)
    return [one.state for one in console.engine.book.of_plan(placed.plan.plan_id)]


def test_what_is_held_leaves_when_the_quantity_is_typed_and_not_before() -> None:
    async def script(console: Console) -> None:
        terms = await ready(console)
        assert terms.price is not None
        far = replace(terms, price=terms.price * 104 // 100)
        for confirmed in (None, 9):
            with pytest.raises(DeniedError) as denied:
                await submit(console, far, "far", confirmed)
            assert denied.value.code == "hold"
            assert "type the quantity" in denied.value.sentence
        assert not console.world.broker.ledger.wire
        assert await submit(console, far, "far", 10) == [State.FILLED] * 3

    with world(2, settings=with_limits(replace(NO_LIMITS, collar=1))) as made:
        made.live(script)


def test_a_price_that_is_a_mistake_is_blocked_whatever_is_typed() -> None:
    async def script(console: Console) -> None:
        terms = await ready(console)
        assert terms.price is not None
        with pytest.raises(DeniedError) as denied:
            await submit(console, replace(terms, price=terms.price * 161 // 100), "far", 10)
        assert denied.value.code == "collar"
        assert not console.world.broker.ledger.wire

    with world(2, settings=with_limits(replace(NO_LIMITS, collar=1))) as made:
        made.live(script)


def test_one_followers_own_limit_is_his_verdict_and_keeps_nobody_in() -> None:
    async def script(console: Console) -> None:
        terms = await ready(console)
        console.engine.clearing.limits.put(F1, Limits(order_value=Paise(100)))
        orders = await press(console, terms)
        assert {one.intent.account_id: one.state for one in orders.values()}[F1] is State.BLOCKED
        assert orders[F1].code == "order_value"
        assert [one.state for name, one in orders.items() if name != F1] == [State.FILLED]
        console.engine.clearing.limits.put(F1, NO_LIMITS)
        await press(console, terms)
        console.engine.clearing.limits.put(F1, Limits(order_value=Paise(100)))
        out = await press(console, ticket(console.world, Side.SELL))
        assert out[F1].state is State.FILLED

    with world(2, settings=with_limits(replace(NO_LIMITS, open_orders=50))) as made:
        made.live(script)


def test_orders_that_repeat_themselves_halt_trading() -> None:
    async def script(console: Console) -> None:
        terms = await ready(console)
        for number in range(2):
            await submit(console, terms, f"press {number}")
        with pytest.raises(DeniedError) as denied:
            await submit(console, terms, "press 3")
        assert denied.value.code == "repeats"
        await console.world.clock.sleep(1)
        assert console.engine.gate.state is TradingState.HALT
        assert len(console.world.broker.ledger.accepted) == 4

    with world(1, settings=with_limits(replace(NO_LIMITS, repeats=2))) as made:
        made.live(script)


def test_half_of_what_one_order_may_be_worth_is_asked_about() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        console.see_price()
        terms = made.terms(quantity=4, away=60)
        assert terms.price is not None
        value = Paise(int(terms.price * 8 * 100))  # F2 copies twice as much
        console.engine.clearing.limits.put(F2, replace(NO_LIMITS, order_value=value))
        with pytest.raises(DeniedError, match=r"^Follower 2: .* is above half of the limit"):
            await place(console, terms)
        assert left(console) == 0
        await place(console, terms, terms.quantity)
        await made.clock.sleep(1)
        assert left(console) == 3

    with world(2) as made:
        made.live(script)


def test_a_limit_of_a_group_bounds_each_of_its_followers_and_nobody_else() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        console.see_price()
        link = next(one for one in made.links if one.follower_id == F1)
        engine.put_link(replace(link, group="Family"), "operator")
        small = replace(NO_LIMITS, order_value=Paise(100))
        engine.clearing.limits.put(group_scope("Family"), small)
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(3)
        orders = {one.intent.account_id: one for one in engine.book}
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "order_value")
        assert "above the limit of ₹1 of its group Family for one order." in orders[F1].reason
        assert orders[F2].state is State.WORKING
        assert left(console) == 2

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("open_orders", "{} allows."),
        ("orders_a_day", "{} allows."),
        ("net_position", "{} in one instrument."),
    ],
)
@pytest.mark.parametrize(
    ("family", "own", "said"),
    [
        (1, None, "the limit of 1 of its group Family"),
        (None, 1, "the limit of 1 of its own"),
        (1, 1, "the limit of 1 of its group Family"),
        (2, 1, "the limit of 1 of its own"),
    ],
)
def test_who_is_kept_back_by_a_limit_is_told_whose_it_is(
    name: str, then: str, family: int | None, own: int | None, said: str
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        link = next(one for one in made.links if one.follower_id == F1)
        engine.put_link(replace(link, group="Family"), "operator")
        for scope, most in ((group_scope("Family"), family), (F1, own)):
            limits = replace(NO_LIMITS, **{name: most})  # type: ignore[arg-type]  # paise or counts
            engine.clearing.limits.put(scope, limits)
        for _ in range(2):
            await place(console, made.terms(quantity=4, away=60))
            await made.clock.sleep(3)
        reasons = [one.reason for one in engine.book if one.intent.account_id == F1]
        assert then.format(said) in reasons[-1]

    with world(1) as made:
        made.live(script)
