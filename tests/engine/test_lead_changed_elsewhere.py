"""A master changes his console's order on the broker's own page: its copies follow it.

The simulator's book is the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.simulator.config import Switches
from tests.engine.test_changes_only_exits import resting
from tests.engine.test_diverged import Copy, with_a_copy
from tests.engine.test_exits import ticket
from tests.engine.test_master_elsewhere import owner
from tests.engine.test_modify import alarms
from tests.proof.owner import Owner
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
F1 = AccountId("F001")
QUIET = Switches(latency_ms=20, jitter_ms=0)


async def placed(
    console: Console, side: Side = BUY, away: int = 200, fan_out: FanOut = FanOut.ON_MASTER_WORKING
) -> Order:
    """His order of 10 from the ticket, which rests, as do the copies."""
    made = console.world
    terms = ticket(made, side, 10, away=away)
    put = await console.engine.submit(made.master, terms, fan_out, CommandId(f"one {side} {away}"))
    await made.clock.sleep(15)
    (lead,) = console.engine.book.leads_of(put.plan.plan_id)
    return lead


async def opened(console: Console) -> World:
    made = console.world
    console.log_all_in()
    await made.clock.sleep(5)
    console.see_price()
    return made


async def changed(made: World, order: Order, **fields: str) -> None:
    """On the broker's own page."""
    assert order.broker_order_id is not None
    owner(made).modify(order.broker_order_id, fields)
    await made.clock.sleep(15)


def plans_of(console: Console) -> int:
    return len(console.engine.book.plans)


@pytest.mark.parametrize(
    ("fields", "quantities", "moved"),
    [
        ({"price": "1400"}, [5, 20], Decimal(1_400)),
        ({"quantity": "6"}, [3, 12], None),
        ({"quantity": "6", "price": "1400"}, [3, 12], Decimal(1_400)),
        ({"quantity": "20"}, [10, 40], None),
    ],
)
def test_copies_become_what_he_made_of_it(
    fields: dict[str, str], quantities: list[int], moved: Decimal | None
) -> None:
    async def script(console: Console) -> None:
        made = await opened(console)
        lead = await placed(console)
        before, said = resting(made), alarms(console)
        await changed(made, lead, **fields)
        assert resting(made) == [(one, moved or before[0][1]) for one in quantities]
        assert [one for one in said if "its copies follow" in one]
        assert plans_of(console) == 1
        await made.clock.sleep(30)  # read again and again
        assert resting(made) == [(one, moved or before[0][1]) for one in quantities]

    with world(2, switches=QUIET) as made:
        made.live(script)


def test_he_changes_it_again_and_back() -> None:
    async def script(console: Console) -> None:
        made = await opened(console)
        lead = await placed(console)
        before = resting(made)
        await changed(made, lead, price="1400", quantity="6")
        await changed(made, lead, price="1390", quantity="12")
        assert resting(made) == [(6, Decimal(1_390)), (24, Decimal(1_390))]
        await changed(made, lead, price=str(before[0][1]), quantity="10")
        assert resting(made) == before

    with world(2, switches=QUIET) as made:
        made.live(script)


def test_what_he_changes_while_the_program_is_down_is_named_and_followed_by_nobody() -> None:
    async def trade(console: Console) -> None:
        made = await opened(console)
        lead = await placed(console)
        assert lead.broker_order_id is not None
        numbers.append(lead.broker_order_id)
        before.extend(resting(made))

    async def after(console: Console) -> None:
        made, said = console.world, alarms(console)
        owner(made).modify(numbers[0], {"price": "1400"})
        await made.clock.sleep(3)  # nobody is logged in; then it is at the exchange
        console.log_all_in()
        await made.clock.sleep(20)
        assert resting(made) == before
        assert [one for one in said if "its copies were not changed with it" in one]
        console.see_price()
        owner(made).modify(numbers[0], {"price": "1390"})
        await made.clock.sleep(15)
        assert resting(made) == [(units, Decimal(1_390)) for units, _ in before]

    numbers: list[str] = []
    before: list[tuple[int, Decimal]] = []
    with world(2, switches=QUIET) as made:
        made.live(trade)
        made.live(after)


def test_under_a_halt_nothing_is_changed_and_it_is_told() -> None:
    async def script(console: Console) -> None:
        made = await opened(console)
        lead = await placed(console)
        before, said = resting(made), alarms(console)
        await console.engine.stop_trading(TradingState.HALT, "operator", "Looking.")
        await changed(made, lead, price="1400")
        assert resting(made) == before
        assert [one for one in said if "stood as they were" in one or "stand as they were" in one]

    with world(2, switches=QUIET) as made:
        made.live(script)


def test_a_copy_that_its_owner_changed_stays_his() -> None:
    async def script(console: Console) -> None:
        made = await opened(console)
        lead = await placed(console)
        his = Owner(made, F1)
        (number,) = his.orders()
        assert his.change(number, price="1395")
        await made.clock.sleep(10)
        await changed(made, lead, price="1400")
        assert resting(made) == [(5, Decimal(1_395)), (20, Decimal(1_400))]

    with world(2, switches=QUIET) as made:
        made.live(script)


@pytest.mark.parametrize("way", ["exit", "entry"])
def test_an_exit_of_the_ticket_follows_as_well(way: str) -> None:
    async def script(console: Console) -> None:
        made = await opened(console)
        await console.engine.submit(
            made.master, ticket(made, BUY, 10, away=-20), FanOut.WITH_MASTER, CommandId("in")
        )
        await made.clock.sleep(15)
        lead = await placed(console, SELL if way == "exit" else BUY)
        await changed(made, lead, quantity="4")
        wanted = {"exit": [2, 8], "entry": [2, 8]}[way]
        assert [units for units, _ in resting(made)] == wanted

    with world(2, switches=QUIET) as made:
        made.live(script)


@pytest.mark.parametrize(("changed", "followed"), [("quantity", False), ("price", True)])
def test_of_a_masters_commodity_another_quantity_is_followed_by_nobody(
    changed: str, followed: bool
) -> None:
    """Nobody knows whether it is counted in lots or in units."""

    def test(copy: Copy) -> None:
        order = copy.doubt.order
        terms = order.intent.terms
        key = InstrumentKey(Exchange.MCXCOMM, "443")
        commodity = replace(terms, instrument=replace(terms.instrument, key=key, lot_size=100))
        order.intent = msgspec.structs.replace(order.intent, terms=commodity)
        order.is_copy = False
        assert terms.price is not None
        if changed == "quantity":
            copy.shows(quantity=copy.sent + 3)
        else:
            copy.shows(price=terms.price + 10)
        (sentence,) = copy.alarms
        assert ("its copies follow" in sentence) is followed
        assert ("its copies were not changed with it" in sentence) is not followed

    with_a_copy(test)
