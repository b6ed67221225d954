"""At the live broker nothing opens in an account of which no basis is declared; exits leave it.

The simulator's ledger and positions are the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import SIMULATED, UNDECLARED, Basis, Declared
from copytrade_gui.domain.events import BasisChanged, Event
from copytrade_gui.domain.order import Side, State
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_hold import sent_by
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world

MINE = Declared(Basis.SELF)
LIVE = EngineSettings(needs_basis=True)


@contextmanager
def live_world(*declared: Declared, settings: EngineSettings = LIVE) -> Iterator[World]:
    """The master and his followers, and what is declared of each."""
    with world(len(declared) - 1, settings=settings) as made:
        accounts = zip(made.accounts, declared, strict=True)
        made.accounts = [replace(account, declared=said) for account, said in accounts]
        yield made


def declare(console: Console, number: int, said: Declared) -> Account:
    """What a person declares of the account while the program runs."""
    account = replace(console.world.accounts[number], declared=said)
    console.engine.put_account(account)
    return account


@pytest.mark.parametrize("lacking", [UNDECLARED, SIMULATED])
def test_who_has_no_basis_gets_no_copy_and_a_row_that_says_why(lacking: Declared) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        orders = await press(console, ticket(made, Side.BUY))
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_basis")
        assert "Followers > Declare basis" in orders[F1].reason
        assert orders[F2].state is State.FILLED
        assert sent_by(console, 1) == 0
        assert position(made, 1) == 0
        declare(console, 1, Declared(Basis.FAMILY, "spouse"))
        orders = await press(console, ticket(made, Side.BUY))
        assert orders[F1].state is State.FILLED
        assert position(made, 1) == orders[F1].filled > 0

    with live_world(MINE, lacking, MINE) as made:
        made.live(script)


@pytest.mark.parametrize("basis", list(Basis))
def test_every_basis_but_the_simulators_lets_live_orders_leave(basis: Basis) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, Side.BUY))
        assert sent_by(console, 1) == (basis is not Basis.SIMULATOR)

    with live_world(MINE, Declared(basis, "anything")) as made:
        made.live(script)


def test_paper_needs_none() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, Side.BUY))
        assert (sent_by(console, 0), sent_by(console, 1)) == (1, 1)

    with live_world(UNDECLARED, UNDECLARED, settings=EngineSettings()) as made:
        made.live(script)


def test_whose_basis_is_taken_back_is_not_held_in() -> None:
    """The copy's exit leaves, and so does the master's; nothing opens in either account."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, Side.BUY, 10))
        held = position(made, 1)
        assert held > 0
        declare(console, 0, UNDECLARED)
        declare(console, 1, UNDECLARED)
        await made.clock.sleep(15)  # the master's position is read
        with pytest.raises(DeniedError) as denied:
            await press(console, ticket(made, Side.BUY, 10))
        assert denied.value.code == "no_basis"
        assert "The master's order opens" in denied.value.sentence
        await press(console, ticket(made, Side.SELL, 10))
        assert (position(made, 0), position(made, 1)) == (0, 0)

    with live_world(MINE, MINE) as made:
        made.live(script)


def test_an_order_that_waits_when_its_basis_is_taken_back_does_not_leave() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        made.line.connect_s = 0.5
        placed = press(console, ticket(made, Side.BUY, away=60), wait_s=0.2)
        await placed
        declare(console, 0, UNDECLARED)
        declare(console, 1, UNDECLARED)
        await made.clock.sleep(2)
        assert (sent_by(console, 0), sent_by(console, 1)) == (0, 0)

    with live_world(MINE, MINE) as made:
        made.live(script)


def test_an_order_at_the_broker_grows_no_more_when_the_basis_is_taken_back() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = ticket(made, Side.BUY, 10, away=60)
        await press(console, terms)
        (own,) = console.engine.book.of_account(made.master)
        declare(console, 0, UNDECLARED)
        with pytest.raises(DeniedError) as denied:
            await console.engine.modify(own.intent.intent_id, replace(terms, quantity=20))
        assert denied.value.code == "no_basis"
        await made.clock.sleep(2)
        assert console.engine.cancel([own.intent.intent_id], "operator")
        await made.clock.sleep(2)
        assert own.state is State.CANCELLED

    with live_world(MINE, MINE) as made:
        made.live(script)


def test_each_change_of_a_basis_is_told_once_with_what_it_was() -> None:
    async def script(console: Console) -> None:
        heard: list[Event] = []
        console.engine.bus.subscribe(heard.append, BasisChanged)
        spouse = Declared(Basis.FAMILY, "spouse", "ALGO1")
        for said in (spouse, spouse, UNDECLARED):
            declare(console, 1, said)
        assert heard == [
            BasisChanged(F1, MINE, spouse, "operator"),
            BasisChanged(F1, spouse, UNDECLARED, "operator"),
        ]
        await console.store.journal.flush()
        (newest, _) = await console.store.history.events(100, kind="BasisChanged")
        assert newest.reason == "Family (spouse), algo id ALGO1 becomes none."
        assert newest.actor == "operator"

    with live_world(MINE, MINE) as made:
        made.live(script)
