"""Only exits, HALT and KILL of accounts and groups alone, by the verb the window presses.

The broker's ledger is the judge of what left and what still works.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_every_check import place
from tests.engine.test_exits import F1
from tests.engine.test_kill import open_at_broker
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world
from tests.services.rig import Services

FAMILY = group_scope("Family")
HALT, KILL, REDUCE = TradingState.HALT, TradingState.KILL, TradingState.REDUCE
WHY = "The copies look wrong."


def works(made: World) -> Counter[str]:
    """Orders that work at the broker, by client."""
    made.broker.advance()
    return Counter(row.account for row in made.broker.ledger.accepted if row.live)


async def ready(console: Console) -> Services:
    """F001 is in a group; everybody is logged in and a price is there."""
    await begin(console)
    console.see_price()
    mine = next(one for one in console.world.links if one.follower_id == F1)
    console.engine.put_link(replace(mine, group="Family"), "operator")
    return Services(console)


async def lift(services: Services, account: AccountId, command: str) -> None:
    saw = services.engine.lanes[account].status.stopped
    assert saw
    await services.trading.lift_account_halt(account, saw, "Looked at it.", CommandId(command))


@pytest.mark.parametrize("whom", ["account", "group", "master"])
def test_a_kill_of_some_cancels_there_alone_until_the_books_prove_it_also_after_a_start(
    whom: str,
) -> None:
    """Also what the broker doubled, which only that account's book knows."""

    def of(made: World) -> tuple[AccountId, AccountId]:
        account = made.master if whom == "master" else F1
        return account, FAMILY if whom == "group" else account

    async def first(console: Console) -> None:
        made, (account, scope) = console.world, of(console.world)
        services = await ready(console)
        client = made.account(account).client_id
        made.broker.add_fault(Fault(action="duplicate_order", accounts=[client], count=1))
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(2)
        before = works(made)
        assert before[client] == 2
        await services.trading.stop_some([scope], KILL, WHY, CommandId("1"))
        await made.clock.sleep(30)
        after = works(made)
        # What a master's account loses its copies lose too: his order is cancelled.
        assert before - after == (before if whom == "master" else Counter({client: 2}))
        (of_it,) = await services.trading.open_orders([scope])
        assert (of_it.account_id, of_it.proven_none) == (account, True)
        everywhere = await services.trading.open_orders()
        assert sum(one.proven_none for one in everywhere) == (3 if whom == "master" else 1)
        assert console.engine.gate.state is TradingState.ACTIVE
        (row, *_) = [
            one
            for one in await console.store.history.events(50, kind="AccountHalted")
            if WHY in one.reason
        ]
        assert row.actor == "operator"

    async def second(console: Console) -> None:
        made, (account, _) = console.world, of(console.world)
        services = await ready(console)
        client = made.account(account).client_id
        assert WHY in console.engine.lanes[account].status.halted
        taken = services.at_broker
        if whom != "master":
            await place(console, made.terms(quantity=4, away=70))
            await made.clock.sleep(2)
            assert services.at_broker == taken + 2
        assert works(made)[client] == 0
        await lift(services, account, "lift")
        await place(console, made.terms(quantity=4, away=80))
        await made.clock.sleep(2)
        assert works(made)[client] == 1

    with world(2) as made:
        made.live(first)
        made.live(second)


def test_what_our_records_know_goes_at_once_where_no_book_can_be_read() -> None:
    async def script(console: Console) -> None:
        made = console.world
        services = await ready(console)
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(5)
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="book_failed", accounts=[client]))
        await made.clock.sleep(5)
        assert works(made)[client] == 1
        await services.trading.stop_some([F1], KILL, WHY, CommandId("1"))
        await made.clock.sleep(5)
        assert works(made)[client] == 0
        (of_it,) = await services.trading.open_orders([F1])
        assert not of_it.proven_none  # only a whole read of its book proves it

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(("state", "code"), [(HALT, "account_halted"), (REDUCE, "loss_limit")])
def test_a_stopped_group_gets_nothing_that_opens_until_it_is_lifted(
    state: TradingState, code: str
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        services = await ready(console)
        await services.trading.stop_some([FAMILY], state, WHY, CommandId("1"))
        await services.trading.stop_some([FAMILY], state, WHY, CommandId("1"))  # one press
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(1)
        (copy,) = console.engine.book.of_account(F1)
        assert (copy.state, copy.code) == (State.BLOCKED, code)
        assert services.at_broker == 2
        assert copy.reason.count(WHY) == 1
        await lift(services, F1, "lift")
        await place(console, made.terms(quantity=4, away=70))
        await made.clock.sleep(1)
        assert services.at_broker == 5

    with world(2) as made:
        made.live(script)


def test_a_stop_of_nobody_or_of_a_kind_for_all_alone_changes_nothing() -> None:
    async def script(console: Console) -> None:
        services = await ready(console)
        for whom, state, says in (
            ([group_scope("Other")], HALT, "No follower is in group Other."),
            ([F1, AccountId("gone")], KILL, "not here any more"),
            ([], HALT, "Choose an account or a group."),
            ([F1], TradingState.PAUSE, "PAUSE is for all."),
        ):
            with pytest.raises(RefusedError) as refused:
                await services.trading.stop_some(whom, state, WHY, CommandId(says))
            assert says in refused.value.sentence
            assert refused.value.field == "whom"
        assert not console.engine.lanes[F1].status.stopped
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(1)
        assert open_at_broker(console.world) == 3

    with world(2) as made:
        made.live(script)
