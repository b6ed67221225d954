"""An exit never opens: who holds no copied quantity gets nothing when the master reduces.

The simulator's positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side, State
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.planner import share_out
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import holds_from_yesterday, trades_himself
from tests.engine.test_leaving import begin
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, World, world

BUY, SELL = Side.BUY, Side.SELL
F1, F2 = AccountId("F001"), AccountId("F002")
DAY_NS = 24 * 3_600 * 1_000_000_000


def position(made: World, number: int, product: str = "INTRADAY") -> int:
    """What the broker says the account holds in the first instrument."""
    key = made.instruments[0].key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    there = made.broker.accounts[number].positions.get((*found.key, product))
    return 0 if there is None else there.net


def ticket(
    made: World,
    side: Side,
    quantity: int = 10,
    away: int = -60,
    product: Product = Product.INTRADAY,
) -> OrderTerms:
    """An order that fills at once, or rests where ``away`` is positive."""
    return replace(made.terms(side=side, quantity=quantity, away=away), product=product)


async def press(
    console: Console,
    terms: OrderTerms,
    fan_out: FanOut = FanOut.WITH_MASTER,
    *,
    wait_s: float = 5,
) -> dict[AccountId, Order]:
    """Place it; every follower's order by account."""
    engine, master = console.engine, console.world.master
    command = CommandId(f"press at {console.world.time.now_ns}")
    placed = await engine.submit(master, terms, fan_out, command)
    await console.world.clock.sleep(wait_s)
    orders = engine.book.of_plan(placed.plan.plan_id)
    return {one.intent.account_id: one for one in orders if one.intent.role is Role.FOLLOWER}


def shown(console: Console, terms: OrderTerms) -> dict[AccountId, tuple[int, str]]:
    """What the ticket's preview says each follower would get."""
    clearing, master = console.engine.clearing, console.world.master
    followers = console.engine.lanes.followers_of(master)
    shares = share_out(
        terms,
        [lane.facts for lane in followers],
        console.engine.quotes.fresh_price(terms.instrument.key),
        clearing.cover(master, terms, followers, clearing.checks.moment(terms.instrument)),
    )
    return {one.account.account_id: (one.sized.quantity, one.sized.code) for one in shares}


def switch(console: Console, account: AccountId, *, on: bool) -> None:
    console.engine.put_account(replace(console.world.account(account), active=on))


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_a_follower_who_was_off_when_the_master_entered_gets_nothing_of_his_exit(
    side: Side, fan_out: FanOut
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, side), fan_out)
        switch(console, F1, on=True)
        sell = ticket(made, side.opposite)
        before = shown(console, sell)
        orders = await press(console, sell, fan_out)
        assert before[F1] == (0, "no_copy_to_exit")
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_copy_to_exit")
        assert "no copied quantity" in orders[F1].reason
        assert orders[F2].state is State.FILLED
        assert before[F2] == (orders[F2].intent.terms.quantity, "")
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 2)).must_be_clean("an exit")

    with world(2) as made:
        made.live(script)


def test_a_master_without_a_position_enters_short_and_everybody_follows() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, SELL))
        assert [position(made, number) for number in range(3)] == [-10, -5, -20]
        await press(console, ticket(made, BUY))
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_two_exits_in_a_row_never_overshoot_what_was_copied() -> None:
    """The second is pressed while the first still waits at the exchange."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY))
        first = await press(console, ticket(made, SELL, away=60), wait_s=2)
        assert {one.state for one in first.values()} == {State.WORKING}
        second = await press(console, ticket(made, SELL))
        assert {one.code for one in second.values()} == {"no_copy_to_exit"}
        assert "cancel it first" in second[F1].reason
        console.engine.cancel([one.intent.intent_id for one in first.values()], "operator")
        await made.clock.sleep(5)
        trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
        await made.clock.sleep(15)
        await press(console, ticket(made, SELL))
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_an_exit_is_cut_to_what_the_copy_holds_and_the_preview_says_so() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 4))
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 6))
        switch(console, F1, on=True)
        sell = ticket(made, SELL, 10)
        assert shown(console, sell) == {F1: (2, "cut_to_copy"), F2: (20, "")}
        await press(console, sell)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("fan_out", list(FanOut))
def test_a_reversal_is_an_exit_for_who_holds_and_an_entry_for_all(fan_out: FanOut) -> None:
    """Sold twice what he had: who was away gets the entry alone."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 10), fan_out)
        switch(console, F1, on=True)
        sell = ticket(made, SELL, 20)
        assert shown(console, sell) == {F1: (5, "cut_to_copy"), F2: (40, "")}
        await press(console, sell, fan_out)
        assert [position(made, number) for number in range(3)] == [-10, -5, -20]

    with world(2) as made:
        made.live(script)


def test_what_the_master_bought_by_phone_is_an_exit_too() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
        await made.clock.sleep(15)
        orders = await press(console, ticket(made, SELL))
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_what_the_master_carried_in_is_an_exit_too() -> None:
    async def script(console: Console) -> None:
        made = console.world
        holds_from_yesterday(made, made.accounts[0], ticket(made, BUY), 10)
        await begin(console)
        sell = ticket(made, SELL, product=Product.NORMAL)
        orders = await press(console, sell)
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        assert [position(made, number, "NORMAL") for number in range(3)] == [0, 0, 0]
        intraday = await press(console, ticket(made, SELL))
        assert {one.code for one in intraday.values()} == {""}, "another product is another matter"

    with world(2) as made:
        made.live(script)


def test_as_long_as_the_masters_positions_cannot_be_read_nobody_opens() -> None:
    async def script(console: Console) -> None:
        made = console.world
        made.broker.add_fault(
            Fault(action="answer", call="positions", http_status=503, form="html")
        )
        await begin(console)
        preview = shown(console, ticket(made, BUY))
        assert preview == {F1: (5, "awaits_copy"), F2: (20, "awaits_copy")}
        orders = await press(console, ticket(made, BUY), wait_s=65)
        assert {one.state for one in orders.values()} == {State.STALE}
        orders = await press(console, ticket(made, BUY), wait_s=1)
        made.broker.clear_faults()
        await made.clock.sleep(8)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [20, 5, 20]

    with world(2) as made:
        made.live(script)


def test_an_exit_pressed_before_the_positions_were_read_is_known_for_one_afterwards() -> None:
    """His own exit is in the positions by then; what he had before it is what counts."""

    async def script(console: Console) -> None:
        made = console.world
        trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
        made.broker.add_fault(
            Fault(action="answer", call="positions", http_status=503, form="html")
        )
        await begin(console)
        orders = await press(console, ticket(made, SELL), wait_s=4)
        made.broker.clear_faults()
        await made.clock.sleep(5)
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_out_and_short_at_once_takes_everybody_along() -> None:
    """Round trips in one second each: no figure of the broker is awaited longer than a read."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        for side in (BUY, SELL, SELL, BUY, BUY, SELL):
            await press(console, ticket(made, side), wait_s=1.3)
        await made.clock.sleep(10)
        assert {order.state for order in console.engine.book} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_shares_sold_for_delivery_are_an_exit_whatever_the_positions_say() -> None:
    """He sells what he has held for long: no book of the day shows it, and nobody is sold short."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        orders = await press(console, ticket(made, SELL, product=Product.DELIVERY))
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        bought = await press(console, ticket(made, BUY, product=Product.DELIVERY))
        assert {one.state for one in bought.values()} == {State.FILLED}
        await press(console, ticket(made, SELL, product=Product.DELIVERY))
        assert [position(made, number, "DELIVERY") for number in (1, 2)] == [0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("fan_out", list(FanOut))
def test_an_exit_right_behind_its_entry_waits_until_the_entrys_fills_are_known(
    fan_out: FanOut,
) -> None:
    """One follower's entry is acknowledged and then rejected: his exit must not open."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        made.broker.add_fault(
            Fault(action="reject", text="RMS:Margin exceeds", accounts=[made.accounts[1].client_id])
        )
        await press(console, ticket(made, BUY), fan_out, wait_s=0.7)
        made.broker.clear_faults()
        sell = ticket(made, SELL)
        assert shown(console, sell)[F2] == (20, "awaits_copy")
        orders = await press(console, sell, fan_out, wait_s=6)
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_copy_to_exit")
        assert orders[F2].state is State.FILLED
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 2)).must_be_clean("an exit behind its entry")

    with world(2) as made:
        made.live(script)


def test_an_exit_whose_copy_is_never_heard_of_grows_too_old() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        made.broker.add_fault(
            Fault(
                action="book_failed", call="orders", accounts=[made.accounts[1].client_id],
            )
        )  # fmt: skip
        await press(console, ticket(made, BUY))
        orders = await press(console, ticket(made, SELL), wait_s=70)
        assert orders[F1].state is State.STALE
        assert orders[F2].state is State.FILLED
        assert [position(made, number) for number in range(3)] == [0, 5, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("product", [Product.NORMAL, Product.DELIVERY, Product.INTRADAY])
def test_copies_are_remembered_over_days_but_not_what_is_squared_off(product: Product) -> None:
    async def monday(console: Console) -> None:
        await begin(console)
        switch(console, F2, on=False)
        await press(console, ticket(console.world, BUY, product=product))

    async def tuesday(console: Console) -> None:
        made = console.world
        await begin(console)
        await console.engine.resume("operator", "a new day")
        before = [position(made, number, product) for number in range(3)]
        holds_on = product is not Product.INTRADAY
        sell = ticket(made, SELL, product=product)
        if holds_on:
            assert shown(console, sell) == {F1: (5, ""), F2: (0, "no_copy_to_exit")}
        else:
            trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
            await made.clock.sleep(15)
            assert {code for _, code in shown(console, sell).values()} == {"no_copy_to_exit"}
        await press(console, sell)
        after = [position(made, number, product) for number in range(3)]
        assert after[2] == before[2]

    with world(2) as made:
        made.live(monday)
        made.time.now_ns += DAY_NS
        made.live(tuesday)


def test_after_a_crash_the_copies_of_the_day_are_known_again() -> None:
    async def morning(console: Console) -> None:
        await begin(console)
        switch(console, F1, on=False)
        await press(console, ticket(console.world, BUY))
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        made = console.world
        await begin(console)
        await made.clock.sleep(30)
        await console.engine.resume("operator", "looked")
        await press(console, ticket(made, SELL))
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(morning)
        made.live(again)


def test_what_changed_between_preview_and_press_is_asked_again() -> None:
    """The copy was closed by another plan after the ticket had been shown."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        await press(console, ticket(made, BUY))
        sell, command = ticket(made, SELL), CommandId("shown early")
        assert all(quantity for quantity, _ in shown(console, sell).values())
        await press(console, ticket(made, SELL))
        trades_himself(made, made.accounts[0], ticket(made, BUY), 10)
        await made.clock.sleep(15)
        placed = await engine.submit(made.master, sell, FanOut.WITH_MASTER, command)
        _, *copies = engine.book.of_plan(placed.plan.plan_id)
        assert {one.code for one in copies} == {"no_copy_to_exit"}
        await made.clock.sleep(5)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)
