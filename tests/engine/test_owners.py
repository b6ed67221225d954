"""Owners change and cancel their copies at the simulated broker, and the program restarts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest

from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.simulator.faults import Fault
from tests.proof.judge import settled
from tests.proof.owner import Owner
from tests.proof.rig import Console, World, world

F1, F2 = AccountId("F001"), AccountId("F002")
Script = Callable[[Console], Coroutine[object, object, None]]


def copy_of(console: Console, account: AccountId) -> Order:
    return next(order for order in console.engine.book if order.intent.account_id == account)


def words(order: Order) -> str:
    return "" if order.diverged is None else order.diverged.in_words


def owner_of(console: Console, account: AccountId) -> tuple[Owner, str]:
    """The owner, and the id of his only order."""
    owner = Owner(console.world, account)
    (number,) = owner.orders()
    return owner, number


async def copied(console: Console, away: int = 60) -> None:
    """A master's order of 10 that rests, and its copies."""
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    await console.engine.submit(
        made.master, made.terms(away=away), FanOut.WITH_MASTER, CommandId("one")
    )
    await made.clock.sleep(20)


def market_reaches(made: World) -> None:
    """The price falls to where every resting order trades."""
    key = made.instruments[0].key
    low = int(made.price(made.instruments[0]) * 10_000) * 9 // 10
    made.broker.set_price(key.exchange, key.instrument_id, low)


def alarms_of(console: Console) -> list[str]:
    told: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Alarm):
            told.append(event.code)

    console.engine.bus.subscribe(hear)
    return told


def test_a_raised_copy_and_a_lowered_one_fill_whole_over_a_restart() -> None:
    async def trade(console: Console) -> None:
        await copied(console)
        sent = {account: copy_of(console, account).ordered for account in (F1, F2)}
        raised, number = owner_of(console, F1)
        assert raised.change(number, quantity=str(sent[F1] + 7))
        lowered, number = owner_of(console, F2)
        assert lowered.change(number, quantity=str(sent[F2] - 2))
        told = alarms_of(console)
        await console.world.clock.sleep(40)
        assert words(copy_of(console, F1)) == f"quantity {sent[F1]} → {sent[F1] + 7}"
        assert words(copy_of(console, F2)) == f"quantity {sent[F2]} → {sent[F2] - 2}"
        assert told == ["diverged", "diverged"]

    async def fill(console: Console) -> None:
        before = {account: words(copy_of(console, account)) for account in (F1, F2)}
        assert all(before.values())
        stored = await console.store.history.orders(10)
        assert {view.account_id for view in stored if view.diverged is not None} == {F1, F2}
        told = alarms_of(console)
        console.log_all_in()
        await console.world.clock.sleep(30)
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "looked")
        assert "diverged" not in told  # it was told before the restart
        market_reaches(console.world)
        (await settled(console, 1)).must_be_clean("owners")
        for order in console.engine.book:
            assert order.state is State.FILLED
            assert order.filled == order.ordered
            assert not console.engine.lanes[order.intent.account_id].status.halted
        assert {account: words(copy_of(console, account)) for account in (F1, F2)} == before
        orders = console.engine.book
        assert orders.filled_by_trades(F1) == orders.filled_by_orders(F1)

    with world(3) as made:
        made.live(trade)
        made.live(fill)


def test_a_new_price_and_a_cancel_are_seen_and_stay_over_a_restart() -> None:
    async def trade(console: Console) -> None:
        await copied(console)
        sent = copy_of(console, F1).intent.terms
        assert sent.price is not None
        dearer = sent.price + 20 * sent.instrument.tick
        owner, number = owner_of(console, F1)
        assert owner.change(number, price=str(dearer))
        owner, number = owner_of(console, F2)
        assert owner.cancel(number)
        await console.world.clock.sleep(40)
        assert words(copy_of(console, F1)) == f"price {sent.price} → {dearer}"
        assert copy_of(console, F1).state is State.WORKING
        assert words(copy_of(console, F2)) == "cancelled at the broker"
        assert copy_of(console, F2).state is State.CANCELLED

    async def look(console: Console) -> None:
        told = alarms_of(console)
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert words(copy_of(console, F1)).startswith("price")
        assert words(copy_of(console, F2)) == "cancelled at the broker"
        assert "diverged" not in told

    with world(3) as made:
        made.live(trade)
        made.live(look)


def test_what_was_changed_while_the_program_was_down_is_seen_at_the_start() -> None:
    async def trade(console: Console) -> None:
        await copied(console)

    async def look(console: Console) -> None:
        told = alarms_of(console)
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert words(copy_of(console, F1)).startswith("quantity")
        assert words(copy_of(console, F2)) == "cancelled at the broker"
        assert told.count("diverged") == 2

    with world(3) as made:
        made.live(trade)
        Owner(made, F1).change(Owner(made, F1).orders()[0], quantity="3")
        Owner(made, F2).cancel(Owner(made, F2).orders()[0])
        made.time.now_ns += 3_000_000_000
        made.live(look)


def test_stale_and_shuffled_books_do_not_turn_a_change_about() -> None:
    async def trade(console: Console) -> None:
        made = console.world
        await copied(console)
        told = alarms_of(console)
        owner, number = owner_of(console, F1)
        assert owner.change(number, quantity="9")
        await made.clock.sleep(40)
        assert owner.change(number, quantity="12")
        await made.clock.sleep(40)
        sent = copy_of(console, F1).intent.terms.quantity
        made.broker.add_fault(
            Fault(action="book_stale", call="orders", seconds=60, probability=0.5)
        )
        made.broker.add_fault(Fault(action="book_shuffle", call="orders", probability=0.5))
        for _ in range(40):
            for account in made.accounts:
                await console.engine.read_books(account.account_id)
            assert words(copy_of(console, F1)) == f"quantity {sent} → 12"
        assert told == ["diverged", "diverged"]
        assert {words(copy_of(console, account)) for account in (F2, made.master)} == {""}

    with world(3) as made:
        made.live(trade)


@pytest.mark.parametrize("by", ["person", "plan", "kill"])
def test_a_person_and_a_kill_still_cancel_it(by: str) -> None:
    async def trade(console: Console) -> None:
        await copied(console)
        owner, number = owner_of(console, F1)
        assert owner.change(number, quantity="9")
        await console.world.clock.sleep(40)
        order = copy_of(console, F1)
        assert words(order)
        if by == "person":
            console.engine.cancel([order.intent.intent_id], "Cancelled by the operator.")
        elif by == "plan":
            console.engine.cancel_plan(order.intent.plan_id, "Cancelled by the operator.")
        else:
            await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        await console.world.clock.sleep(40)
        assert order.state is State.CANCELLED
        assert words(order).startswith("quantity")
        assert "cancelled" not in words(order)  # that was us

    with world(3) as made:
        made.live(trade)


def test_the_program_does_not_cancel_it_along_with_the_masters_order() -> None:
    async def trade(console: Console) -> None:
        await copied(console)
        owner, number = owner_of(console, F1)
        assert owner.change(number, quantity="9")
        await console.world.clock.sleep(40)
        told = alarms_of(console)
        master, number = owner_of(console, console.world.master)
        assert master.cancel(number)
        await console.world.clock.sleep(40)
        assert copy_of(console, F1).state is State.WORKING
        assert copy_of(console, F2).state is State.CANCELLED
        assert words(copy_of(console, F2)) == ""
        assert sorted(told) == ["diverged", "not_followed"]

    with world(3) as made:
        made.live(trade)


def test_a_text_of_the_broker_that_says_cancelled_is_not_called_the_owners_doing() -> None:
    async def trade(console: Console) -> None:
        made = console.world
        sentences: list[str] = []
        console.engine.bus.subscribe(
            lambda event: sentences.append(event.sentence) if isinstance(event, Alarm) else None
        )
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="status", text="cancelled", accounts=[client]))
        await copied(console)
        assert copy_of(console, F1).state is State.CANCELLED
        (sentence,) = sentences
        assert "cancelled at the broker, not by us" in sentence

    with world(3) as made:
        made.live(trade)
