"""KILL: every order of ours at the broker goes, whatever its number and whatever our records know.

The judge is the broker's ledger, and the wire for how often it was asked.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from copytrade_gui.domain.halt import asked_for
from copytrade_gui.domain.ids import AccountId, Tag
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_leaving import begin, press
from tests.proof.restored import put_back
from tests.proof.rig import Console, ProgramStopped, World, world

SLOW = Switches(latency_ms=150, jitter_ms=0)


def open_at_broker(made: World) -> int:
    made.broker.advance()
    return sum(order.live for order in made.broker.ledger.accepted)


def cancels(made: World) -> Counter[str]:
    """How often each order was asked to be cancelled."""
    return Counter(path for _, method, path, _ in made.wire if method == "DELETE")


async def rest(console: Console, plans: int, apart_s: float = 1.0) -> None:
    """So many master orders with their copies, none of which trades."""
    await begin(console)
    for number in range(plans):
        await press(console, f"resting {number}", away=60, which=number % 2)
        await console.world.clock.sleep(apart_s)
    await console.world.clock.sleep(3)


async def kill(console: Console, seconds: float) -> None:
    await console.engine.stop_trading(TradingState.KILL, "operator", "test")
    await console.world.clock.sleep(seconds)


def accounts_clear(console: Console) -> set[bool]:
    return {one.proven_none for one in console.engine.sweep.open_orders()}


def test_a_kill_asks_once_for_each_order_and_one_after_another_in_an_account() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await rest(console, 12)
        assert open_at_broker(made) == 12 * 4
        began = made.time.now_ns
        await kill(console, 20)
        assert open_at_broker(made) == 0
        assert set(cancels(made).values()) == {1}
        assert len(cancels(made)) == 12 * 4
        of_first = [at for at, method, _, _ in made.wire if method == "DELETE"][:: 3 + 1]
        assert all(after - before >= 150_000_000 for before, after in pairwise(of_first))
        assert of_first[-1] - began < 5_000_000_000
        assert accounts_clear(console) == {True}
        assert made.broker.ledger.refused_for_rate == 0

    with world(3, switches=SLOW) as made:
        made.live(script)


def test_a_cancel_without_an_answer_keeps_the_others_of_its_account_waiting_for_a_second_only() -> (
    None
):
    async def script(console: Console) -> None:
        made = console.world
        await rest(console, 4)
        one = made.accounts[1].client_id
        made.broker.add_fault(
            Fault(action="drop_reply", call="cancel", how="silence", placed=False, accounts=[one])
        )
        began = made.time.now_ns
        await kill(console, 6)
        asked = [at for at, method, _, _ in made.wire if method == "DELETE"]
        assert len(asked) == 4 * 2  # each of both accounts' orders, the silent one's too
        assert asked[-1] - began < 4_500_000_000
        assert open_at_broker(made) == 4
        assert accounts_clear(console) == {True, False}
        made.broker.clear_faults()
        await made.clock.sleep(20)
        assert open_at_broker(made) == 0
        assert accounts_clear(console) == {True}

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("alone", [False, True])
def test_a_kill_goes_on_until_its_cancels_are_answered(*, alone: bool) -> None:
    """Of one account as of all."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await rest(console, 1)
        one = made.accounts[1]
        silent = Fault(
            action="drop_reply", call="cancel", how="silence", placed=False,
            accounts=[one.client_id],
        )  # fmt: skip
        made.broker.add_fault(silent)
        if alone:
            killed = asked_for(TradingState.KILL, "stop 1", "a person", "test")
            engine.core.halts.stop(one.account_id, killed)
            engine.sweep.begin_alone()
        else:
            await kill(console, 0)
        await made.clock.sleep(120)
        assert open_at_broker(made) == 1 + alone  # the master's too, if only the copy is to go
        assert max(cancels(made).values()) > 2 * engine.settings.cancel_repeats
        made.broker.clear_faults()
        await made.clock.sleep(60)
        assert open_at_broker(made) == alone

    with world(1) as made:
        made.live(script)


def test_a_cancel_that_the_broker_took_and_did_not_do_is_asked_for_again() -> None:
    """Its book, read after the answer, still shows the order open: that is a reason."""

    async def script(console: Console) -> None:
        made = console.world
        await rest(console, 1)
        one = made.accounts[1].client_id
        taken = Fault(
            action="answer", call="cancel", http_status=200, form="json", placed=False,
            text='{"status":"Ok","message":"Success","result":[{"status":"success"}]}',
            accounts=[one], count=2,
        )  # fmt: skip
        made.broker.add_fault(taken)
        await kill(console, 30)
        assert open_at_broker(made) == 0
        assert sorted(cancels(made).values()) == [1, 3]

    with world(1) as made:
        made.live(script)


def test_a_kill_cancels_what_the_broker_doubled() -> None:
    async def script(console: Console) -> None:
        made = console.world
        doubled = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="duplicate_order", accounts=doubled))
        await rest(console, 1)
        assert open_at_broker(made) == 11 + 10
        await kill(console, 30)
        assert open_at_broker(made) == 0
        assert set(cancels(made).values()) == {1}
        assert accounts_clear(console) == {True}

    with world(10) as made:
        made.live(script)


def test_a_kill_cancels_orders_whose_replies_were_swapped_between_accounts() -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.line.swapped = 10
        await rest(console, 1)
        made.line.swapped = 0
        assert open_at_broker(made) == 11
        await kill(console, 60)
        assert open_at_broker(made) == 0
        # No more than once for the number we were told, and once for the one in the book.
        assert sum(cancels(made).values()) <= 2 * 11

    with world(10) as made:
        made.live(script)


def test_a_kill_after_a_restored_database_cancels_what_its_records_never_knew() -> None:
    copies: list[Path] = []

    async def before(console: Console) -> None:
        await begin(console)
        copy = await console.store.backups.make(
            console.store.database, console.store.order_log, console.world.time.wall_ns()
        )
        assert copy is not None
        copies.append(copy)
        await rest(console, 3)
        assert open_at_broker(console.world) == 3 * 5

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await kill(console, 30)
        assert open_at_broker(console.world) == 0
        assert set(cancels(console.world).values()) == {1}
        assert accounts_clear(console) == {True}

    with world(4) as made:
        made.live(before)
        put_back(copies[0])
        made.live(after)


def test_a_kill_goes_on_after_a_crash_and_finds_what_shows_up_late() -> None:
    async def before(console: Console) -> None:
        made = console.world
        late = made.accounts[2].client_id
        made.broker.add_fault(Fault(action="show_late", seconds=90.0, accounts=[late]))
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=[late]))
        await rest(console, 2)
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(300)
        assert open_at_broker(console.world) == 0
        assert {order.state for order in console.engine.book} == {State.CANCELLED}

    with world(3) as made:
        made.live(before)
        made.broker.clear_faults()
        made.live(after)


def test_a_kill_finds_what_another_machine_placed_since_the_last_read() -> None:
    """In an account of which our records know no order, and whose book nobody was reading."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await made.clock.sleep(60)
        await place_elsewhere(console)
        assert open_at_broker(made) == 1
        await kill(console, 20)
        assert open_at_broker(made) == 0
        assert set(cancels(made).values()) == {1}
        assert accounts_clear(console) == {True}

    with world(1) as made:
        made.live(script)


async def place_elsewhere(console: Console) -> None:
    """The same program on another machine sends an order to the master's account."""
    made = console.world
    session = console.engine.lanes[made.master].session
    assert session is not None
    request = session.orders.prepare(made.terms(away=60), Tag("CT" + "A" * 13 + "3"))
    session.orders.obey(lambda _tag: "")
    session.orders.place(request, 7_000, lambda _reply: None)
    await made.clock.sleep(1)


def test_outside_a_kill_an_order_of_unknown_records_is_left_to_a_person() -> None:
    async def script(console: Console) -> None:
        made = console.world
        one = AccountId("F001")
        made.broker.add_fault(
            Fault(action="duplicate_order", accounts=[made.account(one).client_id])
        )
        await rest(console, 1)
        await made.clock.sleep(30)
        assert open_at_broker(made) == 3
        (of_one,) = (each for each in console.engine.sweep.open_orders() if each.account_id == one)
        assert (of_one.ours, of_one.at_broker, of_one.proven_none) == (1, 2, False)
        console.engine.cancel([order.intent.intent_id for order in console.engine.book], "operator")
        await made.clock.sleep(30)
        of_one = next(x for x in console.engine.sweep.open_orders() if x.account_id == one)
        assert (of_one.ours, of_one.at_broker, of_one.proven_none) == (0, 1, False)

    with world(1) as made:
        made.live(script)
