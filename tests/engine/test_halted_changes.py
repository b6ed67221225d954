"""In an account that is halted alone no order is changed, whoever asks for it.

The simulator's book is the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.halt import Finding, asked_for
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.scope import EVERY_FOLLOWER
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import ticket
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner, ready
from tests.engine.test_modify import alarms, at_broker, lead, resting
from tests.proof.rig import Console, World, world

F1 = AccountId("F001")
_STAYS = "Its copies in F001 stay as they are, because these accounts are halted."


def by_a_person(_: World) -> Finding:
    return asked_for(TradingState.HALT, "stop 1", "a person", "to look at it")


def by_comparison(_: World) -> Finding:
    return Finding("duplicate 1", "An order is there twice.", 2)


def by_a_loss_limit(made: World) -> Finding:
    return Finding("day loss", "The day's loss was reached.", day=indian_day(made.time.wall_ns()))


def halt(console: Console, finding: Finding, scope: AccountId = F1) -> None:
    console.engine.core.halts.stop(scope, finding)
    assert console.engine.lanes[F1].status.halted


def lift(console: Console) -> None:
    saw = console.engine.lanes[F1].status.stopped
    assert console.engine.lift_account_halt(F1, saw, "a person", "Looked at it.")


def of_f1(made: World) -> tuple[int, Decimal]:
    """Quantity and price of F001's only order, as the simulated broker has it."""
    made.broker.advance()
    (order,) = made.broker.accounts[1].orders.values()
    return order.terms.quantity, Decimal(order.terms.price) / 10_000


def copy_of_f1(console: Console) -> Order:
    (copy,) = console.engine.book.of_account(F1)
    return copy


@pytest.mark.parametrize("found", [by_a_person, by_comparison, by_a_loss_limit])
def test_a_halted_copy_does_not_follow_its_master_and_is_named(
    found: Callable[[World], Finding],
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        plan, terms = await resting(console)
        assert terms.price is not None
        before, said = of_f1(made), alarms(console)
        halt(console, found(made))
        after = replace(terms, quantity=20, price=terms.price + 1)
        own = lead(console, plan).intent.intent_id
        assert await engine.modify(own, after) == 2
        await made.clock.sleep(30)
        assert of_f1(made) == before == (5, terms.price)
        assert sorted(one[:2] for one in at_broker(made))[1:] == [
            (20, after.price), (40, after.price)
        ]  # fmt: skip
        assert len([one for one in said if _STAYS in one]) == 1
        lift(console)  # nothing old leaves then; what the master changes from now on is followed
        await made.clock.sleep(30)
        assert of_f1(made) == before
        assert await engine.modify(own, replace(after, price=terms.price + 2)) == 3
        await made.clock.sleep(10)
        assert of_f1(made)[1] == terms.price + 2
        assert copy_of_f1(console).diverged is None

    with world(2) as made:
        made.live(script)


def test_what_the_master_changes_elsewhere_is_not_followed_either() -> None:
    async def script(console: Console) -> None:
        made, said = await ready(console), alarms(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(5)
        before = of_f1(made)
        halt(console, by_comparison(made))
        price = ticket(made, Side.BUY, away=100).price
        owner(made).modify(his.order_id, {"price": str(price), "quantity": "20"})
        await made.clock.sleep(15)
        assert of_f1(made) == before
        assert len([one for one in said if _STAYS in one]) == 1

    with world(1, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("role", ["master", "follower"])
def test_nobody_changes_an_order_of_a_halted_account(role: str) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        plan, terms = await resting(console)
        assert terms.price is not None
        before = list(at_broker(made))
        order = engine.book.of_plan(plan)[role == "follower"]
        account = order.intent.account_id
        engine.core.halts.stop(account, by_comparison(made))
        less = replace(order.terms, price=terms.price - 1)
        with pytest.raises(DeniedError, match="Look at its books, then lift its halt") as denied:
            await engine.modify(order.intent.intent_id, less)
        assert denied.value.code == "account_halted"
        await made.clock.sleep(10)
        assert list(at_broker(made)) == before

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("again", [False, True])
def test_a_change_that_waits_as_its_account_is_halted_waits_until_that_is_lifted(
    *, again: bool
) -> None:
    """``again``: the master changes his order once more meanwhile, so it is out of date then."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        plan, terms = await resting(console)
        assert terms.price is not None
        own = lead(console, plan).intent.intent_id
        for number in (1, 2):  # the second waits: the broker has not answered the first one
            await engine.modify(own, replace(terms, price=terms.price + number))
            await made.clock.sleep(0.05)
        halt(console, by_a_person(made), EVERY_FOLLOWER)
        await made.clock.sleep(30)
        assert of_f1(made)[1] == terms.price + 1
        if again:
            await engine.modify(own, replace(terms, price=terms.price + 3))
            await made.clock.sleep(10)
        lift(console)
        await made.clock.sleep(30)
        copy = copy_of_f1(console)
        assert of_f1(made)[1] == copy.terms.price == terms.price + (1 if again else 2)
        assert (copy.state, copy.diverged) == (State.WORKING, None)

    with world(1, switches=Switches(latency_ms=400, jitter_ms=0)) as made:
        made.live(script)


def test_a_change_whose_answer_was_lost_is_not_asked_for_again_once_it_is_out_of_date() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        plan, terms = await resting(console)
        assert terms.price is not None
        own, said = lead(console, plan).intent.intent_id, alarms(console)
        client = made.accounts[1].client_id
        lost = Fault(action="drop_reply", call="modify", placed=False, accounts=[client], count=1)
        made.broker.add_fault(lost)
        await engine.modify(own, replace(terms, price=terms.price + 1))
        await made.clock.sleep(3)
        halt(console, by_a_person(made))
        await engine.modify(own, replace(terms, price=terms.price + 2))
        lift(console)
        await made.clock.sleep(120)
        assert of_f1(made)[1] == terms.price
        assert len([one for one in said if "never answered the change" in one]) == 1

    with world(1) as made:
        made.live(script)
