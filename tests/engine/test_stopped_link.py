"""What becomes of a link's open copies when it is paused or frozen: no change, cancels as asked.

The simulator's orders are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.open_orders import Goes, OpenCopies
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.domain.trading_state import TradingState
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_fill_copy import NEAR, Place, at_broker, begins, here
from tests.engine.test_link_removed import live
from tests.engine.test_links import M, change
from tests.engine.test_master_elsewhere import owner
from tests.engine.test_resting_entries import alarms
from tests.proof.rig import Console
from tests.services.rig import Services

BUY, SELL = Side.BUY, Side.SELL
STOPS = pytest.mark.parametrize("state", [LinkState.PAUSED, LinkState.FROZEN])


def works(console: Console, number: int) -> list[tuple[str, int]]:
    """Side and quantity of what works in an account at the broker."""
    console.world.broker.advance()
    orders = console.world.broker.accounts[number].orders.values()
    working = [one.terms for one in orders if one.live]
    return sorted(("BUY" if one.buy else "SELL", one.quantity) for one in working)


@STOPS
@pytest.mark.parametrize("place", [here, at_broker])
def test_copies_of_a_stopped_link_follow_no_change_and_go_with_his_cancel(
    place: Place, state: LinkState
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        his = await place(console, BUY, 10)
        before = works(console, 1)
        change(console, state=state)
        told = alarms(console)
        terms = ticket(made, BUY, 4, 2 * NEAR)
        if place is here:
            (lead,) = [one for one in console.engine.book if one.intent.account_id == M]
            await console.engine.modify(lead.intent.intent_id, terms)
        else:
            owner(made).modify(his.order_id, {"price": str(terms.price), "quantity": "4"})
        await made.clock.sleep(10)
        assert works(console, 1) == before
        assert works(console, 2) == [("BUY", 8)]
        (sentence,) = told["not_changed"]
        assert F1 in sentence
        assert F2 not in sentence
        owner(made).cancel(his.order_id)
        await made.clock.sleep(10)
        assert works(console, 1) == works(console, 2) == []

    live(script)


@STOPS
def test_a_change_that_waits_does_not_leave_once_the_link_is_stopped(state: LinkState) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begins(console)
        his = await at_broker(console, BUY, 10)
        before = works(console, 1)
        await engine.stop_trading(TradingState.HALT, "operator", "to look")
        owner(made).modify(his.order_id, {"quantity": "4"})
        await made.clock.sleep(5)
        told = alarms(console)
        change(console, state=state)
        await engine.resume("operator", "Looked.")
        await made.clock.sleep(10)
        assert works(console, 1) == before
        assert works(console, 2) == [("BUY", 8)]
        (sentence,) = told["not_changed"]
        assert sentence.startswith(f"{F1}: 1 of its copies")

    live(script)


@STOPS
@pytest.mark.parametrize("goes", list(Goes))
def test_what_is_open_stays_or_goes_as_it_is_chosen_and_nobody_elses(
    state: LinkState, goes: Goes
) -> None:
    async def script(console: Console) -> None:
        made, trading = console.world, Services(console).trading
        await begins(console)
        await press(console, ticket(made, BUY, 10))
        for side in (SELL, BUY):
            command = CommandId(f"resting {side}")
            terms = ticket(made, side, 10, 3 * NEAR)
            await console.engine.submit(M, terms, FanOut.WITH_MASTER, command)
            await made.clock.sleep(3)
        both = [("BUY", 5), ("SELL", 5)]
        assert works(console, 1) == both
        assert await trading.open_copies(M, [F1]) == OpenCopies(entries=1, exits=1)
        change(console, state=state)
        answer = await trading.cancel_copies(M, [F1], goes, CommandId("goes"))
        await trading.cancel_copies(M, [F1], goes, CommandId("goes"))
        await made.clock.sleep(5)
        left = {Goes.NOTHING: both, Goes.ENTRIES: [("SELL", 5)], Goes.EVERYTHING: []}[goes]
        assert works(console, 1) == left
        assert answer.requests == 2 - len(left)
        assert works(console, 2) == [("BUY", 20), ("SELL", 20)]
        assert works(console, 0) == [("BUY", 10), ("SELL", 10)]

    live(script)
