"""The master trades on the broker's own page or phone: what becomes of it here, and once.

The simulator's positions and ledger are the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId
from copytrade_gui.domain.order import OrderTerms, Side, State
from copytrade_gui.domain.seen import Follow, Seen, SeenOrder
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.drift import Drift
from copytrade_gui.services.masters import Masters
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as BrokersOrder
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_exits import position, switch, ticket
from tests.engine.test_unmatched import alarms
from tests.proof.owner import Owner as Broker
from tests.proof.rig import Console, ProgramStopped, World, world

LOOKING = EngineSettings(masters_every=1.0)
AT_MARKET = {"orderType": "MARKET"}


def elsewhere(
    made: World, terms: OrderTerms, *, kind: str = "LIMIT", complexity: str = "REGULAR"
) -> BrokersOrder:
    """The master places it on the broker's page; the simulator's order."""
    fields: dict[str, object] = {
        "exchange": terms.instrument.key.exchange.value,
        "instrumentId": terms.instrument.key.instrument_id,
        "transactionType": terms.side.value,
        "quantity": str(terms.quantity),
        "product": terms.product.value,
        "orderType": kind,
    }
    if kind == "LIMIT":
        fields["price"] = str(terms.price)
    return owner(made).place(fields, words={"orderComplexity": complexity})


def owner(made: World) -> Owner:
    return Owner(made.broker.desk, made.broker.accounts[0])


async def ready(console: Console, follow: Follow = Follow.COPY) -> World:
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    console.engine.master_signals.set_follow(made.master, follow)
    return made


def only(console: Console) -> SeenOrder:
    (seen,) = console.engine.master_signals.orders()
    return seen


def copies(console: Console, seen: SeenOrder) -> list[Order]:
    return [] if seen.plan_id is None else console.engine.book.of_plan(seen.plan_id)


def test_an_order_placed_elsewhere_is_copied_once_it_is_at_the_exchange() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(30)
        seen = only(console)
        assert seen.became is Seen.COPIED
        assert {order.state for order in copies(console, seen)} == {State.FILLED}
        assert [position(made, number) for number in (0, 1, 2)] == [10, 5, 20]
        assert len([one for one in made.broker.ledger.accepted if one.origin == "request"]) == 2

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_his_exit_elsewhere_closes_what_the_copies_hold_and_opens_nothing() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        switch(console, made.accounts[2].account_id, on=False)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        switch(console, made.accounts[2].account_id, on=True)
        assert [position(made, number) for number in (0, 1, 2)] == [20, 10, 20]
        elsewhere(made, ticket(made, Side.SELL, 20))
        await made.clock.sleep(40)
        assert [position(made, number) for number in (0, 1, 2)] == [0, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_a_person_is_asked_until_he_has_copied_one() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        signals = console.engine.master_signals
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(5)
        seen = only(console)
        assert seen.became is Seen.ASKED
        assert [position(made, number) for number in (0, 1)] == [10, 0]
        masters = Masters(console.engine, console.store.journal, made.clock)
        await masters.copy(made.master, seen.broker_order_id, CommandId("copy"))
        with pytest.raises(DeniedError):
            await signals.copy(made.master, seen.broker_order_id)
        await made.clock.sleep(10)
        assert signals.follow(made.master) is Follow.COPY
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1)] == [20, 10]

    async def after(console: Console) -> None:
        assert console.engine.master_signals.follow(console.world.master) is Follow.COPY

    with world(1, settings=LOOKING) as made:
        made.live(script)
        made.live(after)


def test_what_was_there_before_is_listed_and_copied_only_by_a_person() -> None:
    async def script(console: Console) -> None:
        made = console.world
        before = elsewhere(made, ticket(made, Side.BUY))
        await ready(console)
        await made.clock.sleep(10)
        seen = only(console)
        assert seen.broker_order_id == before.order_id
        assert seen.became is Seen.MISSED
        assert position(made, 1) == 0
        assert not console.engine.master_signals.ignore(made.master, BrokerOrderId("unknown"))
        await console.engine.master_signals.copy(made.master, seen.broker_order_id)
        await made.clock.sleep(10)
        assert position(made, 1) == 5

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_what_was_missed_and_ignored_stays_so_after_a_restart_and_may_still_be_copied() -> None:
    async def first(console: Console) -> None:
        made = console.world
        for _ in range(3):
            elsewhere(made, ticket(made, Side.BUY))
        await ready(console)
        await made.clock.sleep(10)
        signals = console.engine.master_signals
        assert {one.became for one in signals.orders()} == {Seen.MISSED}
        masters = Masters(console.engine, console.store.journal, made.clock)
        numbers = sorted(one.broker_order_id for one in signals.orders())
        await masters.ignore(made.master, numbers[0], CommandId("ignore one"))
        await masters.ignore(made.master, numbers[1], CommandId("ignore two"))
        with pytest.raises(RefusedError):
            await masters.ignore(made.master, numbers[1], CommandId("once more"))
        await masters.copy(made.master, numbers[1], CommandId("copy after all"))
        await made.clock.sleep(10)
        assert position(made, 1) == 5
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        made = await ready(console)
        await made.clock.sleep(10)
        orders = sorted(console.engine.master_signals.orders(), key=lambda o: o.broker_order_id)
        assert [one.became for one in orders] == [Seen.IGNORED, Seen.COPIED, Seen.MISSED]
        assert all(one.average_price > 0 and one.placed_ns for one in orders)
        assert position(made, 1) == 5

    with world(1, settings=LOOKING) as made:
        made.live(first)
        made.live(after)


def test_an_order_that_he_cancels_takes_its_unfilled_copies_with_it() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        resting = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(5)
        assert {one.state for one in copies(console, only(console))} == {State.WORKING}
        owner(made).cancel(resting.order_id)
        await made.clock.sleep(30)
        assert {one.state for one in copies(console, only(console))} == {State.CANCELLED}
        assert position(made, 1) == 0

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_what_he_cancels_after_its_copies_filled_is_told_also_for_those_that_fill_later() -> None:
    """Nobody in the master's account holds it, and each fill without him makes the alarm louder."""

    async def script(console: Console) -> None:
        made, heard = await ready(console), alarms(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=60))
        await made.clock.sleep(5)
        first, second = copies(console, only(console))
        Broker(made, first.intent.account_id).change(str(first.broker_order_id), **AT_MARKET)
        await made.clock.sleep(10)
        assert not heard
        late = made.account(second.intent.account_id).client_id
        made.broker.add_fault(Fault(action="code", call="cancel", code="EC999", accounts=[late]))
        owner(made).cancel(his.order_id)
        await made.clock.sleep(10)
        assert "MASTER CANCELLED, FOLLOWERS FILLED: BUY 10" in heard[0].sentence
        assert f"1 follower filled {first.filled}" in heard[0].sentence
        Broker(made, second.intent.account_id).change(str(second.broker_order_id), **AT_MARKET)
        await made.clock.sleep(20)
        whole = position(made, 1) + position(made, 2)
        assert position(made, 0) == 0
        assert f"2 followers filled {whole}" in heard[-1].sentence
        assert len(heard) == 2
        scope = await Drift(console.engine, console.store.journal, made.clock).unmatched_exit(
            [first.intent.plan_id]
        )
        assert {one.account_id for one in scope} == {AccountId("F001"), AccountId("F002")}

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_a_market_order_is_copied_with_a_protected_price() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, replace(ticket(made, Side.BUY), price=None), kind="MARKET")
        await made.clock.sleep(20)
        (order,) = copies(console, only(console))
        assert order.intent.terms.price is not None
        assert position(made, 1) == 5

    with world(1, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("complexity", ["AMO", "BO", "CO", "GTT"])
def test_other_kinds_are_named_and_never_copied(complexity: str) -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, Side.BUY), complexity=complexity)
        await made.clock.sleep(20)
        seen = only(console)
        assert seen.became in (Seen.NOT_COPIED, Seen.WAITS)
        assert seen.became is Seen.WAITS or complexity in seen.reason
        assert position(made, 1) == 0

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_after_a_restart_nothing_is_copied_twice() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        assert position(made, 1) == 5

    async def after(console: Console) -> None:
        made = await ready(console)
        await made.clock.sleep(30)
        assert only(console).became is Seen.COPIED
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1)] == [20, 10]

    with world(1, settings=LOOKING) as made:
        made.live(script)
        made.live(after)
