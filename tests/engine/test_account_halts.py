"""An account that was halted alone: until a person lifts it no order of it reaches the broker.

Real engine, storage and adapter; the simulated broker makes a second order of one follower's copy,
and its ledger is the judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import AccountHalted, Event
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Follower, Link
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.trading import Trading
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.proof.rig import Console, ProgramStopped, World, world

MASTER, F1 = AccountId("M"), AccountId("F001")


def trading(console: Console) -> Trading:
    store, clock = console.store, console.world.clock
    closing = Closing(console.engine, store.journal, store.seals, clock)
    return Trading(console.engine, store.journal, clock, closing)


def followers(console: Console) -> Followers:
    return Followers(console.engine, console.store.accounts, PaperSecrets())


def halted(console: Console, account: AccountId = F1) -> str:
    return console.engine.lanes[account].status.halted


def orders_at_broker(made: World) -> list[int]:
    """How many orders each account has at the broker, the master first; twins count."""
    names = [order.account for order in made.broker.ledger.accepted]
    return [names.count(account.client_id) for account in made.accounts]


async def begin(console: Console) -> None:
    console.log_all_in()
    await console.world.clock.sleep(5)
    if console.engine.gate.state is not TradingState.ACTIVE:
        await trading(console).resume("Looked at every book.")


async def press(
    console: Console, command: str, wait_s: float = 3
) -> dict[AccountId, tuple[str, str]]:
    """Place one master order that rests; what each account's share came to at once."""
    made = console.world
    terms = made.terms(away=60)
    placed = await console.engine.submit(MASTER, terms, FanOut.WITH_MASTER, CommandId(command))
    await made.clock.sleep(wait_s)
    return {one.account_id: (one.state, one.code) for one in placed.plan.intents}


async def halt(console: Console, account: AccountId = F1) -> None:
    """The broker makes two orders of one; a read has shown both with one tag a moment ago."""
    made = console.world
    await begin(console)
    client = made.account(account).client_id
    made.broker.add_fault(Fault(action="duplicate_order", accounts=[client], count=1))
    seen = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, AccountHalted):
            seen.set()

    console.engine.bus.subscribe(hear)
    await press(console, f"twice {account}", wait_s=0)
    await seen.wait()


async def lift(console: Console, account: AccountId = F1, command: str = "lift") -> None:
    await trading(console).lift_account_halt(
        account, halted(console, account), "Cancelled the second one at the broker.",
        CommandId(command),
    )  # fmt: skip


async def power_cut(console: Console) -> None:
    await halt(console)
    raise ProgramStopped("power cut")


@pytest.mark.parametrize("first", [halt, power_cut])
def test_a_halted_account_stays_halted_over_restarts_until_it_is_lifted(
    first: Callable[[Console], object],
) -> None:
    counts: list[list[int]] = []

    async def still(console: Console) -> None:
        why = halted(console)  # nobody is logged in, nothing was read
        assert why.startswith("DUPLICATE: orders ")
        await begin(console)
        shares = await press(console, f"in life {console.world.lives}")
        assert shares[F1] == (State.BLOCKED, "account_halted")
        assert shares[AccountId("F002")] == (State.PLANNED, "")
        order = list(console.engine.book.of_account(F1))[-1]
        assert order.reason.startswith(why)
        counts.append(orders_at_broker(console.world))

    async def lifted(console: Console) -> None:
        await begin(console)
        await lift(console)
        assert halted(console) == ""
        assert (await press(console, "again"))[F1] == (State.PLANNED, "")
        await console.world.clock.sleep(60)  # the book goes on showing both
        assert halted(console) == ""
        counts.append(orders_at_broker(console.world))

    async def after(console: Console) -> None:
        assert halted(console) == ""
        await begin(console)
        await console.world.clock.sleep(60)
        assert halted(console) == ""
        await press(console, "the day goes on")
        counts.append(orders_at_broker(console.world))

    with world(2) as made:
        for script in (first, still, still, lifted, after):
            made.live(script)  # type: ignore[arg-type]  # all are scripts
    assert counts == [[2, 2, 2], [3, 2, 3], [4, 3, 4], [5, 4, 5]]


def test_a_halt_that_was_lifted_comes_back_for_something_new_only() -> None:
    async def script(console: Console) -> None:
        await halt(console)
        await lift(console)
        made = console.world
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="duplicate_order", accounts=[client], count=1))
        await press(console, "twice again")
        await made.clock.sleep(30)
        assert halted(console)

    with world(2) as made:
        made.live(script)


def test_removing_and_adding_an_account_lifts_nothing() -> None:
    """Also under another id: it is the account at the broker that is halted."""

    async def remove(console: Console) -> None:
        made = console.world
        await halt(console)
        console.engine.cancel_plan(next(iter(console.engine.book.plans)), "test")
        await made.clock.sleep(30)
        await followers(console).remove(MASTER, [F1])
        made.accounts = [one for one in made.accounts if one.account_id != F1]
        made.links = [one for one in made.links if one.follower_id != F1]

    async def add(console: Console) -> None:
        made = console.world
        assert console.engine.lanes.get(F1) is None
        old = Follower(made.account(F1), Link(MASTER, F1, SizingRule(Strategy.RATIO, Decimal(1))))
        await followers(console).restore([old])
        assert halted(console)
        await followers(console).remove(MASTER, [F1])
        draft = FollowerDraft(
            "Same client",
            old.account.client_id.lower(),
            "key",
            "secret",
            "ratio",
            "1",
            "",
            active=True,
        )
        added = (await followers(console).add(MASTER, draft)).account
        assert added.account_id != F1
        assert halted(console, added.account_id)
        await lift(console, added.account_id)
        assert not halted(console, added.account_id)
        await followers(console).remove(MASTER, [added.account_id])
        await followers(console).restore([old])
        assert not halted(console)

    with world(2) as made:
        made.live(remove)
        made.live(add)


def test_switching_off_and_on_and_a_new_login_lift_nothing() -> None:
    async def script(console: Console) -> None:
        await halt(console)
        for active in (False, True):
            await followers(console).set_active([F1], active)
            assert halted(console)
        console.log_in(F1)
        await console.world.clock.sleep(30)
        assert (await press(console, "after"))[F1] == (State.BLOCKED, "account_halted")

    with world(2) as made:
        made.live(script)
        assert orders_at_broker(made) == [2, 2, 2]


def test_a_halted_master_places_nothing_until_it_is_lifted() -> None:
    async def script(console: Console) -> None:
        await halt(console, MASTER)
        with pytest.raises(DeniedError, match=r"DUPLICATE.*lift its halt"):
            await press(console, "denied")
        await lift(console, MASTER)
        await press(console, "again")

    with world(2) as made:
        made.live(script)
        assert orders_at_broker(made) == [3, 2, 2]


def test_lifting_needs_a_reason_and_the_newest_look_and_is_in_the_trail() -> None:
    async def script(console: Console) -> None:
        await halt(console)
        why = halted(console)
        verb = trading(console).lift_account_halt
        with pytest.raises(RefusedError, match="Reason is empty"):
            await verb(F1, why, "  ", CommandId("one"))
        console.engine.core.halts.found(F1, "overfill X", "OVERFILL: order X, filled 3 of 2.", 3)
        with pytest.raises(RefusedError, match=r"More was found meanwhile.*OVERFILL"):
            await verb(F1, why, "looked", CommandId("two"))
        assert halted(console)
        await verb(F1, halted(console), "looked", CommandId("three"))
        with pytest.raises(RefusedError, match="not halted"):
            await verb(F1, "", "looked", CommandId("four"))
        await console.store.journal.flush()
        rows = await console.store.history.events(50, text="looked")
        assert {(row.kind, row.actor) for row in rows} == {
            ("Command", "operator"), ("AccountHaltLifted", "operator")
        }  # fmt: skip
        assert await console.store.history.verify() == ()

    with world(2) as made:
        made.live(script)


def test_lifting_sends_only_what_waited_and_is_fresh() -> None:
    async def wait_halted(console: Console, command: str, seconds: float) -> None:
        """A copy waits for its account's rate; before it may leave the account is halted."""
        made, lane = console.world, console.engine.lanes[F1]
        lane.wait_until_ns = made.clock.mono_ns() + 5_000_000_000
        await press(console, command)
        console.engine.core.halts.found(F1, command, f"TEST: {command}.")
        await made.clock.sleep(seconds)

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await wait_halted(console, "old", 70)
        assert orders_at_broker(made) == [1, 0, 1]
        await lift(console)
        await made.clock.sleep(3)
        assert [one.state for one in console.engine.book.of_account(F1)] == [State.STALE]
        await wait_halted(console, "fresh", 20)
        assert orders_at_broker(made) == [2, 0, 2]
        await lift(console, command="second")
        await made.clock.sleep(3)

    with world(2) as made:
        made.live(script)
        assert orders_at_broker(made) == [2, 1, 2]
