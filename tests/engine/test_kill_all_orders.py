"""KILL of all orders: also what the accounts' owners placed themselves, and by choice alone.

The broker's ledger is the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import StopAsked
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.owner import Owner
from tests.engine.test_exits import F1
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, ProgramStopped, World, world

KILL = TradingState.KILL


def places(made: World, number: int, count: int = 1) -> None:
    """An account's owner places resting orders on the broker's own page."""
    terms: OrderTerms = made.terms(away=60)
    fields: dict[str, object] = {
        "exchange": terms.instrument.key.exchange.value,
        "instrumentId": terms.instrument.key.instrument_id,
        "transactionType": Side.BUY.value,
        "quantity": str(terms.quantity),
        "product": terms.product.value,
        "orderType": "LIMIT",
        "price": str(terms.price),
    }
    for _ in range(count):
        Owner(made.broker.desk, made.broker.accounts[number]).place(fields)


def works(made: World) -> list[int]:
    """How many orders work in each account, the master's first."""
    made.broker.advance()
    return [sum(one.live for one in of.orders.values()) for of in made.broker.accounts]


async def rests(console: Console) -> None:
    """Everybody has one order of ours and one of his own; the books were read."""
    await begin(console)
    await press(console, "resting", away=60)
    for number in range(len(console.world.broker.accounts)):
        places(console.world, number)
    await console.world.clock.sleep(20)
    assert works(console.world) == [2, 2, 2]


async def killed(console: Console, *, all_orders: bool, seconds: float = 30) -> None:
    await console.engine.stop_trading(KILL, "operator", "test", all_orders=all_orders)
    await console.world.clock.sleep(seconds)


def proof(console: Console) -> list[tuple[int, int | None, int, bool]]:
    return [
        (one.ours, one.at_broker, one.others, one.proven_none)
        for one in console.engine.sweep.open_orders()
    ]


@pytest.mark.parametrize("all_orders", [False, True])
def test_what_the_owners_placed_is_counted_apart_and_goes_only_where_that_was_chosen(
    all_orders: bool,
) -> None:
    async def script(console: Console) -> None:
        await rests(console)
        await console.engine.stop_trading(TradingState.HALT, "operator", "test")
        await console.world.clock.sleep(30)
        assert proof(console) == [(1, 1, 1, False)] * 3
        await killed(console, all_orders=all_orders)
        left = 0 if all_orders else 1
        assert works(console.world) == [left] * 3
        assert proof(console) == [(0, 0, left, True)] * 3

    with world(2) as made:
        made.live(script)


def test_it_goes_on_after_a_crash_and_takes_what_comes_until_it_is_lifted() -> None:
    def stops(name: str) -> None:
        if name == faultpoints.AFTER_KILL_COMMIT:
            raise ProgramStopped(name)

    async def first(console: Console) -> None:
        await rests(console)
        await killed(console, all_orders=True)

    async def second(console: Console) -> None:
        made, engine = console.world, console.engine
        assert works(made) == [2, 2, 2]
        await begin(console)
        await made.clock.sleep(30)
        assert engine.gate.change.all_orders
        assert works(made) == [0, 0, 0]
        places(made, 1)
        await made.clock.sleep(60)
        assert works(made) == [0, 0, 0]
        await killed(console, all_orders=False)  # asked for once more, it takes no less
        places(made, 2)
        await made.clock.sleep(60)
        assert works(made) == [0, 0, 0]
        assert engine.gate.change.all_orders
        await engine.resume("operator", "Looked at every account.")
        places(made, 1)
        await made.clock.sleep(60)
        assert works(made) == [0, 1, 0]
        await killed(console, all_orders=False)
        assert works(made) == [0, 1, 0]

    with world(2) as made:
        made.live(first, fault=stops)
        made.live(second)


def test_nothing_is_proven_while_an_owners_order_works_and_it_is_asked_for_again() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        places(made, 1)
        await made.clock.sleep(30)
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="code", call="cancel", code="EC999", accounts=[client]))
        await killed(console, all_orders=True, seconds=60)
        assert works(made) == [0, 1]
        assert proof(console) == [(0, 0, 0, True), (0, 0, 1, False)]
        made.broker.clear_faults()
        await made.clock.sleep(60)
        assert works(made) == [0, 0]
        assert proof(console) == [(0, 0, 0, True)] * 2

    with world(1) as made:
        made.live(script)


def test_what_has_not_been_asked_for_stays_once_it_is_lifted() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        places(made, 1, 60)  # more than leave in a second
        await made.clock.sleep(30)
        await killed(console, all_orders=True, seconds=2)
        await console.engine.resume("operator", "A mistake.")
        await made.clock.sleep(2)
        left = works(made)[1]
        assert 0 < left < 60
        await made.clock.sleep(60)
        assert works(made)[1] == left

    with world(1) as made:
        made.live(script)


def test_of_one_account_it_takes_that_owners_orders_alone() -> None:
    async def script(console: Console) -> None:
        made, some = console.world, console.engine.some_stops
        await rests(console)
        asked = StopAsked("1", KILL, "me", "test", made.account(F1).client_id, all_orders=True)
        console.store.stop_files.ask(asked)
        console.engine.gate.look()
        await made.clock.sleep(60)
        assert works(made) == [2, 0, 2]
        places(made, 1)
        await made.clock.sleep(60)
        assert works(made) == [2, 0, 2]
        assert some.members([F1]) == {F1}
        saw = console.engine.lanes[F1].status.stopped
        assert "its owner's own too" in saw
        assert console.engine.lift_account_halt(F1, saw, "operator", "Looked at it.")
        places(made, 1)
        await made.clock.sleep(60)
        assert works(made) == [2, 1, 2]

    with world(2) as made:
        made.live(script)
